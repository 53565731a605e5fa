//! ResNet-20 for CIFAR (He et al. 2016, section 4.2): three stages of three blocks, shortcuts without parameters. 269,722
//! parameters for 3 channels and 10 classes (the paper's 0.27 M).

use super::residual::{Architecture, ShortcutKind};

/// The architecture.
pub const RESNET20: Architecture =
    Architecture { widths: &[16, 32, 64], blocks: &[3, 3, 3], shortcut: ShortcutKind::Padding, bias: false };
