//! Fully connected networks: a small one, the whole of which runs on the device, and the usual one for 28x28 images.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// The width of the first hidden layer of the large network.
pub const LARGE_FIRST: usize = 256;

/// The width of its second, whose outputs are the features.
pub const LARGE_FEATURES: usize = 128;

/// Pixels, hidden layers with ReLU, the head.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The hidden layers.
    pub hidden: Vec<Linear>,
    /// The last layer.
    pub head: Linear,
}

impl Mlp {
    /// For images of so many elements, all channels together.
    pub fn new(elements: usize, widths: &[usize], classes: usize, device: &Device) -> Self {
        let inputs = std::iter::once(elements).chain(widths.iter().copied());
        let hidden = inputs.zip(widths).map(|(from, to)| LinearConfig::new(from, *to).init(device)).collect();
        let features = widths.last().copied().unwrap_or(elements);
        Mlp { hidden, head: LinearConfig::new(features, classes).init(device) }
    }

    /// `[images, features]` from `[images, channels, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        self.hidden.iter().fold(images.flatten(1, 3), |features, layer| relu(layer.forward(features)))
    }
}
