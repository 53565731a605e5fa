//! Everything that determines a training run.

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use gradient_decay::BetaSchedule;
use serde::{Deserialize, Serialize};

use crate::data::DatasetName;
use crate::models::ModelName;

/// Everything that determines a training run: the same settings give the same parameters on the same machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What it is trained on.
    pub dataset: DatasetName,
    /// What is trained.
    pub model: ModelName,
    /// Beta, after the warm-up if there is one.
    pub beta: f32,
    /// How beta gets there.
    pub warm_up: Option<WarmUp>,
    /// Passes over the training data.
    pub epochs: u32,
    /// Images of a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    /// The learning rate at the start; it falls to 0 over the run along half a cosine.
    pub learning_rate: f64,
    /// Momentum of SGD, without dampening.
    pub momentum: f64,
    /// Weight decay of SGD.
    pub weight_decay: f32,
    /// Seeds the initial parameters and the order of the samples.
    pub seed: u64,
}

/// A warm-up of beta.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarmUp {
    /// Beta at the first step.
    pub start: f32,
    /// The epochs after which beta has its final value.
    pub epochs: u32,
    /// How beta rises.
    pub shape: WarmUpShape,
}

/// The shape of a warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum WarmUpShape {
    /// By equal increments.
    Linear,
    /// By equal factors.
    Geometric,
}

impl Settings {
    /// The defaults for a model on a data set, with plain cross-entropy.
    pub fn new(dataset: DatasetName, model: ModelName) -> Self {
        let (epochs, batch_size, learning_rate) = match dataset {
            DatasetName::Digits => (60, 32, 0.05),
            DatasetName::Mnist => (10, 64, 0.05),
        };
        Settings {
            dataset,
            model,
            beta: 1.0,
            warm_up: None,
            epochs,
            batch_size,
            learning_rate,
            momentum: 0.9,
            weight_decay: 1e-4,
            seed: 1,
        }
    }

    /// Refuses settings that cannot be trained with.
    ///
    /// # Errors
    /// A sentence that names the flag and its range.
    pub fn check(&self) -> Result<()> {
        ensure!((1..=10_000).contains(&self.epochs), "--epochs is {}, but must be from 1 to 10000", self.epochs);
        ensure!(
            (1..=100_000).contains(&self.batch_size),
            "--batch-size is {}, but must be from 1 to 100000",
            self.batch_size
        );
        ensure!(
            self.learning_rate > 0.0 && self.learning_rate <= 100.0,
            "--learning-rate is {}, but must be in (0, 100]",
            self.learning_rate
        );
        ensure!((0.0..1.0).contains(&self.momentum), "--momentum is {}, but must be in [0, 1)", self.momentum);
        ensure!(
            (0.0..=1.0).contains(&self.weight_decay),
            "--weight-decay is {}, but must be in [0, 1]",
            self.weight_decay
        );
        self.schedule(1).map(|_| ())
    }

    /// Beta as a function of the step.
    ///
    /// # Errors
    /// If a beta is out of range.
    pub fn schedule(&self, steps_per_epoch: usize) -> Result<BetaSchedule> {
        let Some(WarmUp { start, epochs, shape }) = self.warm_up else {
            return BetaSchedule::try_constant(self.beta).context("--beta cannot be used");
        };
        let steps = epochs.saturating_mul(u32::try_from(steps_per_epoch).unwrap_or(u32::MAX));
        BetaSchedule::try_constant(self.beta).context("--beta cannot be used")?;
        match shape {
            WarmUpShape::Linear => BetaSchedule::try_linear(start, self.beta, steps),
            WarmUpShape::Geometric => BetaSchedule::try_geometric(start, self.beta, steps),
        }
        .context("--warmup cannot be used")
    }

    /// The learning rate at a step of so many: half a cosine from the start's to 0.
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        let progress = step as f64 / steps as f64;
        0.5 * self.learning_rate * (1.0 + (std::f64::consts::PI * progress).cos())
    }

    /// Beta and its warm-up in a few characters.
    pub fn beta_label(&self) -> String {
        match self.warm_up {
            Some(warm_up) => format!("{} -> {}", warm_up.start, self.beta),
            None => self.beta.to_string(),
        }
    }
}
