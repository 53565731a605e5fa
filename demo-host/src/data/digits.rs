//! The 8x8 digits of UCI (E. Alpaydin, C. Kaynak, CC BY 4.0), embedded in the crate `smartcore`: 1,797 images, grey
//! levels 0 to 16.
//!
//! The images come writer by writer, so a split in the given order tests on people that were not trained on. The
//! firmware's build script includes [`source`], so that the device holds the same samples.

pub mod source;

pub use source::{CLASSES, Digit, PIXELS, SIDE};

use super::{Dataset, Split};

/// The digits, grey levels scaled to [0, 1].
pub fn load() -> Dataset {
    Dataset { train: split(&source::training()), test: split(&source::test()) }
}

/// Digits as a split, grey levels scaled to [0, 1].
pub fn split(digits: &[Digit]) -> Split {
    Split {
        // Division by a power of two: the device's arithmetic gives the same bits.
        pixels: digits.iter().flat_map(|digit| digit.pixels.map(|grey| f32::from(grey) / 16.0)).collect(),
        labels: digits.iter().map(|digit| usize::from(digit.label)).collect(),
        size: [SIDE, SIDE],
    }
}
