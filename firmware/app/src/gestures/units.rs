//! The units that the learner sees features in: fixed, so that what was learned and saved means the same for ever.

use gradient_decay::checkpoint::{Reader, Writer};
use gradient_decay::{Error, Preprocess, Saved};

use super::features::{AXIS_FEATURES, FEATURES};

/// How much each kind of feature varies from gesture to gesture, in its own unit: rounded, and the same for all axes, so that a board may
/// be held in any way. A discriminant takes features of deviation 1; a device that took the units from its first windows would divide by
/// the noise of one that lay on the table.
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

/// Divides each feature by its typical deviation. It holds nothing, so that it takes neither RAM nor flash.
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

/// They are the firmware's.
impl Saved for Units {
    const SAVED_BYTES: usize = 0;

    fn write(&self, _: &mut Writer<'_>) {}

    fn read(&mut self, _: &Reader<'_>) -> Result<(), Error> {
        Ok(())
    }
}
