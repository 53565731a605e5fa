//! Everything that determines a training run.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Loss;
use crate::data::DatasetName;
use crate::models::ModelName;

/// The number of training images held out of every data set except the digits.
const HELD_OUT: usize = 5_000;

/// Everything that determines a training run: the same settings give the same parameters on the same machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The data set.
    pub dataset: DatasetName,
    /// The model.
    pub model: ModelName,
    /// The loss.
    pub loss: Loss,
    /// The weight of each class in the loss, one number for each class; all the same without.
    pub class_weights: Option<Vec<f32>>,
    /// The class whose images are left out of the loss.
    pub ignore_index: Option<usize>,
    /// Passes over the training data.
    pub epochs: u32,
    /// The number of images in a step; the last step of an epoch takes the rest.
    pub batch_size: usize,
    /// The learning rate at the start; without milestones it falls to 0 over the run along half a cosine.
    pub learning_rate: f64,
    /// The epochs, in ascending order, after which the learning rate is divided by 10; results from before this setting existed
    /// have none.
    #[serde(default)]
    pub milestones: Vec<u32>,
    /// The norm to which the gradient over all parameters is clipped; no clipping without.
    #[serde(default)]
    pub clip: Option<f32>,
    /// Momentum of SGD, without dampening.
    pub momentum: f64,
    /// Weight decay of SGD.
    pub weight_decay: f32,
    /// Whether training images are padded by 4 pixels and cropped at random, and half of them mirrored.
    pub augment: bool,
    /// The number of training images that are held out, to choose the temperature and the like.
    pub held_out: usize,
    /// Seeds the initial parameters, the order of the samples and the augmentation.
    pub seed: u64,
}

impl Settings {
    /// The defaults for a model on a data set, with plain cross-entropy.
    pub fn new(dataset: DatasetName, model: ModelName) -> Self {
        let (epochs, batch_size, learning_rate, weight_decay) = match dataset {
            DatasetName::Digits => (60, 32, 0.05, 1e-4),
            DatasetName::Mnist | DatasetName::FashionMnist => (10, 64, 0.05, 1e-4),
            DatasetName::Cifar10 | DatasetName::Cifar100 | DatasetName::Cifar100Coarse | DatasetName::Svhn => {
                (200, 128, 0.1, 5e-4)
            }
        };
        Settings {
            dataset,
            model,
            loss: Loss::plain(),
            class_weights: None,
            ignore_index: None,
            epochs,
            batch_size,
            learning_rate,
            milestones: Vec::new(),
            clip: None,
            momentum: 0.9,
            weight_decay,
            augment: matches!(dataset, DatasetName::Cifar10 | DatasetName::Cifar100 | DatasetName::Cifar100Coarse),
            held_out: if dataset == DatasetName::Digits { 0 } else { HELD_OUT },
            seed: 1,
        }
    }

    /// The run in a few words.
    pub fn describe(&self) -> String {
        let Settings { dataset, model, loss, seed, .. } = self;
        format!("{}, {}, {}, seed {seed}", dataset.label(), model.label(), loss.label())
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
        ensure!(
            self.milestones.is_sorted_by(|a, b| a < b) && self.milestones.iter().all(|m| (1..self.epochs).contains(m)),
            "--milestones is {:?}, but must be rising epochs from 1 to {}, before the last",
            self.milestones,
            self.epochs - 1
        );
        if let Some(clip) = self.clip {
            ensure!(clip > 0.0 && clip <= 1e6, "--clip is {clip}, but must be in (0, 1000000]");
        }
        ensure!((0.0..1.0).contains(&self.momentum), "--momentum is {}, but must be in [0, 1)", self.momentum);
        ensure!(
            (0.0..=1.0).contains(&self.weight_decay),
            "--weight-decay is {}, but must be in [0, 1]",
            self.weight_decay
        );
        ensure!(
            self.held_out > 0 || !matches!(self.loss, Loss::AdaptiveDecay(_)),
            "an adaptive beta follows the calibration on held-out images: --held-out must be above 0"
        );
        let images = self.dataset.training_images();
        ensure!(
            self.held_out < images,
            "--held-out is {}, but must be less than the {images} training images",
            self.held_out
        );
        let classes = self.dataset.classes();
        if let Some(weights) = &self.class_weights {
            ensure!(
                weights.len() == classes,
                "--class-weights has {} numbers, but {} has {classes} classes",
                weights.len(),
                self.dataset.label()
            );
            ensure!(
                weights.iter().all(|weight| (0.0..=1e6).contains(weight)) && weights.iter().any(|weight| *weight > 0.0),
                "--class-weights is {weights:?}, but each must be in [0, 1e6] and one above 0"
            );
        }
        if let Some(ignored) = self.ignore_index {
            ensure!(ignored < classes, "--ignore-index is {ignored}, but the classes are 0 to {}", classes - 1);
        }
        self.model.check(self.dataset.shape())?;
        self.loss.check(self.epochs).context("the loss cannot be used")
    }

    /// The learning rate over the run in a few words.
    pub fn learning_rate_label(&self) -> String {
        let falling = match &self.milestones[..] {
            [] => "falling along half a cosine".to_owned(),
            epochs => {
                format!("a tenth after epoch {}", epochs.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        format!("{} {falling}", self.learning_rate)
    }

    /// The learning rate at a step out of `steps`: divided by 10 after each milestone, or, without milestones, falling along half
    /// a cosine to 0.
    pub fn learning_rate_at(&self, step: usize, steps: usize) -> f64 {
        if !self.milestones.is_empty() {
            let epoch = step * self.epochs as usize / steps;
            let passed = self.milestones.iter().filter(|milestone| epoch >= **milestone as usize).count();
            return self.learning_rate * 0.1_f64.powi(passed as i32);
        }
        let progress = step as f64 / steps as f64;
        0.5 * self.learning_rate * (1.0 + (std::f64::consts::PI * progress).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_by_hand() {
        let mut settings = Settings::new(DatasetName::Digits, ModelName::Mlp);
        (settings.epochs, settings.learning_rate) = (4, 0.8);
        for (step, rate) in [(0, 0.8), (10, 0.4), (20, 0.0)] {
            assert!((settings.learning_rate_at(step, 20) - rate).abs() < 1e-12);
        }
        settings.milestones = vec![1, 3];
        settings.check().unwrap();
        for (step, rate) in [(0, 0.8), (4, 0.8), (5, 0.08), (14, 0.08), (15, 0.008), (19, 0.008)] {
            assert!((settings.learning_rate_at(step, 20) - rate).abs() < 1e-12, "{step}");
        }
        for wrong in [vec![0], vec![4], vec![2, 2], vec![3, 1]] {
            settings.milestones = wrong;
            let message = settings.check().unwrap_err().to_string();
            assert!(message.contains("--milestones") && message.contains("from 1 to 3"), "{message}");
        }
    }
}
