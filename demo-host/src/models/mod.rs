//! Architectures. Each ends in a linear head and gives the features that the head works on, so that the head can be taken out and run
//! by the core. The small MLP is there in the core's own arithmetic; all, it among them, are there by burn.

mod core_mlp;
#[cfg(feature = "burn")]
mod full;
mod name;

pub use core_mlp::CoreMlp;
#[cfg(feature = "burn")]
pub use full::{LeNet5, Mlp, Model, ResidualNetwork, Vgg16, convolve, core_parameters, floats, normalise};
pub use name::{MLP_FEATURES, ModelName};
