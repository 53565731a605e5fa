//! The 8x8 digits of UCI (E. Alpaydin, C. Kaynak, CC BY 4.0), embedded in the crate `smartcore`: 1,797 images, grey
//! levels 0 to 16.
//!
//! The images come writer by writer, so a split in the given order tests on people that were not trained on. The
//! firmware's build script includes [`source`], so that the device holds the same samples.

pub mod source;

pub use source::{CLASSES, Digit, PIXELS, SIDE};

use super::{Dataset, Normalisation, Split};

/// Grey levels 0 to 16 as [0, 1]: a division by a power of two, so that the device's arithmetic gives the same bits.
pub const NORMALISATION: Normalisation = Normalisation { white: 16.0, mean: &[0.0], deviation: &[1.0] };

/// The digits.
pub fn load() -> Dataset {
    Dataset { train: split(&source::training()), test: split(&source::test()) }
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
