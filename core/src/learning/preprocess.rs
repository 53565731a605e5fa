//! The steps that turn incoming features into the features that a head takes.

use crate::error::{Error, Slice, check_finite};
use crate::heads::fixed::{FixedHead, quantize};

/// A step in front of a head with features `X`; `()` passes them on.
pub trait Preprocess<X: ?Sized> {
    /// The features that come in.
    type Input: ?Sized;

    /// Calls `then` with the features for the head, and returns its result.
    ///
    /// # Errors
    /// [`Error::NotFinite`] or [`Error::OutOfRange`] if a feature is not finite or is out of range, [`Error::NotStandardized`] before the
    /// units are fixed; `then` is not called.
    fn apply<T>(&self, features: &Self::Input, then: impl FnOnce(&X) -> T) -> Result<T, Error>;

    /// Takes the features of a sample, labelled or not, into account if the units are derived from the first samples; otherwise it does nothing.
    ///
    /// # Errors
    /// As [`apply`](Self::apply); nothing is then counted.
    fn observe(&mut self, features: &Self::Input) -> Result<(), Error>;
}

impl<X: ?Sized> Preprocess<X> for () {
    type Input = X;

    #[inline]
    fn apply<T>(&self, features: &X, then: impl FnOnce(&X) -> T) -> Result<T, Error> {
        Ok(then(features))
    }

    #[inline]
    fn observe(&mut self, _: &X) -> Result<(), Error> {
        Ok(())
    }
}

/// Converts f32 features to those of a [`FixedHead`](crate::FixedHead): the nearest multiples of `2^-exponent` that an i8 holds; values beyond
/// its range saturate. `P` is applied first: `()`, or a [`Standardizer`](crate::Standardizer).
///
/// ```
/// use gradient_decay::{Preprocess, Quantizer};
///
/// let quantizer: Quantizer = Quantizer::new(5, ());
/// let bytes = quantizer.apply(&[0.5, -9.0], |x: &[i8; 2]| *x)?;
/// assert_eq!(bytes, [16, -127]); // steps of 1/32, saturated at -127/32
/// assert!(quantizer.apply(&[f32::NAN, 0.0], |x: &[i8; 2]| *x).is_err());
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantizer<P = ()> {
    exponent: u32,
    /// The step before.
    pub(crate) before: P,
}

impl<P> Quantizer<P> {
    /// For heads with this exponent, in 0..=7; `before` is applied first. The exponent must be the head's, or all features are scaled wrongly:
    /// [`of`](Self::of) takes it from the head itself.
    pub const fn new(exponent: u32, before: P) -> Self {
        Quantizer { exponent: if exponent > 7 { 7 } else { exponent }, before }
    }

    /// For a head, whose exponent is used; `before` is applied first.
    ///
    /// ```
    /// use gradient_decay::{FixedHead, Quantizer};
    ///
    /// const HEAD: FixedHead<4, 24> = FixedHead::new(5, 1);
    /// const QUANTIZER: Quantizer = Quantizer::of(&HEAD, ());
    /// assert_eq!(QUANTIZER, Quantizer::new(5, ()));
    /// ```
    pub const fn of<const CLASSES: usize, const FEATURES: usize, M>(
        head: &FixedHead<CLASSES, FEATURES, M>,
        before: P,
    ) -> Self {
        Self::new(head.exponent(), before)
    }
}

impl<const FEATURES: usize, P: Preprocess<[f32; FEATURES]>> Preprocess<[i8; FEATURES]> for Quantizer<P> {
    type Input = P::Input;

    fn apply<T>(&self, features: &P::Input, then: impl FnOnce(&[i8; FEATURES]) -> T) -> Result<T, Error> {
        let quantized = self.before.apply(features, |x| {
            // Check here, since a NaN would be lost in the integers.
            check_finite(Slice::Features, x)?;
            Ok(quantize(x, self.exponent))
        })??;
        Ok(then(&quantized))
    }

    fn observe(&mut self, features: &P::Input) -> Result<(), Error> {
        self.before.observe(features)
    }
}
