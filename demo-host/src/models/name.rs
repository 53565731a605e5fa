//! The architectures by name.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// The width of the hidden layer of the small network, whose outputs are the features.
pub const MLP_FEATURES: usize = 64;

/// Height and width of the colour images of CIFAR and SVHN, in pixels, which LeNet-5 and VGG-16 are made for: the five poolings
/// of the latter leave one pixel.
pub(super) const COLOUR_SIDE: usize = 32;

/// The smallest side that the residual networks take: they halve it at most three times.
const RESIDUAL_SIDE: usize = 8;

/// An architecture by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// One hidden layer of 64, with ReLU: small enough for a device.
    Mlp,
    /// Hidden layers of 256 and 128, with ReLU.
    #[value(name = "mlp256")]
    Mlp256,
    /// LeNet-5 with ReLU and max-pooling, for images of 28x28 or 32x32.
    #[value(name = "lenet5")]
    LeNet5,
    /// VGG-16 with batch normalisation, for images of 32x32.
    #[value(name = "vgg16")]
    Vgg16,
    /// ResNet-8 of MLPerf Tiny.
    #[value(name = "resnet8")]
    ResNet8,
    /// ResNet-20 for CIFAR.
    #[value(name = "resnet20")]
    ResNet20,
    /// ResNet-18 with the stem for CIFAR.
    #[value(name = "resnet18")]
    ResNet18,
    /// ResNet-34 with the stem for CIFAR.
    #[value(name = "resnet34")]
    ResNet34,
}

impl ModelName {
    /// The name as the command line spells it.
    pub fn label(self) -> &'static str {
        match self {
            ModelName::Mlp => "mlp",
            ModelName::Mlp256 => "mlp256",
            ModelName::LeNet5 => "lenet5",
            ModelName::Vgg16 => "vgg16",
            ModelName::ResNet8 => "resnet8",
            ModelName::ResNet20 => "resnet20",
            ModelName::ResNet18 => "resnet18",
            ModelName::ResNet34 => "resnet34",
        }
    }

    /// The name as it is written in texts.
    pub fn title(self) -> &'static str {
        match self {
            ModelName::Mlp => "MLP 64",
            ModelName::Mlp256 => "MLP 256-128",
            ModelName::LeNet5 => "LeNet-5",
            ModelName::Vgg16 => "VGG-16",
            ModelName::ResNet8 => "ResNet-8",
            ModelName::ResNet20 => "ResNet-20",
            ModelName::ResNet18 => "ResNet-18",
            ModelName::ResNet34 => "ResNet-34",
        }
    }

    /// Refuses images that the architecture does not take, of a shape `[channels, height, width]`.
    ///
    /// # Errors
    /// A sentence that says which it takes.
    pub fn check(self, [_, height, width]: [usize; 3]) -> Result<()> {
        let (takes, fits) = match self {
            ModelName::Mlp | ModelName::Mlp256 => return Ok(()),
            ModelName::LeNet5 => ("28x28 or 32x32", height == width && [28, COLOUR_SIDE].contains(&height)),
            ModelName::Vgg16 => ("32x32", [height, width] == [COLOUR_SIDE; 2]),
            ModelName::ResNet8 | ModelName::ResNet20 | ModelName::ResNet18 | ModelName::ResNet34 => {
                ("8x8 and larger", height.min(width) >= RESIDUAL_SIDE)
            }
        };
        ensure!(
            fits,
            "{} takes images of {takes} pixels, but those of the data set have {height}x{width}: use --model mlp",
            self.label()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_a_wrong_size_are_refused() {
        for (name, shape) in [
            (ModelName::LeNet5, [1, 8, 8]),
            (ModelName::LeNet5, [1, 28, 32]),
            (ModelName::Vgg16, [1, 28, 28]),
            (ModelName::ResNet8, [1, 4, 32]),
        ] {
            let message = name.check(shape).unwrap_err().to_string();
            assert!(message.contains(name.label()), "{message}");
        }
        assert!(ModelName::LeNet5.check([3, 32, 32]).is_ok());
    }
}
