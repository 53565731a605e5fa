//! Training throughput, side by side with other frameworks on the same machine in the same minutes.

use std::time::Instant;

use anyhow::Result;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};

use crate::data::DatasetName;
use crate::models::{Model, ModelName};
use crate::training::{Settings, batch_loss};

/// What is measured: a full training step, forward pass, loss, gradients and SGD with momentum.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The network.
    pub model: ModelName,
    /// Gives the shape of the images, which are random numbers.
    pub dataset: DatasetName,
    /// Images of a step.
    pub batch_size: usize,
    /// Steps that are timed.
    pub steps: usize,
}

/// The workloads of the command.
pub const WORKLOADS: [Workload; 2] = [
    Workload { model: ModelName::LeNet5, dataset: DatasetName::Mnist, batch_size: 64, steps: 400 },
    Workload { model: ModelName::ResNet8, dataset: DatasetName::Cifar10, batch_size: 128, steps: 12 },
];

/// Images a second of burn on a device.
///
/// # Errors
/// If the model does not take the images.
pub fn burn(workload: &Workload, device: &Device) -> Result<f64> {
    let device = device.clone().autodiff();
    let Workload { model, dataset, batch_size, steps } = *workload;
    let [channels, height, width] = dataset.shape();
    let settings = Settings::new(dataset, model);
    let mut model: Model = model.init(dataset.shape(), dataset.classes(), &device)?;
    let images = Tensor::<4>::random([batch_size, channels, height, width], Distribution::Default, &device);
    let labels: Vec<usize> = (0..batch_size).map(|i| i % dataset.classes()).collect();
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
    let mut step = || {
        let loss = batch_loss(&settings, model.forward(images.clone()), &labels, 0.0);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.01, model.clone(), gradients);
        loss.into_scalar::<f32>()
    };
    step();
    let start = Instant::now();
    for _ in 0..steps {
        step();
    }
    Ok((steps * batch_size) as f64 / start.elapsed().as_secs_f64())
}
