//! ResNet-34 (He et al. 2016) with the stem for CIFAR, a 3x3 convolution without pooling. 21,282,122 parameters for 3
//! channels and 10 classes.

use super::residual::{Architecture, ShortcutKind};

/// The architecture.
pub const RESNET34: Architecture = Architecture {
    widths: &[64, 128, 256, 512],
    blocks: &[3, 4, 6, 3],
    shortcut: ShortcutKind::NormalisedConvolution,
    bias: false,
};
