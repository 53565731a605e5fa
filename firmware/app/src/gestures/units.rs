//! The fixed units of the learner's features, so that what was learned and saved stays valid.

use gradient_decay::checkpoint::{Reader, Writer};
use gradient_decay::{Error, Preprocess, Saved};

use super::features::{AXIS_FEATURES, FEATURES};

/// The standard deviation of each kind of feature over gestures, in its own unit: rounded, and the same for all axes, so that a board may
/// be held in any way. A discriminant needs features of standard deviation 1; units taken from the device's first windows could divide by
/// the noise of a device that lay on the table.
const DEVIATIONS: [f32; AXIS_FEATURES] = [0.5, 0.3, 0.5, 0.3, 0.2, 0.15, 0.15, 0.15];

/// One over each.
const SCALES: [f32; AXIS_FEATURES] = {
    let (mut scales, mut i) = ([0.0; AXIS_FEATURES], 0);
    while i < AXIS_FEATURES {
        scales[i] = 1.0 / DEVIATIONS[i];
        i += 1;
    }
    scales
};

/// Divides each feature by its typical standard deviation. It has no fields, so it takes neither RAM nor flash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units;

impl Preprocess<[f32; FEATURES]> for Units {
    type Input = [f32; FEATURES];

    fn apply<T>(&self, features: &[f32; FEATURES], then: impl FnOnce(&[f32; FEATURES]) -> T) -> Result<T, Error> {
        let mut scaled = *features;
        for axis in scaled.chunks_mut(AXIS_FEATURES) {
            axis.iter_mut().zip(&SCALES).for_each(|(x, scale)| *x *= scale);
        }
        Ok(then(&scaled))
    }

    fn observe(&mut self, _: &[f32; FEATURES]) -> Result<(), Error> {
        Ok(())
    }
}

/// The units are part of the firmware, so nothing is saved.
impl Saved for Units {
    const SAVED_BYTES: usize = 0;

    fn write(&self, _: &mut Writer<'_>) {}

    fn read(&mut self, _: &Reader<'_>) -> Result<(), Error> {
        Ok(())
    }
}
