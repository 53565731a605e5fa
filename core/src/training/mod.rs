//! Training: one body of a step, for every head that has a gradient.

mod fixed;
pub mod label;
mod linear;
mod mlp;
pub mod sgd;
pub mod state;
pub mod step;
pub mod train;
