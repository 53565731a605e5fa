//! The record of an epoch.

use std::fmt;

use anyhow::Result;
use gradient_decay::GradientDecay;
use serde::{Deserialize, Serialize};

use crate::evaluation::{Distances, Metrics, Outputs, ReadOut, Smoothness};

/// The figures after an epoch, by softmax.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The mean loss over the epoch's steps.
    pub loss: f32,
    /// Beta at the last step.
    pub beta: f32,
    /// The metrics on the first 10,000 training images.
    pub train: Metrics,
    /// The metrics on the test images.
    pub test: Metrics,
    /// The distances of the features of those training images.
    pub distances: Distances,
    /// The smoothness of the loss at those training images.
    pub smoothness: Smoothness,
    /// The mean confidence minus the accuracy on the held-out images, if an adaptive beta needs it.
    #[serde(default)]
    pub held_out_gap: Option<f32>,
    /// The duration of the epoch in seconds, without the measurements.
    pub seconds: f32,
}

impl EpochRecord {
    /// Measures the outputs for training and for test images, each with its labels; `loss` is the mean over the epoch, `beta` that of
    /// its last step, and `seconds` its duration.
    ///
    /// # Errors
    /// If a logit is NaN or infinite, there is no image, or beta is out of range.
    pub(super) fn measure(
        [(train, train_labels), (test, test_labels)]: [(&Outputs, &[usize]); 2],
        loss: f32,
        beta: f32,
        seconds: f32,
    ) -> Result<Self> {
        Ok(EpochRecord {
            loss,
            beta,
            train: train.evaluate(train_labels, ReadOut::Softmax)?.metrics,
            test: test.evaluate(test_labels, ReadOut::Softmax)?.metrics,
            distances: Distances::of(train, train_labels),
            smoothness: Smoothness::of(train, train_labels, &GradientDecay::try_new(beta)?)?,
            held_out_gap: None,
            seconds,
        })
    }
}

/// The error of a training that diverged to NaN or infinity: its settings are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diverged;

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the training has diverged: lower the learning rate")
    }
}
