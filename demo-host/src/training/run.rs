//! A training run: epochs over shuffled batches, measured and resumable after each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device, Int, Tensor, TensorData};
use gradient_decay::GradientDecay;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::{Checkpoint, Settings, gradient_decay_loss};
use crate::data::{Dataset, Split};
use crate::evaluation::{Metrics, ReadOut, evaluate, logits};
use crate::models::Model;

/// The training accuracy is measured on the first so many training images.
const MEASURED_TRAINING_IMAGES: usize = 10_000;

/// What was measured after an epoch, by softmax.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The mean loss over the epoch's steps.
    pub loss: f32,
    /// Beta at the last step.
    pub beta: f32,
    /// On the first 10,000 training images.
    pub train: Metrics,
    /// On the test images.
    pub test: Metrics,
    /// The time the epoch took, in seconds, without the measuring.
    pub seconds: f32,
}

/// Training was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// A training run between two epochs.
pub struct Run {
    /// What determines the run.
    pub settings: Settings,
    /// The model, for training.
    pub model: Model,
    /// What was measured after each epoch so far.
    pub epochs: Vec<EpochRecord>,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl Run {
    /// A fresh run on the CPU.
    ///
    /// # Errors
    /// If the settings cannot be trained with.
    pub fn new(settings: Settings) -> Result<Self> {
        settings.check()?;
        let device = Device::flex().autodiff();
        let model = initial_model(&settings, &device)?;
        let optimizer = optimizer(&settings);
        Ok(Run { settings, model, epochs: Vec::new(), optimizer, device })
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// If its parameters do not fit its model.
    pub fn resume(checkpoint: Checkpoint) -> Result<Self> {
        let Checkpoint { settings, epochs, model, optimizer: state } = checkpoint;
        let mut run = Run::new(settings)?;
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(model));
        run.model = record
            .and_then(|record| run.model.try_load_record(record))
            .context("the parameters of the checkpoint do not fit its model")?;
        run.optimizer = run
            .optimizer
            .from_bytes(Bytes::from_bytes_vec(state))
            .context("the optimizer's state in the checkpoint cannot be read")?;
        run.epochs = epochs;
        Ok(run)
    }

    /// The run as it can be saved.
    ///
    /// # Errors
    /// If burn cannot encode the parameters.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(Checkpoint {
            settings: self.settings.clone(),
            epochs: self.epochs.clone(),
            model: self.model.clone().into_record().into_bytes()?.to_vec(),
            optimizer: self.optimizer.into_bytes()?.to_vec(),
        })
    }

    /// Whether all epochs are done.
    pub fn is_done(&self) -> bool {
        self.epochs.len() >= self.settings.epochs as usize
    }

    /// The number of steps of an epoch.
    pub fn steps_per_epoch(&self, data: &Dataset) -> usize {
        data.train.len().div_ceil(self.settings.batch_size)
    }

    /// Trains for one epoch, calling `progress` after each step, and measures.
    ///
    /// The order of the samples depends on the seed and the epoch alone, so that a resumed run takes the same steps.
    ///
    /// # Errors
    /// If the training has diverged. The inner result is [`Interrupted`] if `stop` was set: the model is then between
    /// two epochs, and only a checkpoint can be gone on from.
    pub fn epoch(
        &mut self,
        data: &Dataset,
        stop: &AtomicBool,
        mut progress: impl FnMut(),
    ) -> Result<Result<(), Interrupted>> {
        let start = Instant::now();
        let epoch = self.epochs.len();
        let steps = self.steps_per_epoch(data);
        let schedule = self.settings.schedule(steps)?;
        let mut order: Vec<usize> = (0..data.train.len()).collect();
        order
            .shuffle(&mut StdRng::seed_from_u64(self.settings.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64)));

        let mut loss_sum = 0.0;
        let mut beta = self.settings.beta;
        for (i, batch) in order.chunks(self.settings.batch_size).enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(Err(Interrupted));
            }
            let step = epoch * steps + i;
            let decay: GradientDecay = schedule.at(step as u32);
            beta = decay.beta();
            let learning_rate = self.settings.learning_rate_at(step, self.settings.epochs as usize * steps);
            loss_sum += self.step(&data.train, batch, decay.ln_beta(), learning_rate) * batch.len() as f64;
            progress();
        }
        let seconds = start.elapsed().as_secs_f32();
        let record = EpochRecord {
            loss: (loss_sum / data.train.len() as f64) as f32,
            beta,
            train: self.measure(&data.train.first(MEASURED_TRAINING_IMAGES))?,
            test: self.measure(&data.test)?,
            seconds,
        };
        self.epochs.push(record);
        Ok(Ok(()))
    }

    /// The model for inference, with the device it is on.
    pub fn trained(&self) -> (Model, Device) {
        (self.model.valid(), self.device.clone().inner())
    }

    fn measure(&self, split: &Split) -> Result<Metrics> {
        let (model, device) = self.trained();
        let softmax = GradientDecay::new(1.0);
        let evaluation = evaluate(&logits(&model, split, &device), &split.labels, &softmax, ReadOut::Softmax);
        Ok(evaluation.context("the training has diverged, lower --learning-rate")?.metrics)
    }

    /// One step on one batch; its loss.
    fn step(&mut self, data: &Split, batch: &[usize], ln_beta: f32, learning_rate: f64) -> f64 {
        let [height, width] = data.size;
        let pixels: Vec<f32> = batch.iter().flat_map(|&image| data.image(image).iter().copied()).collect();
        let labels: Vec<i32> = batch.iter().map(|&image| data.labels[image] as i32).collect();
        let images = Tensor::<4>::from_data(TensorData::new(pixels, [batch.len(), 1, height, width]), &self.device);
        let targets = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch.len()]), &self.device);

        let loss = gradient_decay_loss(self.model.forward(images), targets, ln_beta);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        self.model = self.optimizer.step(learning_rate, self.model.clone(), gradients);
        f64::from(loss.into_scalar::<f32>())
    }
}

/// A model with the parameters that belong to the seed.
fn initial_model(settings: &Settings, device: &Device) -> Result<Model> {
    // burn's random numbers belong to the whole process: two runs that begin at once would draw each other's.
    static RANDOM_NUMBERS: Mutex<()> = Mutex::new(());
    let _guard = RANDOM_NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(settings.seed);
    let model = settings.model.init(settings.dataset.image_size(), device)?;
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
