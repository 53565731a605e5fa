//! The knowledge of a discriminant before its first label, made by `demo-host` of a test.
#![allow(dead_code)]

use gradient_decay::{DiscriminantHead, Error, Saved, checkpoint, kernels};

/// The classes.
pub const CLASSES: usize = 2;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// The head that the prior is for.
pub type Head = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;

/// The core's checkpoint of it.
pub static CHECKPOINT: [u8; 160] = [
    71, 68, 99, 107, 2, 0, 3, 0, 160, 0, 0, 0, 16, 0, 0, 0, 80, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 128, 66, 0, 0, 128, 66, 3, 0, 0, 0, 3, 0, 0, 0, 101, 124, 218, 62, 234, 37, 50, 61, 246, 253, 47,
    61, 250, 189, 88, 191, 5, 231, 71, 63, 250, 189, 88, 63, 5, 231, 71, 191, 219, 162, 238, 188, 80, 175,
    147, 60, 219, 162, 238, 60, 80, 175, 147, 188, 135, 174, 158, 188, 135, 174, 158, 188, 5, 0, 0, 0, 4, 0,
    0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 36, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 65, 0, 0, 195, 66,
    1, 0, 226, 65, 0, 0, 36, 65, 222, 168, 64, 62, 4, 236, 159, 62, 163, 170, 223, 241,
];

/// Puts the prior into a head, or into a learner with one. It holds the standardisation as well, which a learner with a
/// `Standardizer` takes over.
///
/// # Errors
/// If it has another head than [`Head`].
pub fn load<T: Saved>(into: &mut T) -> Result<(), Error> {
    checkpoint::read(&CHECKPOINT, into)
}
