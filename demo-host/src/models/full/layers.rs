//! The layer that the deeper networks consist of.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Initializer, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::cpu::{After, convolve_and_normalise};

/// A convolution of the deeper networks: square, padded so that stride 1 keeps the size, and initialised as in
/// He et al. (2015), from the fan-out.
pub fn convolution(channels: [usize; 2], kernel: usize, stride: usize, bias: bool, device: &Device) -> Conv2d {
    let padding = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(bias)
        .with_initializer(Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: true })
        .init(device)
}

/// A convolution with batch normalisation behind.
#[derive(Module, Debug)]
pub struct NormalisedConvolution {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl NormalisedConvolution {
    /// A layer from `channels[0]` to `channels[1]` channels.
    pub fn new(channels: [usize; 2], kernel: usize, stride: usize, bias: bool, device: &Device) -> Self {
        NormalisedConvolution {
            convolution: convolution(channels, kernel, stride, bias, device),
            norm: BatchNormConfig::new(channels[1]).init(device),
        }
    }

    /// `[images, channels_out, height / stride, width / stride]` from `[images, channels_in, height, width]`.
    pub fn forward(&self, maps: Tensor<4>, after: After) -> Tensor<4> {
        convolve_and_normalise(&self.convolution, &self.norm, maps, after)
    }
}
