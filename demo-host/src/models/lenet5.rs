//! LeNet-5 (LeCun et al. 1998) in its modern form: ReLU, max-pooling, every map of the second convolution connected to
//! all of the first. 61,706 parameters.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::CLASSES;

/// The width of the last hidden layer, whose outputs are the features.
pub const FEATURES: usize = 84;

/// Convolution 6 of 5x5 (padding 2), pool, convolution 16 of 5x5, pool, dense 120, dense 84, the head.
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
    /// For images of 28x28 pixels.
    pub fn new(device: &Device) -> Self {
        LeNet5 {
            conv1: Conv2dConfig::new([1, 6], [5, 5]).with_padding(PaddingConfig2d::Explicit(2, 2, 2, 2)).init(device),
            conv2: Conv2dConfig::new([6, 16], [5, 5]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            dense1: LinearConfig::new(16 * 5 * 5, 120).init(device),
            dense2: LinearConfig::new(120, FEATURES).init(device),
            head: LinearConfig::new(FEATURES, CLASSES).init(device),
        }
    }

    /// `[images, 84]` from `[images, 1, 28, 28]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let maps = self.pool.forward(relu(self.conv1.forward(images)));
        let maps = self.pool.forward(relu(self.conv2.forward(maps)));
        let hidden = relu(self.dense1.forward(maps.flatten(1, 3)));
        relu(self.dense2.forward(hidden))
    }
}
