//! The architectures by burn, one file each, and a model of any of them.

mod cpu;
mod layers;
mod lenet5;
mod mlp;
mod residual;
mod resnet18;
mod resnet20;
mod resnet34;
mod resnet8;
mod vgg16;

pub use cpu::{convolve, convolve_and_normalise};
pub use lenet5::LeNet5;
pub use mlp::Mlp;
pub use residual::ResidualNetwork;
pub use vgg16::Vgg16;

use anyhow::Result;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};

use resnet8::RESNET8;
use resnet18::RESNET18;
use resnet20::RESNET20;
use resnet34::RESNET34;

use super::{MLP_FEATURES, ModelName};
use crate::data::Split;
use crate::evaluation::Outputs;

/// Images of a forward pass for inference.
const BATCH: usize = 500;

/// A model of any architecture.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one model at a time, and never an array of them")]
pub enum Model {
    /// See [`ModelName::Mlp`] and [`ModelName::Mlp256`].
    Mlp(Mlp),
    /// See [`ModelName::LeNet5`].
    LeNet5(LeNet5),
    /// See [`ModelName::Vgg16`].
    Vgg16(Vgg16),
    /// See [`ModelName::ResNet8`] and the names below it.
    Residual(ResidualNetwork),
}

impl ModelName {
    /// A fresh model for images of a shape `[channels, height, width]`. The parameters come from the device's random
    /// numbers: seed it first.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn init(self, shape: [usize; 3], classes: usize, device: &Device) -> Result<Model> {
        self.check(shape)?;
        let [channels, height, width] = shape;
        let elements = channels * height * width;
        let model = match self {
            ModelName::Mlp => Model::Mlp(Mlp::new(elements, &[MLP_FEATURES], classes, device)),
            ModelName::Mlp256 => {
                Model::Mlp(Mlp::new(elements, &[mlp::LARGE_FIRST, mlp::LARGE_FEATURES], classes, device))
            }
            ModelName::LeNet5 => Model::LeNet5(LeNet5::new(channels, height, classes, device)),
            ModelName::Vgg16 => Model::Vgg16(Vgg16::new(channels, classes, device)),
            ModelName::ResNet8 => Model::Residual(RESNET8.init(channels, classes, device)),
            ModelName::ResNet20 => Model::Residual(RESNET20.init(channels, classes, device)),
            ModelName::ResNet18 => Model::Residual(RESNET18.init(channels, classes, device)),
            ModelName::ResNet34 => Model::Residual(RESNET34.init(channels, classes, device)),
        };
        Ok(model)
    }

    /// The number of features that the head works on.
    pub fn features(self) -> usize {
        match self {
            ModelName::Mlp => MLP_FEATURES,
            ModelName::Mlp256 => mlp::LARGE_FEATURES,
            ModelName::LeNet5 => lenet5::FEATURES,
            ModelName::Vgg16 => vgg16::FEATURES,
            ModelName::ResNet8 => RESNET8.features(),
            ModelName::ResNet20 => RESNET20.features(),
            ModelName::ResNet18 => RESNET18.features(),
            ModelName::ResNet34 => RESNET34.features(),
        }
    }
}

