//! candle, with the feature of its name: the same networks with candle's layers. Its SGD has no momentum, which saves it a pass
//! over the parameters.

use std::time::Instant;

use anyhow::{Result, bail};
use candle_core::{DType, Device, Tensor};
use candle_nn::{
    BatchNorm, Conv2d, Conv2dConfig, Linear, Module, ModuleT, Optimizer, SGD, VarBuilder, VarMap, batch_norm, conv2d,
    linear, loss::cross_entropy,
};

use super::{Measurement, Workload};
use crate::models::ModelName;

/// Logits from images.
type Network = dyn Fn(&Tensor) -> candle_core::Result<Tensor>;

/// The throughput in images per second.
///
/// # Errors
/// If candle reports one, or does not have the network here.
pub fn measure(workload: &Workload) -> Result<Measurement> {
    let Workload { model, dataset, batch_size, steps } = *workload;
    let [channels, height, width] = dataset.shape();
    let device = Device::Cpu;
    let parameters = VarMap::new();
    let builder = VarBuilder::from_varmap(&parameters, DType::F32, &device);
    let network: Box<Network> = match model {
        ModelName::LeNet5 => {
            let network = LeNet5::new(dataset.classes(), &builder)?;
            Box::new(move |images| network.forward(images))
        }
        ModelName::ResNet8 => {
            let network = ResNet8::new(dataset.classes(), &builder)?;
            Box::new(move |images| network.forward(images))
        }
        other => bail!("{} is not written for candle", other.label()),
    };
    let images = Tensor::rand(0.0_f32, 1.0, (batch_size, channels, height, width), &device)?;
    let labels: Vec<u32> = (0..batch_size).map(|i| (i % dataset.classes()) as u32).collect();
    let labels = Tensor::new(labels, &device)?;
    // Running statistics are among the variables, but have no gradient.
    let count = parameters.data().lock().map_or(0, |variables| {
        let trained = variables.iter().filter(|(name, _)| !name.contains("running"));
        trained.map(|(_, variable)| variable.elem_count()).sum()
    });
    let mut optimizer = SGD::new(parameters.all_vars(), 0.01)?;
    let mut step = || -> candle_core::Result<f32> {
        let loss = cross_entropy(&network(&images)?, &labels)?;
        optimizer.backward_step(&loss)?;
        loss.to_scalar()
    };
    step()?;
    let start = Instant::now();
    for _ in 0..steps {
        step()?;
    }
    Ok(Measurement {
        framework: "candle 0.11".to_owned(),
        images_per_second: (steps * batch_size) as f64 / start.elapsed().as_secs_f64(),
        parameters: count,
    })
}

struct LeNet5 {
    conv1: Conv2d,
    conv2: Conv2d,
    dense1: Linear,
    dense2: Linear,
    head: Linear,
}

impl LeNet5 {
    fn new(classes: usize, builder: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let padded = Conv2dConfig { padding: 2, ..Conv2dConfig::default() };
        Ok(LeNet5 {
            conv1: conv2d(1, 6, 5, padded, builder.pp("conv1"))?,
            conv2: conv2d(6, 16, 5, Conv2dConfig::default(), builder.pp("conv2"))?,
            dense1: linear(400, 120, builder.pp("dense1"))?,
            dense2: linear(120, 84, builder.pp("dense2"))?,
            head: linear(84, classes, builder.pp("head"))?,
        })
    }

    fn forward(&self, images: &Tensor) -> candle_core::Result<Tensor> {
        let maps = self.conv1.forward(images)?.max_pool2d(2)?.relu()?;
        let maps = self.conv2.forward(&maps)?.max_pool2d(2)?.relu()?;
        let hidden = self.dense1.forward(&maps.flatten_from(1)?)?.relu()?;
        self.head.forward(&self.dense2.forward(&hidden)?.relu()?)
    }
}

struct Normalised {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Normalised {
    fn new(channels: [usize; 2], stride: usize, builder: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let config = Conv2dConfig { padding: 1, stride, ..Conv2dConfig::default() };
        Ok(Normalised {
            convolution: conv2d(channels[0], channels[1], 3, config, builder.pp("conv"))?,
            norm: batch_norm(channels[1], 1e-5, builder.pp("norm"))?,
        })
    }

    fn forward(&self, maps: &Tensor) -> candle_core::Result<Tensor> {
        self.norm.forward_t(&self.convolution.forward(maps)?, true)
    }
}

struct Block {
    first: Normalised,
    second: Normalised,
    shortcut: Option<Conv2d>,
}

impl Block {
    fn new(channels: [usize; 2], stride: usize, builder: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let [from, to] = channels;
        let config = Conv2dConfig { stride, ..Conv2dConfig::default() };
        let shortcut = if from == to { None } else { Some(conv2d(from, to, 1, config, builder.pp("shortcut"))?) };
        Ok(Block {
            first: Normalised::new(channels, stride, &builder.pp("first"))?,
            second: Normalised::new([to, to], 1, &builder.pp("second"))?,
            shortcut,
        })
    }

    fn forward(&self, maps: &Tensor) -> candle_core::Result<Tensor> {
        let inner = self.second.forward(&self.first.forward(maps)?.relu()?)?;
        match &self.shortcut {
            Some(shortcut) => (inner + shortcut.forward(maps)?)?.relu(),
            None => (inner + maps)?.relu(),
        }
    }
}

struct ResNet8 {
    stem: Normalised,
    blocks: [Block; 3],
    head: Linear,
}

impl ResNet8 {
    fn new(classes: usize, builder: &VarBuilder<'_>) -> candle_core::Result<Self> {
        Ok(ResNet8 {
            stem: Normalised::new([3, 16], 1, &builder.pp("stem"))?,
            blocks: [
                Block::new([16, 16], 1, &builder.pp("block1"))?,
                Block::new([16, 32], 2, &builder.pp("block2"))?,
                Block::new([32, 64], 2, &builder.pp("block3"))?,
            ],
            head: linear(64, classes, builder.pp("head"))?,
        })
    }

    fn forward(&self, images: &Tensor) -> candle_core::Result<Tensor> {
        let mut maps = self.stem.forward(images)?.relu()?;
        for block in &self.blocks {
            maps = block.forward(&maps)?;
        }
        self.head.forward(&maps.mean((2, 3))?)
    }
}
