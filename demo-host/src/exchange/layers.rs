//! Layers of a trained model as files for the firmware.

use std::path::Path;

use anyhow::{Result, bail};
use burn::nn::Linear;

use super::write_parameters;
use crate::models::{Mlp, Model, core_parameters};

/// Writes the head, which `LinearHead::from_le_bytes` reads.
///
/// # Errors
/// If the file cannot be written.
pub fn write_head(model: &Model, path: &Path) -> Result<()> {
    layer(model.head(), path)
}

/// Writes the hidden layer of the MLP, in the same form.
///
/// # Errors
/// If the model has more than one hidden layer, or the file cannot be written.
pub fn write_hidden(model: &Model, path: &Path) -> Result<()> {
    match model {
        Model::Mlp(Mlp { hidden, .. }) if hidden.len() == 1 => layer(&hidden[0], path),
        _ => bail!("--hidden exports the one hidden layer of an mlp, but the checkpoint holds another model"),
    }
}

fn layer(layer: &Linear, path: &Path) -> Result<()> {
    write_parameters(&core_parameters(layer), path)
}
