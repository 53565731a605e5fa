//! How good a model's predictions are, read out and measured by the core.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use gradient_decay::calibration::{Bin, Summary};
use gradient_decay::{Calibration, GradientDecay};
use serde::{Deserialize, Serialize};

use crate::data::Split;
use crate::models::{CLASSES, Model, floats};

/// The bins of every calibration error that this program reports.
pub const BINS: usize = 15;

/// Images of a forward pass.
const BATCH: usize = 500;

/// The figures of merit of a model on a split, for one read-out of the probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Top-1 accuracy, in [0, 1].
    pub accuracy: f32,
    /// Negative log-likelihood, in nats.
    pub nll: f32,
    /// Brier score, in [0, 2].
    pub brier: f32,
    /// Expected calibration error over 15 bins, in [0, 1].
    pub ece: f32,
    /// Maximum calibration error over 15 bins, in [0, 1].
    pub mce: f32,
    /// Mean confidence less accuracy, in [-1, 1]; above 0 is overconfident.
    pub gap: f32,
}

/// Metrics with the reliability diagram behind them.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The figures of merit.
    pub metrics: Metrics,
    /// The bars of the reliability diagram, from low confidence to high.
    pub bins: Vec<Option<Bin>>,
}

/// Which probabilities are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOut {
    /// The softmax of the logits.
    Softmax,
    /// Those that the loss is consistent with.
    Consistent,
}

/// The logits of a model for all images of a split, `CLASSES` an image.
pub fn logits(model: &Model, split: &Split, device: &Device) -> Vec<f32> {
    in_batches(split, device, |images| model.forward(images))
}

/// The features that a model's head sees, for all images of a split.
pub fn features(model: &Model, split: &Split, device: &Device) -> Vec<f32> {
    in_batches(split, device, |images| model.features(images))
}

fn in_batches(split: &Split, device: &Device, forward: impl Fn(Tensor<4>) -> Tensor<2>) -> Vec<f32> {
    let [height, width] = split.size;
    let batches = split.pixels.chunks(BATCH * height * width);
    batches
        .flat_map(|pixels| {
            let shape = [pixels.len() / (height * width), 1, height, width];
            floats(forward(Tensor::from_data(TensorData::new(pixels.to_vec(), shape), device)))
        })
        .collect()
}

/// Measures logits, `CLASSES` a sample, against labels.
///
/// # Errors
/// If a logit is NaN or infinite: the training has diverged.
pub fn evaluate(logits: &[f32], labels: &[usize], loss: &GradientDecay, read_out: ReadOut) -> Result<Evaluation> {
    let mut calibration: Calibration<BINS> = Calibration::new();
    for (row, &label) in logits.chunks_exact(CLASSES).zip(labels) {
        let mut probabilities = [0.0; CLASSES];
        match read_out {
            ReadOut::Softmax => loss.probabilities(row, &mut probabilities)?,
            ReadOut::Consistent => loss.consistent_probabilities(row, &mut probabilities)?,
        }
        calibration.record(&probabilities, label)?;
    }
    let summary = calibration.summary().ok_or_else(|| anyhow::anyhow!("there is nothing to measure on"))?;
    Ok(Evaluation { metrics: summary.into(), bins: calibration.bins().collect() })
}

impl From<Summary> for Metrics {
    fn from(summary: Summary) -> Self {
        let Summary { accuracy, confidence, nll, brier, ece, mce, .. } = summary;
        Metrics { accuracy, nll, brier, ece, mce, gap: confidence - accuracy }
    }
}
