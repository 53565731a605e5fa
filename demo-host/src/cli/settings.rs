//! The flags of a training run.

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::data::DatasetName;
use crate::models::ModelName;
use crate::training::{AdaptiveBeta, Loss, Settings, WarmUp, WarmUpShape};

/// The settings of a run; those that are not given have the defaults of the data set.
#[derive(Args)]
pub struct SettingsArgs {
    /// The data set to train on
    #[arg(long, required_unless_present = "resume")]
    dataset: Option<DatasetName>,
    /// The model to train
    #[arg(long, required_unless_present = "resume")]
    model: Option<ModelName>,
    /// The loss to minimise [default: gradient-decay]
    #[arg(long)]
    loss: Option<LossName>,
    /// Beta, in (0, 1e6]: below 1 gives a large margin, 1 is plain cross-entropy, above 1 the gradient fades early [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    beta: Option<f32>,
    /// Beta at the first step, in (0, 1e6], from which it rises to --beta
    #[arg(long, allow_negative_numbers = true)]
    warmup: Option<f32>,
    /// The number of epochs that the warm-up takes [default: half of all]
    #[arg(long, requires = "warmup")]
    warmup_epochs: Option<u32>,
    /// The shape of the rise of beta [default: linear]
    #[arg(long, requires = "warmup")]
    warmup_shape: Option<WarmUpShape>,
    /// Divide the learning rate by 2 G(beta), so that the mean gradient is that of plain cross-entropy
    #[arg(long)]
    scale_rate: bool,
    /// The smoothing of --loss label-smoothing, in [0, 1) [default: 0.1]
    #[arg(long, allow_negative_numbers = true)]
    smoothing: Option<f32>,
    /// The gamma of --loss focal, in [0, 10] [default: 2]
    #[arg(long, allow_negative_numbers = true)]
    gamma: Option<f32>,
    /// The scale of --loss am-softmax, in (0, 100] [default: 30]
    #[arg(long, allow_negative_numbers = true)]
    scale: Option<f32>,
    /// The margin of --loss am-softmax, in [0, 1] [default: 0.35]
    #[arg(long, allow_negative_numbers = true)]
    margin: Option<f32>,
    /// The weight of each class in the loss, separated by commas [default: all the same]
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    class_weights: Option<Vec<f32>>,
    /// The class whose images are left out of the loss
    #[arg(long)]
    ignore_index: Option<usize>,
    /// Passes over the training data [default: 60 on digits, 10 on mnist and fashion-mnist, 200 on the others]
    #[arg(long)]
    epochs: Option<u32>,
    /// The number of images in a step [default: 32 on digits, 64 on mnist and fashion-mnist, 128 on the others]
    #[arg(long)]
    batch_size: Option<usize>,
    /// The learning rate at the start [default: 0.05, on colour images 0.1]
    #[arg(long, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// The epochs after which the learning rate is divided by 10, as in 100,150 [default: none, it falls to 0 along half a
    /// cosine]
    #[arg(long, value_delimiter = ',')]
    milestones: Option<Vec<u32>>,
    /// Clip the gradient of each step to this norm, in (0, 1e6] [default: no clipping]
    #[arg(long, allow_negative_numbers = true)]
    clip: Option<f32>,
    /// Momentum [default: 0.9]
    #[arg(long, allow_negative_numbers = true)]
    momentum: Option<f64>,
    /// Weight decay [default: 0.0001, on colour images 0.0005]
    #[arg(long, allow_negative_numbers = true)]
    weight_decay: Option<f32>,
    /// Whether to crop and mirror training images at random [default: true on cifar10 and cifar100]
    #[arg(long)]
    augment: Option<bool>,
    /// The number of training images to hold out, for temperatures and the like [default: 5000, on digits 0]
    #[arg(long)]
    held_out: Option<usize>,
    /// Seeds the initial parameters, the order of the samples and the augmentation [default: 1]
    #[arg(long)]
    seed: Option<u64>,
}

/// A loss by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LossName {
    /// The gradient-decay Softmax
    GradientDecay,
    /// Plain cross-entropy
    CrossEntropy,
    /// Gradient decay with a beta that follows the calibration on the held-out images
    AdaptiveDecay,
    /// Cross-entropy with smoothed targets
    LabelSmoothing,
    /// Focal loss
    Focal,
    /// Additive margin on cosines
    AmSoftmax,
}

impl SettingsArgs {
    /// The settings, checked.
    ///
    /// # Errors
    /// If a flag does not belong to the loss, or a number is out of range.
    pub fn settings(&self) -> Result<Settings> {
        let (Some(dataset), Some(model)) = (self.dataset, self.model) else {
            bail!("--dataset and --model are needed");
        };
        let default = Settings::new(dataset, model);
        let epochs = self.epochs.unwrap_or(default.epochs);
        let settings = Settings {
            loss: self.loss(epochs)?,
            class_weights: self.class_weights.clone(),
            ignore_index: self.ignore_index,
            epochs,
            batch_size: self.batch_size.unwrap_or(default.batch_size),
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            milestones: self.milestones.clone().unwrap_or_default(),
            clip: self.clip,
            momentum: self.momentum.unwrap_or(default.momentum),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            augment: self.augment.unwrap_or(default.augment),
            held_out: self.held_out.unwrap_or(default.held_out),
            seed: self.seed.unwrap_or(default.seed),
            ..default
        };
        settings.check()?;
        Ok(settings)
    }

    fn loss(&self, epochs: u32) -> Result<Loss> {
        let name = self.loss.unwrap_or(LossName::GradientDecay);
        for (flag, given, of) in [
            ("--beta", self.beta.is_some(), LossName::GradientDecay),
            ("--warmup", self.warmup.is_some(), LossName::GradientDecay),
            ("--scale-rate", self.scale_rate, LossName::GradientDecay),
            ("--smoothing", self.smoothing.is_some(), LossName::LabelSmoothing),
            ("--gamma", self.gamma.is_some(), LossName::Focal),
            ("--scale", self.scale.is_some(), LossName::AmSoftmax),
            ("--margin", self.margin.is_some(), LossName::AmSoftmax),
        ] {
            let of_value = of.to_possible_value();
            let of_name = of_value.as_ref().map_or("", |value| value.get_name());
            ensure!(!given || of == name, "{flag} belongs to --loss {of_name}");
        }
        Ok(match name {
            LossName::GradientDecay => Loss::GradientDecay {
                beta: self.beta.unwrap_or(1.0),
                warm_up: self.warmup.map(|start| WarmUp {
                    start,
                    epochs: self.warmup_epochs.unwrap_or(epochs.div_ceil(2)),
                    shape: self.warmup_shape.unwrap_or_default(),
                }),
                scale_rate: self.scale_rate,
            },
            LossName::AdaptiveDecay => Loss::AdaptiveDecay(AdaptiveBeta::default()),
            LossName::CrossEntropy => Loss::CrossEntropy,
            LossName::LabelSmoothing => Loss::LabelSmoothing { smoothing: self.smoothing.unwrap_or(0.1) },
            LossName::Focal => Loss::Focal { gamma: self.gamma.unwrap_or(2.0) },
            LossName::AmSoftmax => {
                Loss::AmSoftmax { scale: self.scale.unwrap_or(30.0), margin: self.margin.unwrap_or(0.35) }
            }
        })
    }
}
