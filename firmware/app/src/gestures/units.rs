//! The fixed units of the learner's features, so that what was learned and saved stays valid.

use gradient_decay::checkpoint::{FEATURE_VERSION_BYTES, Reader, Writer};
use gradient_decay::{Error, Preprocess, Saved};

use super::features::{FEATURES, SIGNAL_FEATURES};

/// The standard deviation of each kind of feature over gestures, in its own unit: rounded, and the same for all signals, so that a board
/// may be held in any way. A discriminant needs features of standard deviation 1; units taken from the device's first windows could divide by
/// the noise of a device that lay on the table.
const DEVIATIONS: [f32; SIGNAL_FEATURES] = [0.6, 0.3, 0.25, 0.25, 0.25, 0.25];

/// One over each.
const SCALES: [f32; SIGNAL_FEATURES] = {
    let (mut scales, mut i) = ([0.0; SIGNAL_FEATURES], 0);
    while i < SIGNAL_FEATURES {
        scales[i] = 1.0 / DEVIATIONS[i];
        i += 1;
    }
    scales
};

/// Divides each feature by its typical standard deviation. It has no fields, so it takes no RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units;

impl Preprocess<[f32; FEATURES]> for Units {
    type Input = [f32; FEATURES];

    fn apply<T>(&self, features: &[f32; FEATURES], then: impl FnOnce(&[f32; FEATURES]) -> T) -> Result<T, Error> {
        let mut scaled = *features;
        for signal in scaled.chunks_mut(SIGNAL_FEATURES) {
            signal.iter_mut().zip(&SCALES).for_each(|(x, scale)| *x *= scale);
        }
        Ok(then(&scaled))
    }

    fn observe(&mut self, _: &[f32; FEATURES]) -> Result<(), Error> {
        Ok(())
    }
}

/// The version of the features and their units; firmware before 2 saved none. Statistics of other features are refused, though they have the
/// same shape.
const VERSION: u32 = 2;

/// The features and units are part of the firmware, so only their version is saved.
impl Saved for Units {
    const SAVED_BYTES: usize = FEATURE_VERSION_BYTES;

    fn write(&self, to: &mut Writer<'_>) {
        to.feature_version(VERSION);
    }

    fn read(&mut self, from: &Reader<'_>) -> Result<(), Error> {
        from.expect_feature_version(VERSION)
    }
}
