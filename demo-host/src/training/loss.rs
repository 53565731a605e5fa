//! The losses that models are trained with.

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use gradient_decay::{BetaSchedule, GradientDecay};
use serde::{Deserialize, Serialize};

use super::AdaptiveBeta;

/// A loss, which training minimises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// The gradient-decay Softmax: `CE(z + ln(beta) onehot(c), c)`.
    GradientDecay {
        /// Beta, after the warm-up if there is one; 1 is plain cross-entropy.
        beta: f32,
        /// The rise of beta to that value.
        #[serde(default)]
        warm_up: Option<WarmUp>,
        /// Whether the learning rate is divided by `2 G(beta)`, so that the mean gradient is that of plain
        /// cross-entropy.
        #[serde(default)]
        scale_rate: bool,
    },
    /// The gradient-decay Softmax with a beta that is controlled by the calibration on the held-out images.
    AdaptiveDecay(AdaptiveBeta),
    /// Plain cross-entropy, implemented separately; the same as gradient decay at beta 1.
    CrossEntropy,
    /// Cross-entropy with the target `1 - smoothing` and `smoothing / classes` for every class (Szegedy et al. 2016).
    LabelSmoothing {
        /// In [0, 1).
        smoothing: f32,
    },
    /// `-(1 - p)^gamma ln(p)` (Lin et al. 2017).
    Focal {
        /// In [0, 10].
        gamma: f32,
    },
    /// `CE(s (cos - m onehot(c)), c)` on cosines of features and class weights (Wang et al. 2018): gradient decay with
    /// `ln(beta) = -s m` on the logits `s cos`.
    AmSoftmax {
        /// s, in (0, 100].
        scale: f32,
        /// m, in [0, 1].
        margin: f32,
    },
}

/// A warm-up of beta.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmUp {
    /// Beta at the first step.
    pub start: f32,
    /// The epochs after which beta has its final value.
    pub epochs: u32,
    /// How beta rises.
    #[serde(default)]
    pub shape: WarmUpShape,
}

/// The shape of a warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarmUpShape {
    /// By equal increments.
    #[default]
    Linear,
    /// By equal factors.
    Geometric,
}

impl Loss {
    /// Plain cross-entropy, as gradient decay with beta 1.
    pub fn plain() -> Self {
        Loss::GradientDecay { beta: 1.0, warm_up: None, scale_rate: false }
    }

    /// Whether this is plain cross-entropy, in either implementation.
    pub fn is_plain(&self) -> bool {
        matches!(self, Loss::CrossEntropy | Loss::GradientDecay { beta: 1.0, warm_up: None, .. })
    }

    /// Refuses a loss that cannot be trained with for this number of epochs.
    ///
    /// # Errors
    /// A sentence that names the number and its range.
    pub fn check(&self, epochs: u32) -> Result<()> {
        match *self {
            Loss::GradientDecay { warm_up, .. } => {
                if let Some(WarmUp { epochs: warm_up, .. }) = warm_up {
                    ensure!(warm_up <= epochs, "a warm-up of {warm_up} epochs does not fit into {epochs}");
                }
            }
            Loss::AdaptiveDecay(adaptive) => adaptive.check()?,
            Loss::CrossEntropy => {}
            Loss::LabelSmoothing { smoothing } => {
                ensure!((0.0..1.0).contains(&smoothing), "smoothing is {smoothing}, but must be in [0, 1)");
            }
            Loss::Focal { gamma } => {
                ensure!((0.0..=10.0).contains(&gamma), "gamma is {gamma}, but must be in [0, 10]");
            }
            Loss::AmSoftmax { scale, margin } => {
                ensure!(scale > 0.0 && scale <= 100.0, "scale is {scale}, but must be in (0, 100]");
                ensure!((0.0..=1.0).contains(&margin), "margin is {margin}, but must be in [0, 1]");
                ensure!(scale * margin <= 80.0, "scale * margin is {}, but must be at most 80", scale * margin);
            }
        }
        self.schedule(1).map(drop)
    }

    /// Beta as a function of the step; constant for losses without a beta, and for an adaptive one, which has only its start before the
    /// training.
    ///
    /// # Errors
    /// If a beta is out of range.
    pub fn schedule(&self, steps_per_epoch: usize) -> Result<BetaSchedule> {
        let Loss::GradientDecay { beta, warm_up: Some(WarmUp { start, epochs, shape }), .. } = *self else {
            return BetaSchedule::try_constant(self.final_beta()).context("beta cannot be used");
        };
        let steps = epochs.saturating_mul(u32::try_from(steps_per_epoch).unwrap_or(u32::MAX));
        BetaSchedule::try_constant(beta).context("beta cannot be used")?;
        BetaSchedule::try_constant(start).context("the start of the warm-up, --warmup, cannot be used")?;
        match shape {
            WarmUpShape::Linear => BetaSchedule::try_linear(start, beta, steps),
            WarmUpShape::Geometric => BetaSchedule::try_geometric(start, beta, steps),
        }
        .context("the warm-up cannot be used")
    }

    /// The beta with which a trained head is read out: the last one; for an adaptive beta the first, since only the run knows its last.
    pub fn final_beta(&self) -> f32 {
        match *self {
            Loss::GradientDecay { beta, .. } => beta,
            Loss::AdaptiveDecay(AdaptiveBeta { start, .. }) => start,
            Loss::AmSoftmax { scale, margin } => (-scale * margin).exp(),
            Loss::CrossEntropy | Loss::LabelSmoothing { .. } | Loss::Focal { .. } => 1.0,
        }
    }

    /// The factor of the learning rate while beta has this value.
    pub fn rate_factor(&self, decay: &GradientDecay) -> f64 {
        match self {
            Loss::GradientDecay { scale_rate: true, .. } => 0.5 / f64::from(decay.mean_gradient()),
            _ => 1.0,
        }
    }

    /// The scale of the logits if these are cosines.
    pub fn cosine_scale(&self) -> Option<f32> {
        match *self {
            Loss::AmSoftmax { scale, .. } => Some(scale),
            _ => None,
        }
    }

    /// The loss in a few characters.
    pub fn label(&self) -> String {
        match *self {
            Loss::GradientDecay { beta, warm_up, scale_rate } => {
                let beta = warm_up.map_or(beta.to_string(), |warm_up| match warm_up.shape {
                    WarmUpShape::Linear => format!("{} -> {beta}", warm_up.start),
                    WarmUpShape::Geometric => format!("{} -> {beta}, geometric", warm_up.start),
                });
                if scale_rate { format!("{beta}, rate / (2 G)") } else { beta }
            }
            Loss::AdaptiveDecay(AdaptiveBeta { start, .. }) => format!("adaptive from {start}"),
            Loss::CrossEntropy => "cross-entropy".to_owned(),
            Loss::LabelSmoothing { smoothing } => format!("label smoothing {smoothing}"),
            Loss::Focal { gamma } => format!("focal {gamma}"),
            Loss::AmSoftmax { scale, margin } => format!("AM-softmax {scale}, {margin}"),
        }
    }
}
