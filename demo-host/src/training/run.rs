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
use gradient_decay::{BetaSchedule, GradientDecay};

use super::batches::{Batch, batches};
use super::clip::clip;
use super::{Checkpoint, Diverged, EpochRecord, Loss, Settings, batch_loss};
use crate::data::{Parts, Split};
use crate::evaluation::{Curriculum, Outputs, ReadOut};
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
    /// The settings, which determine the run.
    pub settings: Settings,
    /// The model, for training.
    pub model: Model,
    /// The measurements after each epoch so far.
    pub epochs: Vec<EpochRecord>,
    /// When each of the first training images was learned.
    pub curriculum: Curriculum,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl Run {
    /// Training figures are measured on this number of training images, the first ones.
    pub const MEASURED_TRAINING_IMAGES: usize = 10_000;

    /// A fresh run on a device.
    ///
    /// # Errors
    /// If the settings cannot be trained with.
    pub fn new(settings: Settings, device: &Device) -> Result<Self> {
        settings.check()?;
        let device = device.clone().autodiff();
        let model = initial_model(&settings, &device)?;
        let optimizer = optimizer(&settings);
        Ok(Run { settings, model, epochs: Vec::new(), curriculum: Curriculum::default(), optimizer, device })
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
        run.epochs = epochs;
        run.curriculum = curriculum;
        Ok(run)
    }

    /// The run as a checkpoint.
    ///
    /// # Errors
    /// If burn cannot encode the parameters.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(Checkpoint {
            settings: self.settings.clone(),
            epochs: self.epochs.clone(),
            curriculum: self.curriculum.clone(),
            model: self.model.clone().into_record().into_bytes()?.to_vec(),
            optimizer: self.optimizer.into_bytes()?.to_vec(),
        })
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epochs.len() >= self.settings.epochs as usize
    }

    /// The number of steps of an epoch.
    pub fn steps_per_epoch(&self, data: &Parts) -> usize {
        data.train.len().div_ceil(self.settings.batch_size)
    }

    /// Trains for one epoch, calling `progress` after each step, and measures.
    ///
    /// # Errors
    /// [`Diverged`] if training has diverged.
    pub fn epoch(&mut self, data: &Parts, stop: &AtomicBool, mut progress: impl FnMut()) -> Result<Outcome> {
        let start = Instant::now();
        let epoch = self.epochs.len();
        let steps = self.steps_per_epoch(data);
        let all_steps = self.settings.epochs as usize * steps;
        let schedule = match self.settings.loss {
            Loss::AdaptiveDecay(adaptive) => {
                BetaSchedule::try_constant(adaptive.beta(self.epochs.iter().filter_map(|epoch| epoch.held_out_gap)))?
            }
            loss => loss.schedule(steps)?,
        };

        let mut loss_sum = Tensor::<1>::zeros([1], &self.device.clone().inner());
        let mut beta = f32::NAN;
        let outcome = thread::scope(|scope| {
            let Settings { batch_size, augment, seed, .. } = self.settings;
            let batches = batches(scope, &data.train, batch_size, augment, (seed, epoch));
            for (i, batch) in batches.iter().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return Outcome::Interrupted;
                }
                let step = epoch * steps + i;
                let decay: GradientDecay = schedule.at(step as u32);
                beta = decay.beta();
                let rate = self.settings.learning_rate_at(step, all_steps) * self.settings.loss.rate_factor(&decay);
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
        self.measure(data, loss, beta, seconds).context(Diverged)?;
        Ok(outcome)
    }

    /// The model for inference, with the device it is on.
    pub fn trained(&self) -> (Model, Device) {
        (self.model.valid(), self.device.clone().inner())
    }

    /// The beta with which the model is read out: that of its last step.
    pub fn final_beta(&self) -> f32 {
        match (self.settings.loss, self.epochs.last()) {
            (Loss::AdaptiveDecay(_), Some(epoch)) => epoch.beta,
            (loss, _) => loss.final_beta(),
        }
    }

    /// Features and logits of the trained model on images.
    pub fn outputs(&self, split: &Split) -> Outputs {
        let (model, device) = self.trained();
        model.outputs(split, self.settings.loss.cosine_scale(), &device)
    }

    fn measure(&mut self, data: &Parts, loss: f32, beta: f32, seconds: f32) -> Result<()> {
        let measured = data.train.first(Self::MEASURED_TRAINING_IMAGES);
        let train = self.outputs(&measured);
        let test = self.outputs(&data.test);
        let sides = [(&train, &measured.labels[..]), (&test, &data.test.labels[..])];
        let mut record = EpochRecord::measure(sides, loss, beta, seconds)?;
        if let Loss::AdaptiveDecay(_) = self.settings.loss {
            let held_out = self.outputs(&data.validation).evaluate(&data.validation.labels, ReadOut::Softmax)?;
            record.held_out_gap = Some(held_out.metrics.gap);
        }
        self.epochs.push(record);
        self.curriculum.record(&train, &measured.labels, self.epochs.len());
        Ok(())
    }

    /// One step on one batch; its loss.
    fn step(&mut self, batch: Batch, shape: [usize; 3], ln_beta: f32, learning_rate: f64) -> Tensor<1> {
        let [channels, height, width] = shape;
        let shape = [batch.labels.len(), channels, height, width];
        let images = Tensor::<4>::from_data(TensorData::new(batch.pixels, shape), &self.device);
        let logits = self.model.logits(self.model.features(images), self.settings.loss.cosine_scale());
        let loss = batch_loss(&self.settings, logits, &batch.labels, ln_beta);
        let mut gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        if let Some(most) = self.settings.clip {
            gradients = clip(gradients, &self.model, most);
        }
        self.model = self.optimizer.step(learning_rate, self.model.clone(), gradients);
        loss.inner()
    }
}

/// A model with the parameters that belong to the seed.
fn initial_model(settings: &Settings, device: &Device) -> Result<Model> {
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
