//! The linear heads whose shape is known only at run time, in f32 and in integers.

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_classes, check_finite, check_length};
use crate::heads::fixed::{Fixed, FixedSlices, scale};
use crate::heads::linear::Linear;
use crate::heads::prediction::Prediction;
use crate::heads::storage::{ReadStorage, ReadView, VelocitySlices, View};
use crate::numeric::fixed_point::nearest;
use crate::numeric::math::{Libm, Math};
use crate::numeric::random::Random;

/// A linear head over the caller's slices, whose shape is known only at run time: for a head received over a wire or read from a file, and
/// for other languages. Its results have the same bits as those of a [`LinearHead`](crate::LinearHead), which is smaller and whose types
/// check more.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, LinearView, PairView, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 20), Sgd::new(0.5));
///
/// let (mut parameters, mut scratch) = ([0.0; 2 * (3 + 1)], [0.0; 2 * 2]); // 2 classes, 3 features
/// let mut head = LinearView::new(&mut parameters, 2, 3)?;
/// let mut state = State::with_work(PairView::new(&mut scratch, 2)?);
/// for _ in 0..50 {
///     TUNER.step(&mut head, &mut state, &[1.0, 0.0, 0.5], 1)?;
///     TUNER.step(&mut head, &mut state, &[0.0, 1.0, 0.5], 0)?;
/// }
/// let prediction = head.predict(&[1.0, 0.1, 0.5], &mut [0.0; 2])?;
/// assert!(prediction.class == 1 && prediction.probability > 0.9);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type LinearView<'a, M = Libm, V = ()> = Linear<View<'a, V>, M>;

impl<'a> LinearView<'a> {
    /// A head over `room * (features + 1)` parameters, the weights row by row (one row for each class), then the biases; all classes are
    /// in use.
    ///
    /// # Errors
    /// As [`with_math`](Self::with_math).
    pub fn new(parameters: &'a mut [f32], room: usize, features: usize) -> Result<Self, Error> {
        Self::with_math(parameters, room, features)
    }
}

impl<'a, M> LinearView<'a, M> {
    /// [`new`](LinearView::new) with the math backend `M`.
    ///
    /// It does not check the parameters, so constructing a head for each call costs nothing. [`logits`](crate::Head::logits) returns an
    /// error if a NaN or infinite parameter affects a logit; [`check`](Self::check) checks all parameters.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `room * (features + 1)` parameters, or the shape has no class or no feature.
    pub fn with_math(parameters: &'a mut [f32], room: usize, features: usize) -> Result<Self, Error> {
        let storage = View::new(parameters, room, features)?;
        Ok(Linear { storage, unused: 0, math: PhantomData })
    }

    /// A head over a row of `features` weights for each bias, the last `unused` of which are not in use, without the checks of
    /// [`new`](LinearView::new): for the C library, which makes the same head for every call. With another shape results are meaningless, but
    /// nothing panics.
    #[doc(hidden)]
    pub const fn again(weights: &'a mut [f32], bias: &'a mut [f32], features: usize, unused: u32) -> Self {
        Linear { storage: View::of(weights, bias, features), unused, math: PhantomData }
    }

    /// With only the first `classes` classes in use. The parameters behind them must be zero, as they are after
    /// [`truncate`](Self::truncate) and [`remove_class`](crate::Classes::remove_class).
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if there is no room for that many.
    pub fn with_classes(mut self, classes: usize) -> Result<Self, Error> {
        check_classes(self.storage.bias.len(), classes)?;
        self.unused = self.storage.bias.len().saturating_sub(classes) as u32;
        Ok(self)
    }

    /// With a velocity, for an optimizer with momentum: one number for each parameter, and `bound`, which the library keeps at or above the
    /// largest magnitude of them; start with 0 if all velocities are 0.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many velocities as parameters.
    pub fn with_velocity(
        self,
        velocity: &'a mut [f32],
        bound: &'a mut f32,
    ) -> Result<LinearView<'a, M, VelocitySlices<'a>>, Error> {
        let storage = self.storage.with_velocity(velocity, bound)?;
        Ok(Linear { storage, unused: self.unused, math: PhantomData })
    }
}

