//! A training run of the small MLP by the core alone, one sample a step.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use gradient_decay::{FineTuner, GradientDecay, Sgd};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::{Diverged, EpochRecord, Loss, Settings};
use crate::data::{DatasetName, Parts};
use crate::models::{CoreMlp, ModelName};

/// A run of the MLP 64-64-10 on the digits between two epochs. The core does all arithmetic on its parameters: the same settings give the
/// same parameters on every machine whose maths library gives the same cosine for the learning rate.
pub struct CoreRun {
    /// The settings, which determine the run.
    pub settings: Settings,
    /// The model as it is now.
    pub model: CoreMlp,
    /// The measurements after each epoch so far.
    pub epochs: Vec<EpochRecord>,
}

impl CoreRun {
    /// The settings of plain cross-entropy, equivalent to training in batches of 32 by burn. A step on one sample has a 32nd of the learning
    /// rate of a batch, so that 32 steps add up to that of a batch.
    pub fn plain_settings() -> Settings {
        let in_batches = Settings::new(DatasetName::Digits, ModelName::Mlp);
        let learning_rate = in_batches.learning_rate / in_batches.batch_size as f64;
        Settings { batch_size: 1, learning_rate, ..in_batches }
    }

    /// A fresh run; `settings` are [`plain_settings`](Self::plain_settings) with another loss, seed, number of epochs or learning rate.
    ///
    /// # Errors
    /// If the settings are not those of the small MLP on the digits, one image a step, or are out of range.
    pub fn new(settings: Settings) -> Result<Self> {
        settings.check()?;
        let Settings { batch_size, ref class_weights, ignore_index, augment, clip, .. } = settings;
        let network = (settings.dataset, settings.model, batch_size) == (DatasetName::Digits, ModelName::Mlp, 1);
        let plain = class_weights.is_none() && ignore_index.is_none() && !augment && clip.is_none();
        ensure!(
            network && plain && matches!(settings.loss, Loss::GradientDecay { .. }),
            "the core trains the model mlp on the digits by gradient decay, one image a step, neither weighted, ignored, clipped nor augmented; \
             other settings need the feature `burn`"
        );
        let seed = u32::try_from(settings.seed).context("the seed must be below 2^32")?;
        Ok(CoreRun { settings, model: CoreMlp::new(seed), epochs: Vec::new() })
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epochs.len() >= self.settings.epochs as usize
    }

    /// Trains for one epoch over the training images in a random order, which depends only on the seed and the epoch, and measures.
    ///
    /// # Errors
    /// [`Diverged`] if training has diverged.
    pub fn epoch(&mut self, data: &Parts) -> Result<()> {
        let start = Instant::now();
        let Settings { epochs, momentum, weight_decay, seed, ref loss, .. } = self.settings;
        let images = CoreMlp::pixels(&data.train);
        let all_steps = epochs as usize * images.len();
        let schedule = loss.schedule(images.len())?;
        let mut order: Vec<usize> = (0..images.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(self.epochs.len() as u64)));

        let (mut sum, mut beta) = (0.0, f32::NAN);
        for image in order {
            let decay: GradientDecay = schedule.at(self.model.steps());
            beta = decay.beta();
            let rate =
                self.settings.learning_rate_at(self.model.steps() as usize, all_steps) * loss.rate_factor(&decay);
            let sgd =
                Sgd::try_new(rate as f32)?.try_with_momentum(momentum as f32)?.try_with_weight_decay(weight_decay)?;
            let tuner = FineTuner::new(schedule, sgd);
            sum += f64::from(self.model.step(&tuner, &images[image], data.train.labels[image]).context(Diverged)?);
        }
        let mean = (sum / images.len() as f64) as f32;
        let seconds = start.elapsed().as_secs_f32();
        let [train, test] = [&data.train, &data.test].map(|split| self.model.outputs(split));
        let (train, test) = (train.context(Diverged)?, test.context(Diverged)?);
        let sides = [(&train, &data.train.labels[..]), (&test, &data.test.labels[..])];
        self.epochs.push(EpochRecord::measure(sides, mean, beta, seconds).context(Diverged)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{WarmUp, WarmUpShape};

    fn settings() -> Settings {
        let warm_up = Some(WarmUp { start: 0.01, epochs: 2, shape: WarmUpShape::Linear });
        let loss = Loss::GradientDecay { beta: 1.0, warm_up, scale_rate: false };
        Settings { epochs: 4, loss, ..CoreRun::plain_settings() }
    }

    #[test]
    fn it_learns_and_a_seed_gives_the_same_model_again() {
        let data = DatasetName::Digits.load(None).unwrap().hold_out(0).unwrap();
        let trained = |seed: u64| {
            let mut run = CoreRun::new(Settings { seed, ..settings() }).unwrap();
            while !run.is_done() {
                run.epoch(&data).unwrap();
            }
            run
        };
        let run = trained(1);
        assert!(run.epochs[3].test.accuracy > 0.85, "{:?}", run.epochs[3]);
        assert!(run.epochs[3].loss < run.epochs[2].loss);
        // The warm-up ends with the second epoch.
        assert!(run.epochs[0].beta < 0.6 && run.epochs[2].beta == 1.0, "{:?}", run.epochs);
        assert_eq!(run.model.steps() as usize, 4 * data.train.len());
        let bits = |run: &CoreRun| {
            [run.model.hidden(), run.model.head()].concat().iter().map(|p| p.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(&run), bits(&trained(1)));
        assert_ne!(bits(&run), bits(&trained(2)));
    }

    #[test]
    fn other_settings_are_refused() {
        for wrong in [
            Settings { batch_size: 32, ..settings() },
            Settings { dataset: DatasetName::Mnist, ..settings() },
            Settings { model: ModelName::Mlp256, ..settings() },
            Settings { loss: Loss::Focal { gamma: 2.0 }, ..settings() },
            Settings { ignore_index: Some(1), ..settings() },
        ] {
            assert!(CoreRun::new(wrong).is_err_and(|error| error.to_string().contains("the core trains")));
        }
    }
}
