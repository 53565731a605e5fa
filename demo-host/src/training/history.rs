//! The settings of a training run and its measurements after each epoch: all that is known of it beside its model.

use anyhow::{Context, Result};
use gradient_decay::{BetaSchedule, GradientDecay};

use super::{Diverged, EpochRecord, Loss, Settings};
use crate::data::{Parts, Split};
use crate::evaluation::{Curriculum, Outputs, ReadOut};

/// The settings of a run and its measurements so far.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The settings, which determine the run.
    pub settings: Settings,
    /// The measurements after each epoch so far.
    pub epochs: Vec<EpochRecord>,
    /// When each of the first training images was learned.
    pub curriculum: Curriculum,
}

/// The outputs of a model after an epoch.
pub struct EpochOutputs {
    /// For the training images of [`History::measured`].
    pub train: Outputs,
    /// For the test images.
    pub test: Outputs,
    /// For the held-out images; needed only by an adaptive beta.
    pub held_out: Option<Outputs>,
}

impl History {
    /// Training figures are measured on this number of training images, the first ones.
    pub const MEASURED_TRAINING_IMAGES: usize = 10_000;

    /// Of a run that has not begun.
    pub fn new(settings: Settings) -> Self {
        History { settings, epochs: Vec::new(), curriculum: Curriculum::default() }
    }

    /// The training images that are measured after each epoch.
    pub fn measured(data: &Parts) -> Split {
        data.train.first(Self::MEASURED_TRAINING_IMAGES)
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epochs.len() >= self.settings.epochs as usize
    }

    /// The number of steps of an epoch.
    pub fn steps_per_epoch(&self, data: &Parts) -> usize {
        data.train.len().div_ceil(self.settings.batch_size)
    }

    /// Whether beta follows the calibration on the held-out images, so that the next epoch's is not known before this one's end.
    pub fn is_adaptive(&self) -> bool {
        matches!(self.settings.loss, Loss::AdaptiveDecay(_))
    }

    /// Beta by the step, counted from the start of the run: for an adaptive beta, that of the next epoch.
    ///
    /// # Errors
    /// If a beta is out of range.
    pub fn schedule(&self, steps_per_epoch: usize) -> Result<BetaSchedule> {
        match self.settings.loss {
            Loss::AdaptiveDecay(adaptive) => {
                let gaps = self.epochs.iter().filter_map(|epoch| epoch.held_out_gap);
                Ok(BetaSchedule::try_constant(adaptive.beta(gaps))?)
            }
            loss => loss.schedule(steps_per_epoch),
        }
    }

    /// The learning rate of a step with this beta.
    pub fn learning_rate(&self, decay: &GradientDecay, step: usize, all_steps: usize) -> f64 {
        self.settings.learning_rate_at(step, all_steps) * self.settings.loss.rate_factor(decay)
    }

    /// The beta with which the model is read out: that of its last step.
    pub fn final_beta(&self) -> f32 {
        match (self.settings.loss, self.epochs.last()) {
            (Loss::AdaptiveDecay(_), Some(epoch)) => epoch.beta,
            (loss, _) => loss.final_beta(),
        }
    }

    /// Measures an epoch by the outputs after it; `loss` is the mean over the epoch, `beta` that of its last step, and `seconds` its
    /// duration.
    ///
    /// # Errors
    /// [`Diverged`] if the training has diverged: an output is NaN or infinite. The history is then as before.
    pub fn record(&mut self, data: &Parts, outputs: &EpochOutputs, loss: f32, beta: f32, seconds: f32) -> Result<()> {
        let EpochOutputs { train, test, held_out } = outputs;
        let train_labels = &data.train.labels[..data.train.len().min(Self::MEASURED_TRAINING_IMAGES)];
        let sides = [(train, train_labels), (test, &data.test.labels[..])];
        let mut record = EpochRecord::measure(sides, loss, beta, seconds).context(Diverged)?;
        if self.is_adaptive() {
            let held_out = held_out.as_ref().context("an adaptive beta needs the outputs for the held-out images")?;
            let evaluation = held_out.evaluate(&data.validation.labels, ReadOut::Softmax).context(Diverged)?;
            record.held_out_gap = Some(evaluation.metrics.gap);
        }
        self.epochs.push(record);
        self.curriculum.record(train, train_labels, self.epochs.len());
        Ok(())
    }
}
