//! A training run: epochs over shuffled batches, measured and resumable after each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use gradient_decay::GradientDecay;

use super::batches::{Batch, batches};
use super::clip::clip;
use super::history::{EpochOutputs, History};
use super::{Checkpoint, Settings, batch_loss};
use crate::data::{Parts, Split};
use crate::evaluation::Outputs;
use crate::models::Model;

/// How an epoch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The epoch was completed.
    Done,
    /// The run was asked to stop in the middle of an epoch: continue from a checkpoint.
    Interrupted,
}

/// A training run between two epochs.
pub struct Run {
    /// The settings, and the measurements so far.
    pub history: History,
    /// The model, for training.
    pub model: Model,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl Run {
    /// A fresh run on a device.
    ///
    /// # Errors
    /// If the settings cannot be trained with.
    pub fn new(settings: Settings, device: &Device) -> Result<Self> {
        settings.check()?;
        let device = device.clone().autodiff();
        let model = initial_model(&settings, &device)?;
        let optimizer = optimizer(&settings);
        Ok(Run { history: History::new(settings), model, optimizer, device })
    }

    /// Continues from a checkpoint.
    ///
    /// # Errors
    /// If its parameters do not fit its model.
    pub fn resume(checkpoint: Checkpoint, device: &Device) -> Result<Self> {
        let Checkpoint { settings, epochs, curriculum, model, optimizer: state } = checkpoint;
        let mut run = Run::new(settings, device)?;
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(model));
        run.model = record
            .and_then(|record| run.model.try_load_record(record))
            .context("the parameters of the checkpoint do not fit its model")?;
        run.optimizer = run
            .optimizer
            .from_bytes(Bytes::from_bytes_vec(state))
            .context("the optimizer's state in the checkpoint cannot be read")?;
        run.history.epochs = epochs;
        run.history.curriculum = curriculum;
        Ok(run)
    }

    /// The run as a checkpoint.
    ///
    /// # Errors
    /// If burn cannot encode the parameters.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let History { settings, epochs, curriculum } = self.history.clone();
        Ok(Checkpoint {
            settings,
            epochs,
            curriculum,
            model: self.model.clone().into_record().into_bytes()?.to_vec(),
            optimizer: self.optimizer.into_bytes()?.to_vec(),
        })
    }

    /// Trains for one epoch, calling `progress` after each step, and measures.
    ///
    /// # Errors
    /// [`Diverged`](super::Diverged) if training has diverged.
    pub fn epoch(&mut self, data: &Parts, stop: &AtomicBool, mut progress: impl FnMut()) -> Result<Outcome> {
        let start = Instant::now();
        let epoch = self.history.epochs.len();
        let steps = self.history.steps_per_epoch(data);
        let all_steps = self.history.settings.epochs as usize * steps;
        let schedule = self.history.schedule(steps)?;

        let mut loss_sum = Tensor::<1>::zeros([1], &self.device.clone().inner());
        let mut beta = f32::NAN;
        let outcome = thread::scope(|scope| {
            let Settings { batch_size, augment, seed, .. } = self.history.settings;
            let batches = batches(scope, &data.train, batch_size, augment, (seed, epoch));
            for (i, batch) in batches.iter().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Outcome::Interrupted;
                }
                let step = epoch * steps + i;
                let decay: GradientDecay = schedule.at(step as u32);
                beta = decay.beta();
                let rate = self.history.learning_rate(&decay, step, all_steps);
                let images = batch.labels.len() as f32;
                let loss = self.step(batch, data.train.shape, decay.ln_beta(), rate);
                loss_sum = loss_sum.clone() + loss.mul_scalar(images);
                progress();
            }
            Outcome::Done
        });
        if outcome == Outcome::Interrupted {
            return Ok(outcome);
        }
        let loss = loss_sum.into_scalar::<f32>() / data.train.len() as f32;
        let seconds = start.elapsed().as_secs_f32();
        let held_out = self.history.is_adaptive().then(|| self.outputs(&data.validation));
        let (train, test) = (self.outputs(&History::measured(data)), self.outputs(&data.test));
        self.history.record(data, &EpochOutputs { train, test, held_out }, loss, beta, seconds)?;
        Ok(outcome)
    }

    /// The model for inference, with the device it is on.
    pub fn trained(&self) -> (Model, Device) {
        (self.model.valid(), self.device.clone().inner())
    }

    /// Features and logits of the trained model on images.
    pub fn outputs(&self, split: &Split) -> Outputs {
        let (model, device) = self.trained();
        model.outputs(split, self.history.settings.loss.cosine_scale(), &device)
    }

    /// One step on one batch; its loss.
    fn step(&mut self, batch: Batch, shape: [usize; 3], ln_beta: f32, learning_rate: f64) -> Tensor<1> {
        let [channels, height, width] = shape;
        let shape = [batch.labels.len(), channels, height, width];
        let images = Tensor::<4>::from_data(TensorData::new(batch.pixels, shape), &self.device);
        let logits = self.model.logits(self.model.features(images), self.history.settings.loss.cosine_scale());
        let loss = batch_loss(&self.history.settings, logits, &batch.labels, ln_beta);
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        if let Some(most) = self.history.settings.clip {
            gradients = clip(gradients, &self.model, most);
        }
        self.model = self.optimizer.step(learning_rate, self.model.clone(), gradients);
        loss.inner()
    }
}

/// A model with the parameters that belong to the seed.
///
/// # Errors
/// If the architecture does not take the data set's images.
pub fn initial_model(settings: &Settings, device: &Device) -> Result<Model> {
    // burn's random numbers are global to the process: two runs that begin at once would interfere.
    static RANDOM_NUMBERS: Mutex<()> = Mutex::new(());
    let _guard = RANDOM_NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(settings.seed);
    let model = settings.model.init(settings.dataset.shape(), settings.dataset.classes(), device)?;
    model.visit(&mut DrawParameters);
    Ok(model)
}

/// Reads every parameter: burn draws a parameter's random numbers when it is first read, not when it is made.
struct DrawParameters;

impl ModuleVisitor for DrawParameters {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        drop(parameter.val());
    }
}

fn optimizer(settings: &Settings) -> ModuleOptimizer {
    // burn's own default would scale the gradient by 0.9.
    let momentum = MomentumConfig::new().with_momentum(settings.momentum).with_dampening(0.0);
    SgdConfig::new()
        .with_momentum(Some(momentum))
        .with_weight_decay(Some(WeightDecayConfig::new(settings.weight_decay)))
        .init()
}
