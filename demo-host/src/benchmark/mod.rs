//! Training throughput, side by side with other frameworks on the same machine in the same minutes: full steps of forward
//! pass, cross-entropy, gradients and SGD on random images in memory, without the loading of data.

mod burn;
#[cfg(feature = "candle")]
mod candle;
mod heads;
mod torch;

use anyhow::{Result, ensure};
pub use heads::benchmark as benchmark_heads;

use crate::compute::Compute;
use crate::data::DatasetName;
use crate::models::ModelName;

/// A workload that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The network.
    pub model: ModelName,
    /// The data set, which gives the shape of the images and the number of classes.
    pub dataset: DatasetName,
    /// The number of images in a step.
    pub batch_size: usize,
    /// The number of steps that are timed in one go.
    pub steps: usize,
}

/// The result of a measurement.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The framework and its version.
    pub framework: String,
    /// The number of images per second in full training steps.
    pub images_per_second: f64,
    /// The number of trained parameters of the network, which must be the same for all frameworks.
    pub parameters: usize,
}

/// The workloads of the command.
const WORKLOADS: [Workload; 3] = [
    Workload { model: ModelName::LeNet5, dataset: DatasetName::Mnist, batch_size: 128, steps: 100 },
    Workload { model: ModelName::ResNet8, dataset: DatasetName::Cifar10, batch_size: 128, steps: 8 },
    Workload { model: ModelName::ResNet20, dataset: DatasetName::Cifar10, batch_size: 128, steps: 3 },
];

/// Measures every available framework on one model, or on all, in turn and over several rounds, and prints the best round of each, since other programs on
/// the machine can only slow one down.
///
/// # Errors
/// If a framework fails, its network is another one, or the model is not among those that are measured.
pub fn benchmark(device: Compute, python: &str, rounds: usize, model: Option<ModelName>) -> Result<()> {
    ensure!((1..=1000).contains(&rounds), "--rounds is {rounds}, but must be from 1 to 1000");
    let workloads: Vec<Workload> =
        WORKLOADS.into_iter().filter(|workload| model.is_none_or(|model| model == workload.model)).collect();
    if let Some(model) = model.filter(|_| workloads.is_empty()) {
        let measured = WORKLOADS.map(|workload| workload.model.label()).join(", ");
        anyhow::bail!("--model is {}, but must be one of {measured}", model.label());
    }
    let burn_device = device.device()?;
    let torch = torch::found(python);
    for workload in workloads {
        let mut best: Vec<Measurement> = Vec::new();
        for _ in 0..rounds {
            keep_best(&mut best, burn::measure(&workload, &burn_device)?);
            #[cfg(feature = "candle")]
            keep_best(&mut best, candle::measure(&workload)?);
            if torch {
                keep_best(&mut best, torch::measure(python, &workload)?);
            }
        }
        let ours = best[0].clone();
        println!("{}, batches of {}, {}:", workload.model.title(), workload.batch_size, device.label());
        for Measurement { framework, images_per_second, parameters } in best {
            ensure!(
                parameters == ours.parameters,
                "{framework} has {parameters} parameters, but ours {}",
                ours.parameters
            );
            let ratio = images_per_second / ours.images_per_second;
            println!("  {framework:<32} {images_per_second:>8.0} images/s  {ratio:>6.2}");
        }
    }
    if !cfg!(feature = "candle") {
        println!("candle is not in this program: build it with `--features candle`.");
    }
    if !torch {
        println!("{python} has no torch: name a Python that has it by --python.");
    }
    Ok(())
}

fn keep_best(best: &mut Vec<Measurement>, new: Measurement) {
    match best.iter_mut().find(|seen| seen.framework == new.framework) {
        None => best.push(new),
        Some(seen) if seen.images_per_second < new.images_per_second => *seen = new,
        Some(_) => {}
    }
}
