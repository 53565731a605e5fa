//! The most probable class of a sample, and its probability.

use crate::error::{Error, Number};

/// The lowest and the highest temperature.
pub(crate) const TEMPERATURES: (f32, f32) = (0.01, 100.0);

/// The most probable class of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prediction {
    /// The class with the largest logit; the first of equal ones.
    pub class: usize,
    /// Its softmax probability, in [0, 1].
    pub probability: f32,
}

/// `Ok` if a temperature is in range.
pub(crate) const fn check_temperature(temperature: f32) -> Result<(), Error> {
    if temperature >= TEMPERATURES.0 && temperature <= TEMPERATURES.1 {
        Ok(())
    } else {
        Err(Error::OutOfRange { number: Number::Temperature, value: temperature })
    }
}
