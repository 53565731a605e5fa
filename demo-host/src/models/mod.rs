//! Architectures. Each ends in a linear head and exposes the features that the head takes, so that the core can run the
//! head. The core computes the small MLP; burn computes all architectures, including the small MLP.

mod core_mlp;
#[cfg(feature = "burn")]
mod full;
mod name;

pub use core_mlp::CoreMlp;
#[cfg(feature = "burn")]
pub use full::{LeNet5, Mlp, Model, ResidualNetwork, Vgg16, convolve, convolve_and_normalise, core_parameters, floats};
pub use name::{MLP_FEATURES, ModelName};
