//! burn, as `train` uses it: our models, our convolution on the processor, burn's everywhere else.

use std::time::Instant;

use anyhow::Result;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor};

use super::{Measurement, Workload};
use crate::models::Model;
use crate::training::{Settings, batch_loss};

/// The throughput in images per second on a device.
///
/// # Errors
/// If the model does not take the images.
pub fn measure(workload: &Workload, device: &Device) -> Result<Measurement> {
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
    let seconds = start.elapsed().as_secs_f64();
    Ok(Measurement {
        framework: format!("demo-host, burn {}", env!("DEMO_HOST_BURN")),
        images_per_second: (steps * batch_size) as f64 / seconds,
        parameters: model.parameters(),
    })
}
