//! VGG-16 (Simonyan and Zisserman 2015, configuration D) in the form used for CIFAR: batch normalisation after every
//! convolution, one dense layer. 14,728,266 parameters for 3 channels and 10 classes.

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::cpu::After;
use super::layers::NormalisedConvolution;

/// The channels of the last map, which is one pixel: the features.
pub const FEATURES: usize = 512;

/// The channels of the convolutions between two poolings.
const STAGES: [&[usize]; 5] = [&[64, 64], &[128, 128], &[256, 256, 256], &[512, 512, 512], &[512, 512, 512]];

/// Thirteen convolutions of 3x3 in five stages, each stage followed by max-pooling, and the head.
#[derive(Module, Debug)]
pub struct Vgg16 {
    stages: Vec<Vec<NormalisedConvolution>>,
    pool: MaxPool2d,
    /// The last layer.
    pub head: Linear,
}

impl Vgg16 {
    /// For images of 32x32 pixels.
    pub fn new(channels: usize, classes: usize, device: &Device) -> Self {
        let mut from = channels;
        let mut convolution = |to: &usize| {
            let layer = NormalisedConvolution::new([from, *to], 3, 1, true, device);
            from = *to;
            layer
        };
        Vgg16 {
            stages: STAGES.iter().map(|widths| widths.iter().map(&mut convolution).collect()).collect(),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            head: LinearConfig::new(FEATURES, classes).init(device),
        }
    }

    /// `[images, 512]` from `[images, channels, 32, 32]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let stage = |maps, layers: &Vec<NormalisedConvolution>| {
            self.pool.forward(layers.iter().fold(maps, |maps, layer| layer.forward(maps, After::Relu)))
        };
        self.stages.iter().fold(images, stage).flatten(1, 3)
    }
}
