//! ResNet-18 (He et al. 2016) with the stem for CIFAR, a 3x3 convolution without pooling. 11,173,962 parameters for 3
//! channels and 10 classes.

use super::residual::{Architecture, ShortcutKind};

/// The architecture.
pub const RESNET18: Architecture = Architecture {
    widths: &[64, 128, 256, 512],
    blocks: &[2, 2, 2, 2],
    shortcut: ShortcutKind::NormalisedConvolution,
    bias: false,
};
