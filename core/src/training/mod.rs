//! Training: one body of a step for every head that has a gradient, and how a discriminant learns without one.

mod fixed;
pub mod label;
pub mod learn;
mod linear;
mod mixed;
mod mlp;
mod neighbours;
mod residual;
pub mod sgd;
pub mod state;
pub mod step;
pub mod streaming;
pub mod train;
