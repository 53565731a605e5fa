//! Heads, which map features to logits.

mod constant;
pub mod discriminant;
pub mod fixed;
mod fixed_storage;
pub mod head;
pub mod linear;
pub mod mixed;
pub mod mlp;
pub mod neighbours;
pub mod number;
pub mod prediction;
pub mod quantized;
pub mod residual;
pub(crate) mod stacking;
pub mod statistics;
pub mod storage;
pub mod view;
