//! A network with one hidden layer: small enough that the whole of it runs on the device.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::CLASSES;

/// The width of the hidden layer, whose outputs are the features.
pub const FEATURES: usize = 64;

/// Pixels, a hidden layer of 64 with ReLU, the head.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The hidden layer.
    pub hidden: Linear,
    /// The last layer.
    pub head: Linear,
}

impl Mlp {
    /// For images of so many pixels.
    pub fn new(pixels: usize, device: &Device) -> Self {
        Mlp {
            hidden: LinearConfig::new(pixels, FEATURES).init(device),
            head: LinearConfig::new(FEATURES, CLASSES).init(device),
        }
    }

    /// `[images, 64]` from `[images, 1, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        relu(self.hidden.forward(images.flatten(1, 3)))
    }
}
