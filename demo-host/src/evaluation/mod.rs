//! The measures of a model: the quality of its predictions, read out and measured by the core, and the behaviour of its classes, loss and
//! training.

mod calibrators;
mod measures;

pub use calibrators::{fit_coefficient, fit_temperature};
pub use measures::{Curriculum, Distances, Smoothness};

use anyhow::{Context, Result};
use gradient_decay::calibration::{Bin, Summary};
use gradient_decay::{Calibration, GradientDecay};
use serde::{Deserialize, Serialize};
use simulation::adaptation::BINS;

/// The bins of the calibration errors that are comparable with the paper's.
pub const FEW_BINS: usize = 10;

/// The outputs of a model for the images of a split.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The features that the head takes, image after image.
    pub features: Vec<f32>,
    /// The logits, image after image.
    pub logits: Vec<f32>,
    /// The number of classes.
    pub classes: usize,
}

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
    /// Expected calibration error over 10 bins, in [0, 1].
    pub ece10: f32,
    /// Maximum calibration error over 10 bins, in [0, 1].
    pub mce10: f32,
    /// Mean confidence minus accuracy, in [-1, 1]; above 0 is overconfident.
    pub gap: f32,
}

/// Metrics with the reliability diagram behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The figures of merit.
    pub metrics: Metrics,
    /// The bars of the reliability diagram over 15 bins, from low confidence to high.
    pub bins: Vec<Option<Bar>>,
}

/// A bar of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// The samples in the bin.
    pub count: u32,
    /// Their mean confidence.
    pub confidence: f32,
    /// The share of them that were predicted right.
    pub accuracy: f32,
}

/// The probabilities that are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReadOut {
    /// The softmax of the logits.
    Softmax,
    /// The probabilities that gradient decay with this beta is consistent with.
    Consistent(f32),
    /// The softmax of the logits divided by this temperature.
    Temperature(f32),
}

impl Outputs {
    /// The logits of each image.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.logits.chunks_exact(self.classes.max(1))
    }

    /// Measures the logits against labels.
    ///
    /// # Errors
    /// If a logit is NaN or infinite, which means that training has diverged, or there is no image.
    pub fn evaluate(&self, labels: &[usize], read_out: ReadOut) -> Result<Evaluation> {
        let mut calibration: Calibration<BINS> = Calibration::new();
        let mut few_bins: Calibration<FEW_BINS> = Calibration::new();
        let mut probabilities = vec![0.0; self.classes];
        for (row, &label) in self.rows().zip(labels) {
            read_out.probabilities(row, &mut probabilities)?;
            calibration.record(&probabilities, label)?;
            few_bins.record(&probabilities, label)?;
        }
        let summary = calibration.summary().context("there is nothing to measure on")?;
        let few = few_bins.summary().context("there is nothing to measure on")?;
        let Summary { accuracy, confidence, nll, brier, ece, mce, .. } = summary;
        let metrics =
            Metrics { accuracy, nll, brier, ece, mce, ece10: few.ece, mce10: few.mce, gap: confidence - accuracy };
        Ok(Evaluation { metrics, bins: calibration.bins().map(|bin| bin.map(Bar::from)).collect() })
    }
}

impl ReadOut {
    /// The probabilities of one row of logits.
    ///
    /// # Errors
    /// If a logit is NaN or infinite.
    pub fn probabilities(self, logits: &[f32], probabilities: &mut [f32]) -> Result<()> {
        let softmax = GradientDecay::new(1.0);
        match self {
            ReadOut::Softmax => softmax.probabilities(logits, probabilities)?,
            ReadOut::Consistent(beta) => {
                GradientDecay::try_new(beta)?.consistent_probabilities(logits, probabilities)?;
            }
            ReadOut::Temperature(temperature) => {
                let logits: Vec<f32> = logits.iter().map(|logit| logit / temperature).collect();
                softmax.probabilities(&logits, probabilities)?;
            }
        }
        Ok(())
    }
}

impl From<Bin> for Bar {
    fn from(bin: Bin) -> Self {
        Bar { count: bin.count, confidence: bin.confidence, accuracy: bin.accuracy }
    }
}
