//! LeNet-5 (LeCun et al. 1998) in its modern form: ReLU, max-pooling, every map of the second convolution connected to
//! all of the first. 61,706 parameters for grey images and 10 classes.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::cpu::{convolve, pool_rectified};
use crate::models::name::COLOUR_SIDE;

/// The width of the last hidden layer, whose outputs are the features.
pub const FEATURES: usize = 84;

/// Convolution 6 of 5x5, pool, convolution 16 of 5x5, pool, dense 120, dense 84, the head.
#[derive(Module, Debug)]
pub struct LeNet5 {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    dense1: Linear,
    dense2: Linear,
    /// The last layer.
    pub head: Linear,
}

impl LeNet5 {
    /// For square images of so many channels, 32 pixels wide, or 28 and padded by 2.
    pub fn new(channels: usize, side: usize, classes: usize, device: &Device) -> Self {
        // Smaller images are padded to those that the network was made for.
        let padding = (COLOUR_SIDE - side) / 2;
        let padded = PaddingConfig2d::Explicit(padding, padding, padding, padding);
        LeNet5 {
            conv1: Conv2dConfig::new([channels, 6], [5, 5]).with_padding(padded).init(device),
            conv2: Conv2dConfig::new([6, 16], [5, 5]).with_padding(PaddingConfig2d::Explicit(0, 0, 0, 0)).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dense1: LinearConfig::new(16 * 5 * 5, 120).init(device),
            dense2: LinearConfig::new(120, FEATURES).init(device),
            head: LinearConfig::new(FEATURES, classes).init(device),
        }
    }

    /// `[images, 84]` from `[images, channels, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let maps = self.pool(convolve(&self.conv1, images));
        let maps = self.pool(convolve(&self.conv2, maps));
        let hidden = relu(self.dense1.forward(maps.flatten(1, 3)));
        relu(self.dense2.forward(hidden))
    }

    /// ReLU after the pooling gives the same maps as before it, and has a quarter of the work.
    fn pool(&self, maps: Tensor<4>) -> Tensor<4> {
        pool_rectified(&maps).unwrap_or_else(|| relu(self.pool.forward(maps)))
    }
}