impl<M, V> LinearView<'_, M, V> {
    /// The number of features of a sample.
    pub const fn features(&self) -> usize {
        self.storage.features
    }
}

impl<M: Math, V> LinearView<'_, M, V> {
    /// The most probable class of a sample and its softmax probability. `scratch` has one number for each class that there is room for,
    /// and may hold anything before and after.
    ///
    /// # Errors
    /// As [`logits`](crate::Head::logits); [`Error::NoClasses`] if no class is in use.
    pub fn predict(&self, features: &[f32], scratch: &mut [f32]) -> Result<Prediction, Error> {
        self.storage.check(features)?;
        check_length(Slice::Logits, self.storage.bias.len(), scratch.len())?;
        self.storage.copy_bias(scratch);
        self.predict_from_biases(features, scratch)
    }
}

/// A linear head over parameters that are only read, of flash for example, whose shape is known only at run time. It answers, and can be mixed
/// in ([`MixedView`](crate::MixedView)), but not learn; its results have the same bits as those of a [`LinearView`].
///
/// ```
/// use gradient_decay::{FrozenView, Head};
///
/// static PARAMETERS: [f32; 6] = [1.0, 0.0, -1.0, 0.0, 0.0, 0.5]; // rows 1 0 and -1 0, biases 0 and 0.5
/// let head = FrozenView::new(&PARAMETERS, 2, 2)?;
/// let mut logits = [0.0; 2];
/// head.logits(&[2.0, 1.0], &mut logits)?;
/// assert_eq!(logits, [2.0, -1.5]);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type FrozenView<'a, M = Libm> = Linear<ReadView<'a>, M>;

impl<'a> FrozenView<'a> {
    /// A head over `room * (features + 1)` parameters, as [`LinearView::new`] has them; all classes are in use. It does not check the parameters:
    /// [`check`](Self::check) does.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `room * (features + 1)` parameters, or the shape has no class or no feature.
    pub fn new(parameters: &'a [f32], room: usize, features: usize) -> Result<Self, Error> {
        let storage = ReadView::new(parameters, room, features)?;
        Ok(Linear { storage, unused: 0, math: PhantomData })
    }
}

/// A head in integers over the caller's slices, whose shape is known only at run time, for other languages. Its results have the same bits as
/// those of a [`FixedHead`](crate::FixedHead).
///
/// ```
/// use gradient_decay::{FixedSettings, FixedView, PairView, State};
///
/// const SETTINGS: FixedSettings = FixedSettings::new(4096).with_ln_beta(-150_902, 0, 50); // 0.125; from beta 0.1 to 1
/// let (mut weights, mut bias, mut scratch) = ([0; 2 * 2], [0; 2], [0; 2 * 2]); // 2 classes, 2 features
/// let mut head = FixedView::new(&mut weights, &mut bias, 2, 5, 1)?;
/// let mut state = State::with_work(PairView::new(&mut scratch, 2)?);
/// for _ in 0..100 {
///     head.learn(&SETTINGS, &mut state, &[64, -32], 0)?;
///     head.learn(&SETTINGS, &mut state, &[-64, 32], 1)?;
/// }
/// let mut probabilities = [0; 2];
/// assert_eq!(head.probabilities(&[60, -20], &mut probabilities)?, 0);
/// assert!(probabilities[0] > 29_491); // 0.9 in units of 2^-15
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type FixedView<'a, M = Libm> = Fixed<FixedSlices<'a>, M>;

