//! Heads that come from a trained model or a device, or go there. Files of others are read and written by the package `head-files`.

#[cfg(feature = "burn")]
mod layers;
mod parameters;

use clap::ValueEnum;

#[cfg(feature = "burn")]
pub use layers::layer_of;
pub use parameters::{read_parameters, write_parameters};

/// A layer of a trained model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Layer {
    /// The last
    #[default]
    Head,
    /// The one hidden layer of an mlp
    Hidden,
}
