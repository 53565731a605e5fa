//! The knowledge of a discriminant before its first label, made by `demo-host` of a test.
#![allow(dead_code)]

use gradient_decay::{DiscriminantHead, Error, Saved, checkpoint, kernels};

/// The classes.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// The head that the prior is for.
pub type Head = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;

/// The core's checkpoint of it.
pub static CHECKPOINT: [u8; 140] = [
    71, 68, 99, 107, 2, 0, 2, 0, 140, 0, 0, 0, 16, 0, 0, 0, 104, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 128, 66, 0, 0, 128, 66, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 69, 80, 25, 61, 21, 116, 119, 61, 199,
    226, 148, 61, 0, 0, 224, 190, 205, 204, 172, 62, 0, 0, 16, 63, 51, 51, 35, 191, 0, 0, 200, 63, 102, 102,
    206, 191, 14, 93, 209, 188, 85, 62, 191, 60, 104, 82, 4, 61, 96, 143, 55, 189, 171, 169, 184, 61, 245, 94,
    231, 189, 38, 36, 28, 188, 91, 115, 191, 188, 194, 103, 37, 190, 5, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 125,
    5, 85, 206,
];

/// Puts the prior into a head, or into a learner with one.
///
/// # Errors
/// If it has another head than [`Head`].
pub fn load<T: Saved>(into: &mut T) -> Result<(), Error> {
    checkpoint::read(&CHECKPOINT, into)
}
