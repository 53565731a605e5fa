//! Layers of a trained model.

use anyhow::{Result, bail};
use head_files::Head;

use super::Layer;
use crate::models::{Mlp, Model, core_parameters};

/// A layer of a model as the core has it.
///
/// # Errors
/// If the hidden layer is asked for and the model does not have exactly one; or if a parameter is not finite.
pub fn layer_of(model: &Model, layer: Layer) -> Result<Head> {
    let layer = match (layer, model) {
        (Layer::Head, _) => model.head(),
        (Layer::Hidden, Model::Mlp(Mlp { hidden, .. })) if hidden.len() == 1 => &hidden[0],
        _ => bail!("--layer hidden is the one hidden layer of an mlp, but the checkpoint holds another model"),
    };
    let outputs = layer.weight.val().dims()[1];
    Head::from_parameters(&core_parameters(layer), outputs)
}
