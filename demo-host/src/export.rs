//! Layers of a trained model as files for the firmware: little-endian f32, the weights row by row, then the biases.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use burn::nn::Linear;

use crate::files;
use crate::models::{Mlp, Model, core_parameters};

/// Writes the head, which `LinearHead::from_le_bytes` reads.
///
/// # Errors
/// If the file cannot be written.
pub fn head(model: &Model, path: &Path) -> Result<()> {
    layer(model.head(), path)
}

/// Writes the hidden layer of the MLP, in the same form.
///
/// # Errors
/// If the model has more than one hidden layer, or the file cannot be written.
pub fn hidden(model: &Model, path: &Path) -> Result<()> {
    match model {
        Model::Mlp(Mlp { hidden, .. }) if hidden.len() == 1 => layer(&hidden[0], path),
        _ => bail!("--hidden exports the one hidden layer of an mlp, but the checkpoint holds another model"),
    }
}

fn layer(layer: &Linear, path: &Path) -> Result<()> {
    parameters(&core_parameters(layer), path)
}

/// Writes the parameters of a layer, in the same form.
///
/// # Errors
/// If the file cannot be written.
pub fn parameters(parameters: &[f32], path: &Path) -> Result<()> {
    let bytes: Vec<u8> = parameters.iter().flat_map(|parameter| parameter.to_le_bytes()).collect();
    files::write_whole(path, &bytes)
}

/// Reads the parameters of a layer from such a file.
///
/// # Errors
/// If the file cannot be read, or holds no whole number of f32, or one that is NaN or infinite.
pub fn read(path: &Path) -> Result<Vec<f32>> {
    let bytes = files::read(path)?;
    let (chunks, rest) = bytes.as_chunks::<4>();
    let parameters: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    ensure!(
        rest.is_empty() && !parameters.is_empty() && parameters.iter().all(|parameter| parameter.is_finite()),
        "{} does not hold the parameters of a layer, finite f32 of four bytes each: `export` writes such files",
        path.display()
    );
    Ok(parameters)
}
