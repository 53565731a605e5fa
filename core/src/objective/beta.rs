//! A checked beta and its logarithm.

use crate::error::{Error, Number};
use crate::numeric::math::const_ln;

/// The largest beta.
const BETA_MAX: f32 = 1e6;

/// A valid beta with its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Beta {
    pub(crate) value: f32,
    pub(crate) ln: f32,
}

impl Beta {
    /// Plain cross-entropy.
    pub(crate) const ONE: Beta = Beta { value: 1.0, ln: 0.0 };

    pub(crate) const fn try_new(value: f32) -> Result<Self, Error> {
        // Written so that NaN is refused.
        if value > 0.0 && value <= BETA_MAX {
            Ok(Beta { value, ln: const_ln(value) })
        } else {
            Err(Error::OutOfRange { number: Number::Beta, value })
        }
    }
}
