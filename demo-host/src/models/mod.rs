//! Architectures, one file each. Each ends in a linear head and gives the features that the head works on, so that the
//! head can be taken out and run by the core.

mod lenet5;
mod mlp;

pub use lenet5::LeNet5;
pub use mlp::{FEATURES as MLP_FEATURES, Mlp};

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The number of classes of every model so far.
pub const CLASSES: usize = 10;

/// An architecture by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum ModelName {
    /// One hidden layer of 64, with ReLU.
    Mlp,
    /// LeNet-5 with ReLU and max-pooling, for 28x28 images.
    #[value(name = "lenet5")]
    LeNet5,
}

/// A model of any architecture.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one model at a time, and never an array of them")]
pub enum Model {
    /// See [`ModelName::Mlp`].
    Mlp(Mlp),
    /// See [`ModelName::LeNet5`].
    LeNet5(LeNet5),
}

impl ModelName {
    /// The name as the command line spells it.
    pub fn label(self) -> &'static str {
        match self {
            ModelName::Mlp => "mlp",
            ModelName::LeNet5 => "lenet5",
        }
    }

    /// A fresh model for images of this size. The parameters come from the device's random numbers: seed it first.
    ///
    /// # Errors
    /// If the architecture does not take images of this size.
    pub fn init(self, image_size: [usize; 2], device: &Device) -> anyhow::Result<Model> {
        match self {
            ModelName::Mlp => Ok(Model::Mlp(Mlp::new(image_size[0] * image_size[1], device))),
            ModelName::LeNet5 => {
                anyhow::ensure!(
                    image_size == [28, 28],
                    "lenet5 takes images of 28x28 pixels, but those of the data set have {}x{}: use --model mlp",
                    image_size[0],
                    image_size[1]
                );
                Ok(Model::LeNet5(LeNet5::new(device)))
            }
        }
    }

    /// The number of features that the head works on.
    pub fn features(self) -> usize {
        match self {
            ModelName::Mlp => MLP_FEATURES,
            ModelName::LeNet5 => lenet5::FEATURES,
        }
    }
}

impl Model {
    /// The features that the head works on: `[images, features]` from `[images, 1, height, width]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        match self {
            Model::Mlp(model) => model.features(images),
            Model::LeNet5(model) => model.features(images),
        }
    }

    /// The last layer.
    pub fn head(&self) -> &Linear {
        match self {
            Model::Mlp(model) => &model.head,
            Model::LeNet5(model) => &model.head,
        }
    }

    /// The logits: `[images, classes]` from `[images, 1, height, width]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head().forward(self.features(images))
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
        let device = Device::flex();
        // 64*64 + 64 + 64*10 + 10; and LeCun et al. (1998), with the connections of C3 complete: 61,706.
        for (name, size, parameters) in [(ModelName::Mlp, [8, 8], 4810), (ModelName::LeNet5, [28, 28], 61_706)] {
            let model = name.init(size, &device).unwrap();
            assert_eq!(model.num_params(), parameters);
            let images = Tensor::zeros([3, 1, size[0], size[1]], &device);
            assert_eq!(model.features(images.clone()).dims(), [3, name.features()]);
            assert_eq!(model.forward(images).dims(), [3, CLASSES]);
            assert_eq!(core_parameters(model.head()).len(), CLASSES * (name.features() + 1));
        }
        assert!(ModelName::LeNet5.init([8, 8], &device).is_err());
    }
}