impl Model {
    /// The features that the head works on: `[images, features]` from `[images, channels, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Model::Mlp(model) => model.features(images),
            Model::LeNet5(model) => model.features(images),
            Model::Vgg16(model) => model.features(images),
            Model::Residual(model) => model.features(images),
        }
    }

    /// The last layer.
    pub fn head(&self) -> &Linear {
        match self {
            Model::Mlp(model) => &model.head,
            Model::LeNet5(model) => &model.head,
            Model::Vgg16(model) => &model.head,
            Model::Residual(model) => &model.head,
        }
    }

    /// The logits `[images, classes]` from features: by the head, or, given a scale, as cosines of the features and the
    /// head's weights.
    pub fn logits(&self, features: Tensor<2>, cosine_scale: Option<f32>) -> Tensor<2> {
        let Some(scale) = cosine_scale else { return self.head().forward(features) };
        let unit = |tensor: Tensor<2>, dimension: usize| {
            let norm = tensor.clone().powi_scalar(2).sum_dim(dimension).add_scalar(1e-12).sqrt();
            tensor / norm
        };
        unit(features, 1).matmul(unit(self.head().weight.val(), 0)).mul_scalar(scale)
    }

    /// Features and logits of the images of a split, for inference; with a scale, the logits are cosines.
    pub fn outputs(&self, split: &Split, cosine_scale: Option<f32>, device: &Device) -> Outputs {
        let [channels, height, width] = split.shape;
        let (mut features, mut logits, mut classes) = (Vec::new(), Vec::new(), 0);
        for pixels in split.pixels.chunks(BATCH * split.image_len()) {
            let mut numbers = Vec::with_capacity(pixels.len());
            for image in pixels.chunks_exact(split.image_len()) {
                split.normalisation.append(image, split.shape, &mut numbers);
            }
            let shape = [pixels.len() / split.image_len(), channels, height, width];
            let of_batch = self.features(Tensor::from_data(TensorData::new(numbers, shape), device));
            let logits_of_batch = self.logits(of_batch.clone(), cosine_scale);
            classes = logits_of_batch.dims()[1];
            features.extend(floats(of_batch));
            logits.extend(floats(logits_of_batch));
        }
        Outputs { features, logits, classes }
    }

    /// The logits by the head: `[images, classes]` from `[images, channels, height, width]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.logits(self.features(images), None)
    }

    /// The number of trained parameters, without the running statistics of normalisations. The model must be on a device that
    /// differentiates.
    pub fn parameters(&self) -> usize {
        struct Count(usize);
        impl ModuleVisitor for Count {
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                self.0 += if parameter.is_require_grad() { parameter.val().shape().num_elements() } else { 0 };
            }
        }
        let mut count = Count(0);
        self.visit(&mut count);
        count.0
    }
}

/// The parameters of a dense layer in the core's order: the weights row by row (a row is an output), then the biases.
pub fn core_parameters(layer: &Linear) -> Vec<f32> {
    let weights = floats(layer.weight.val().transpose());
    let bias = layer.bias.as_ref().map(|bias| floats(bias.val()));
    let outputs = layer.weight.val().dims()[1];
    weights.into_iter().chain(bias.unwrap_or_else(|| vec![0.0; outputs])).collect()
}

/// The elements of a tensor, row by row.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    // Every tensor of this program is f32, so that the conversion cannot fail.
    tensor.into_data().try_to_vec().expect("a tensor of f32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_parameter_counts() {
        let device = Device::flex().autodiff();
        let _seeded = cpu::seeded(&device);
        // The counts stand, with their sources, in the files of the architectures; those of the MLPs are sums of
        // (inputs + 1) * outputs.
        for (name, shape, classes, parameters) in [
            (ModelName::Mlp, [1, 8, 8], 10, 4_810),
            (ModelName::Mlp256, [1, 28, 28], 10, 785 * 256 + 257 * 128 + 129 * 10),
            (ModelName::LeNet5, [1, 28, 28], 10, 61_706),
            (ModelName::Vgg16, [3, 32, 32], 10, 14_728_266),
            (ModelName::ResNet8, [3, 32, 32], 10, 78_186),
            (ModelName::ResNet20, [3, 32, 32], 10, 269_722),
            (ModelName::ResNet18, [3, 32, 32], 10, 11_173_962),
            (ModelName::ResNet34, [3, 32, 32], 10, 21_282_122),
            (ModelName::ResNet18, [3, 32, 32], 100, 11_173_962 + 513 * 90),
        ] {
            let model = name.init(shape, classes, &device).unwrap();
            assert_eq!(model.parameters(), parameters, "{name:?}");
            let [channels, height, width] = shape;
            let images = Tensor::ones([2, channels, height, width], &device);
            assert_eq!(model.features(images.clone()).dims(), [2, name.features()], "{name:?}");
            assert_eq!(model.forward(images).dims(), [2, classes], "{name:?}");
            assert_eq!(core_parameters(model.head()).len(), classes * (name.features() + 1));
        }
    }
}
