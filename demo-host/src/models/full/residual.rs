//! Residual networks (He et al. 2016) of basic blocks, in the form for small images: a 3x3 stem without pooling, stages
//! that halve the size from the second on, global average pooling.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, s};

use super::cpu::{After, convolve, convolve_without_bias, for_two, subsample};
use super::layers::{NormalisedConvolution, convolution};

/// The parameters in which the residual networks differ.
pub struct Architecture {
    /// The channels of each stage.
    pub widths: &'static [usize],
    /// The blocks of each stage.
    pub blocks: &'static [usize],
    /// What stands beside a block that changes the shape.
    pub shortcut: ShortcutKind,
    /// Whether convolutions have a bias.
    pub bias: bool,
}

/// What stands beside a block that changes the shape.
#[derive(Clone, Copy)]
pub enum ShortcutKind {
    /// Every other pixel, and zeros for the new channels: option A of He et al.
    Padding,
    /// A 1x1 convolution with a bias.
    Convolution,
    /// A 1x1 convolution with batch normalisation: option B of He et al.
    NormalisedConvolution,
}

/// Stem, blocks, head.
#[derive(Module, Debug)]
pub struct ResidualNetwork {
    stem: NormalisedConvolution,
    blocks: Vec<Block>,
    /// The last layer.
    pub head: Linear,
}

impl Architecture {
    /// The width of the features.
    pub fn features(&self) -> usize {
        self.widths.last().copied().unwrap_or(0)
    }

    /// For images of so many channels, of any size from 8x8.
    pub fn init(&self, channels: usize, classes: usize, device: &Device) -> ResidualNetwork {
        let mut from = self.widths.first().copied().unwrap_or(channels);
        let stem = NormalisedConvolution::new([channels, from], 3, 1, self.bias, device);
        let mut blocks = Vec::new();
        for (stage, (&width, &count)) in self.widths.iter().zip(self.blocks).enumerate() {
            for block in 0..count {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(Block::new([from, width], stride, self, device));
                from = width;
            }
        }
        ResidualNetwork { stem, blocks, head: LinearConfig::new(from, classes).init(device) }
    }
}

impl ResidualNetwork {
    /// `[images, features]` from `[images, channels, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        let stem = self.stem.forward(images, After::Relu);
        let maps = self.blocks.iter().fold(stem, |maps, block| block.forward(maps));
        // The layers for the CPU keep channels last: this order of the dimensions saves a transposition.
        maps.permute([0, 2, 3, 1]).flatten::<3>(1, 2).mean_dim(1).flatten(1, 2)
    }
}

/// Two convolutions of 3x3 and what is added to them.
#[derive(Module, Debug)]
struct Block {
    first: NormalisedConvolution,
    second: NormalisedConvolution,
    shortcut: Shortcut,
}

/// What is added to a block.
#[allow(clippy::large_enum_variant, reason = "a model has a handful of them")]
#[derive(Module, Debug)]
enum Shortcut {
    Identity(Identity),
    Padding(Padding),
    Convolution(Conv2d),
    NormalisedConvolution(NormalisedConvolution),
}

/// The input as it is.
#[derive(Module, Debug, Default)]
struct Identity;

/// Every other pixel of the input, with so many channels of zeros before and behind.
#[derive(Module, Debug)]
struct Padding {
    channels: usize,
}

impl Block {
    fn new(channels: [usize; 2], stride: usize, architecture: &Architecture, device: &Device) -> Self {
        let [from, to] = channels;
        let bias = architecture.bias;
        let shortcut = match architecture.shortcut {
            _ if from == to && stride == 1 => Shortcut::Identity(Identity),
            ShortcutKind::Padding => Shortcut::Padding(Padding { channels: (to - from) / 2 }),
            ShortcutKind::Convolution => Shortcut::Convolution(convolution(channels, 1, stride, true, device)),
            ShortcutKind::NormalisedConvolution => {
                Shortcut::NormalisedConvolution(NormalisedConvolution::new(channels, 1, stride, bias, device))
            }
        };
        Block {
            first: NormalisedConvolution::new(channels, 3, stride, bias, device),
            second: NormalisedConvolution::new([to, to], 3, 1, bias, device),
            shortcut,
        }
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let [maps, beside] = for_two(maps);
        let (beside, bias) = match &self.shortcut {
            Shortcut::Identity(_) => (beside, None),
            Shortcut::Padding(padding) => (padding.forward(beside), None),
            Shortcut::Convolution(layer) => match convolve_without_bias(layer, &beside) {
                Some(beside) => (beside, layer.bias.as_ref().map(|bias| bias.val())),
                None => (convolve(layer, beside), None),
            },
            Shortcut::NormalisedConvolution(layer) => (layer.forward(beside, After::Nothing), None),
        };
        self.second.forward(self.first.forward(maps, After::Relu), After::AddRelu(beside, bias))
    }
}

impl Padding {
    fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        subsample(&maps, self.channels).unwrap_or_else(|| {
            let maps = maps.slice(s![.., .., ..;2, ..;2]);
            let [images, _, height, width] = maps.dims();
            let zeros = Tensor::zeros([images, self.channels, height, width], &maps.device());
            Tensor::cat(vec![zeros.clone(), maps, zeros], 1)
        })
    }
}
