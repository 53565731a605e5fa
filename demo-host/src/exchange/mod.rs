//! Heads taken from a trained model, and exchanged with a device. The package `head-files` reads and writes the files of other tools.

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