impl<'a> FixedView<'a> {
    /// A head over a row of `features` weights for each bias, as they stand; all classes are in use. The features are `q 2^-exponent`, the
    /// exponent in 0..=7; a larger one counts as 7. Updates are rounded by random numbers that follow from `seed`.
    ///
    /// # Errors
    /// As [`with_math`](Self::with_math).
    pub fn new(
        weights: &'a mut [i16],
        bias: &'a mut [i32],
        features: usize,
        exponent: u32,
        seed: u32,
    ) -> Result<Self, Error> {
        Self::with_math(weights, bias, features, exponent, seed)
    }
}

impl<'a, M> FixedView<'a, M> {
    /// [`new`](FixedView::new) with the math backend `M`.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `features` weights for each bias, or the shape has no class, no feature or more than 512 features.
    pub fn with_math(
        weights: &'a mut [i16],
        bias: &'a mut [i32],
        features: usize,
        exponent: u32,
        seed: u32,
    ) -> Result<Self, Error> {
        let classes = bias.len() as u32;
        Ok(Self::over(FixedSlices::new(weights, bias, features)?, classes, exponent, seed))
    }

    /// With only the first `classes` classes in use. The numbers behind them must be zero, as they are after
    /// [`truncate`](Self::truncate) and [`remove_class`](crate::Classes::remove_class).
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if there is no room for that many.
    pub fn with_classes(mut self, classes: usize) -> Result<Self, Error> {
        check_classes(self.storage.bias.len(), classes)?;
        self.classes = classes as u32;
        Ok(self)
    }

    /// With a generator in the state that [`random`](Self::random) returned, to go on as the head that it was of; 0, which no generator has,
    /// counts as 1.
    pub fn with_random(mut self, random: u32) -> Self {
        self.random = Random(if random == 0 { 1 } else { random });
        self
    }

    /// The state of the random generator of stochastic rounding, never 0.
    pub const fn random(&self) -> u32 {
        self.random.0
    }

    /// The number of features of a sample.
    pub const fn features(&self) -> usize {
        self.storage.features
    }

    /// Rounds features to the nearest i8 in this head's format; values beyond its range saturate.
    ///
    /// # Errors
    /// [`Error::Length`] if either slice has not as many numbers as a sample, [`Error::NotFinite`] if a feature is NaN or infinite; `to` is
    /// then unchanged.
    pub fn quantize(&self, features: &[f32], to: &mut [i8]) -> Result<(), Error> {
        check_length(Slice::Features, self.storage.features, features.len())?;
        check_length(Slice::Features, self.storage.features, to.len())?;
        check_finite(Slice::Features, features)?;
        let scale = scale(self.exponent);
        to.iter_mut().zip(features).for_each(|(to, x)| *to = nearest(x * scale, 127) as i8);
        Ok(())
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::Head;

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        for (length, room, features) in [(6, 2, 3), (6, 0, 2), (6, 2, 0), (0, 0, 0), (6, usize::MAX, usize::MAX)] {
            assert!(LinearView::new(&mut [0.0; 6][..length], room, features).is_err(), "{room} {features}");
            assert!(FrozenView::new(&[0.0; 6][..length], room, features).is_err(), "{room} {features}");
        }
        let mut parameters = [0.5; 6];
        let head = LinearView::new(&mut parameters, 2, 2).unwrap();
        assert!(head.predict(&[1.0], &mut [0.0; 2]).is_err() && head.predict(&[1.0; 2], &mut [0.0; 3]).is_err());
        assert!(head.logits(&[1.0; 3], &mut [0.0; 2]).is_err() && head.logits(&[1.0; 2], &mut [0.0; 1]).is_err());
        assert_eq!((head.room(), head.classes(), head.features()), (2, 2, 2));
        assert!(head.with_classes(3).is_err());
        for index in 0..6 {
            let mut parameters = [0.5; 6];
            parameters[index] = f32::NAN;
            let head = LinearView::new(&mut parameters, 2, 2).unwrap();
            assert_eq!(head.check(), Err(Error::NotFinite { slice: Slice::Parameters, index }));
        }
    }
}
