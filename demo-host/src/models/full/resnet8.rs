//! ResNet-8 in the form of MLPerf Tiny's image classification (Banbury et al. 2021): three stages of one block, biases
//! everywhere, a plain 1x1 convolution as shortcut. 78,186 parameters for 3 channels and 10 classes; Keras, which counts the
//! 480 running statistics of the normalisation as well, says 78,666.
//!
//! The strided convolutions are padded on both sides as in PyTorch, not on one as in Keras.

use super::residual::{Architecture, ShortcutKind};

/// The architecture.
pub const RESNET8: Architecture =
    Architecture { widths: &[16, 32, 64], blocks: &[1, 1, 1], shortcut: ShortcutKind::Convolution, bias: true };
