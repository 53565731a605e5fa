//! The digits of the package `digits` as a data set.

pub use ::digits::{CLASSES, Digit, PIXELS, SIDE};

use super::{Dataset, Normalisation, Split};

/// Grey levels 0 to 16 as [0, 1]: a division by a power of two, so that the device's arithmetic gives the same bits.
pub const NORMALISATION: Normalisation = Normalisation { white: 16.0, mean: &[0.0], deviation: &[1.0] };

/// The digits.
pub fn load() -> Dataset {
    Dataset { train: split(&::digits::training()), test: split(&::digits::test()) }
}

/// Digits as a split.
pub fn split(digits: &[Digit]) -> Split {
    Split {
        pixels: digits.iter().flat_map(|digit| digit.pixels).collect(),
        labels: digits.iter().map(|digit| usize::from(digit.label)).collect(),
        shape: [1, SIDE, SIDE],
        normalisation: NORMALISATION,
    }
}
