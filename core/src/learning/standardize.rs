//! Standardisation of features: each to mean 0 and standard deviation 1.
//!
//! The units are fixed once, by the host or by the first samples that a device sees, and never change afterwards: weights, remembered
//! samples and thresholds are all stored in these units, and would become wrong.

use core::cell::Cell;
use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_finite, check_length};
use crate::learning::preprocess::Preprocess;
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The largest feature: its square must stay in the range of f32.
pub(crate) const FEATURE_MAX: f32 = 1e18;

/// The storage of the numbers of a standardizer: [`OwnedUnits`], or the caller's slices, [`UnitsView`].
pub trait Units {
    /// The features of a sample.
    type Features: ?Sized + AsRef<[f32]> + AsMut<[f32]>;
    /// The number of features; 0 where it is known only at run time.
    const FEATURES: usize;

    /// Means, variances and scales.
    fn numbers(&self) -> [&[f32]; 3];
    /// Means, variances and scales, mutably.
    fn numbers_mut(&mut self) -> [&mut [f32]; 3];
    /// `Ok` if there are as many features as means.
    ///
    /// # Errors
    /// [`Error::Length`] if not.
    fn check(&self, features: &Self::Features) -> Result<(), Error>;
    /// Lends room for standardised features. Its contents at first are not specified.
    fn with_room<T>(&self, fill: impl FnOnce(&mut Self::Features) -> T) -> T;
}

/// The arrays of a standardizer.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct OwnedUnits<const FEATURES: usize> {
    mean: [f32; FEATURES],
    variance: [f32; FEATURES],
    /// Once the units are fixed: 1 / standard deviation, or 1. Before that: the rounding errors of the means (Kahan), without which the means
    /// would stop following the samples.
    scale: [f32; FEATURES],
}

impl<const FEATURES: usize> Units for OwnedUnits<FEATURES> {
    type Features = [f32; FEATURES];
    const FEATURES: usize = FEATURES;

    #[inline]
    fn numbers(&self) -> [&[f32]; 3] {
        [&self.mean, &self.variance, &self.scale]
    }

    #[inline]
    fn numbers_mut(&mut self) -> [&mut [f32]; 3] {
        [&mut self.mean, &mut self.variance, &mut self.scale]
    }

    #[inline]
    fn check(&self, _: &[f32; FEATURES]) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn with_room<T>(&self, fill: impl FnOnce(&mut [f32; FEATURES]) -> T) -> T {
        fill(&mut [0.0; FEATURES])
    }
}

/// Numbers in the caller's slice, whose length is known only at run time.
pub struct UnitsView<'a> {
    mean: &'a mut [f32],
    variance: &'a mut [f32],
    scale: &'a mut [f32],
    /// Room for standardised features, lent to one call at a time.
    room: Cell<&'a mut [f32]>,
}

impl<'a> UnitsView<'a> {
    /// The length of the slice for so many features, room for a standardised sample included.
    pub const fn numbers_of(features: usize) -> usize {
        features.saturating_mul(4)
    }

    fn new(numbers: &'a mut [f32], features: usize) -> Result<Self, Error> {
        check_length(Slice::Parameters, Self::numbers_of(features), numbers.len())?;
        numbers.fill(0.0);
        let (mean, rest) = numbers.split_at_mut_checked(features).unwrap_or_default();
        let (variance, rest) = rest.split_at_mut_checked(features).unwrap_or_default();
        let (scale, room) = rest.split_at_mut_checked(features).unwrap_or_default();
        Ok(UnitsView { mean, variance, scale, room: Cell::new(room) })
    }
}

impl Units for UnitsView<'_> {
    type Features = [f32];
    const FEATURES: usize = 0;

    fn numbers(&self) -> [&[f32]; 3] {
        [self.mean, self.variance, self.scale]
    }

    fn numbers_mut(&mut self) -> [&mut [f32]; 3] {
        [self.mean, self.variance, self.scale]
    }

    fn check(&self, features: &[f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.mean.len(), features.len())
    }

    fn with_room<T>(&self, fill: impl FnOnce(&mut [f32]) -> T) -> T {
        let room = self.room.take();
        let result = fill(room);
        self.room.set(room);
        result
    }
}

/// A standardizer over any storage of its numbers: [`Standardizer`], or [`StandardizerView`]. `M` is the math backend.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Standardization<S, M = Libm> {
    pub(crate) storage: S,
    pub(crate) needed: u32,
    pub(crate) seen: u32,
    math: PhantomData<M>,
}

/// The mean and the standard deviation of each of `FEATURES` features, fixed. `M` is the math backend. `12 FEATURES + 8` bytes.
///
/// A feature whose standard deviation is less than 1e-6 of its mean, or less than 1e-12, is centred but not scaled.
///
/// ```
/// use gradient_decay::{Error, Preprocess, Standardizer};
///
/// // Units from the first three samples, labelled or not (Welford's method, 1962). Use some dozens on a device.
/// let mut standardizer: Standardizer<2> = Standardizer::new(3);
/// for x in [1.0, 2.0, 3.0] {
///     let early = standardizer.apply(&[x, 7.0], |x| *x);
///     assert!(matches!(early, Err(Error::NotStandardized { needed: 3, .. })));
///     standardizer.observe(&[x, 7.0])?;
/// }
/// standardizer.observe(&[1000.0, 1000.0])?; // no longer counts
/// let x = standardizer.apply(&[3.0, 7.0], |x| *x)?;
/// assert!((x[0] - 1.5_f32.sqrt()).abs() < 1e-6); // 1 / standard deviation, which is sqrt(2/3)
/// assert_eq!(x[1], 0.0); // a constant feature is centred but not scaled
///
/// // Or units from the host.
/// const STANDARDIZER: Standardizer<2> = Standardizer::from_statistics(&[2.0, 7.0], &[0.5, 4.0]);
/// assert_eq!(STANDARDIZER.apply(&[3.0, 3.0], |x| *x)?, [2.0, -1.0]);
/// assert_eq!(Standardizer::<2>::BYTES, 32);
/// # Ok::<(), Error>(())
/// ```
pub type Standardizer<const FEATURES: usize, M = Libm> = Standardization<OwnedUnits<FEATURES>, M>;

/// A standardizer over the caller's slice. It computes the same bits as a [`Standardizer`].
///
/// ```
/// use gradient_decay::{Preprocess, StandardizerView, standardize::UnitsView};
///
/// let mut numbers = [0.0; UnitsView::numbers_of(2)];
/// let mut standardizer = StandardizerView::new(&mut numbers, 2, 3)?;
/// standardizer.set_statistics(&[2.0, 7.0], &[0.5, 4.0])?;
/// standardizer.apply(&[3.0, 3.0], |x: &[f32]| assert_eq!(x, [2.0, -1.0]))?;
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type StandardizerView<'a, M = Libm> = Standardization<UnitsView<'a>, M>;

impl<const FEATURES: usize> Standardizer<FEATURES> {
    /// Takes the means and the standard deviations that the host computed, over the features that the head was trained on.
    ///
    /// # Panics
    /// If a mean is not in [-1e18, 1e18] or a deviation not in [0, 1e18]; in a const, when it is compiled.
    pub const fn from_statistics(mean: &[f32; FEATURES], deviation: &[f32; FEATURES]) -> Self {
        match Self::try_from_statistics(mean, deviation) {
            Ok(standardizer) => standardizer,
            Err(_) => panic!("means must be in [-1e18, 1e18], deviations in [0, 1e18]"),
        }
    }

    /// [`from_statistics`](Self::from_statistics), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a mean is not in [-1e18, 1e18] or a deviation not in [0, 1e18].
    pub const fn try_from_statistics(mean: &[f32; FEATURES], deviation: &[f32; FEATURES]) -> Result<Self, Error> {
        Self::try_with_math(mean, deviation)
    }
}

impl<const FEATURES: usize, M> Standardizer<FEATURES, M> {
    /// The size in RAM, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// A standardizer whose units will be fixed by the first `samples` samples that it [observes](Preprocess::observe); 0 counts as 1.
    pub const fn new(samples: u32) -> Self {
        let zeros = [0.0; FEATURES];
        Self::over(OwnedUnits { mean: zeros, variance: zeros, scale: zeros }, samples)
    }

    /// [`try_from_statistics`](Standardizer::try_from_statistics) with the math backend `M`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a mean is not in [-1e18, 1e18] or a deviation not in [0, 1e18].
    pub const fn try_with_math(mean: &[f32; FEATURES], deviation: &[f32; FEATURES]) -> Result<Self, Error> {
        let mut new = Self::new(1);
        let mut i = 0;
        while i < FEATURES {
            let (mean, deviation) = (mean[i], deviation[i]);
            if let Err(error) = check_statistics(mean, deviation) {
                return Err(error);
            }
            new.storage.mean[i] = mean;
            new.storage.variance[i] = deviation * deviation;
            new.storage.scale[i] = scale_of(mean, deviation);
            i += 1;
        }
        new.seen = new.needed;
        Ok(new)
    }

    /// The mean of each feature; 0 before the first sample.
    pub const fn mean(&self) -> &[f32; FEATURES] {
        &self.storage.mean
    }

    /// The population variance of each feature (the sum of squares divided by `n`, not `n - 1`); 0 before the second sample.
    pub const fn variance(&self) -> &[f32; FEATURES] {
        &self.storage.variance
    }
}

impl<'a> StandardizerView<'a> {
    /// A standardizer of `features` features over `numbers`, as many as [`UnitsView::numbers_of`] says, which are set to zero. Its units will be
    /// fixed by the first `samples` samples that it [observes](Preprocess::observe); 0 counts as 1.
    ///
    /// # Errors
    /// [`Error::Length`] if `numbers` has another length.
    pub fn new(numbers: &'a mut [f32], features: usize, samples: u32) -> Result<Self, Error> {
        Self::with_math(numbers, features, samples)
    }
}

impl<'a, M> StandardizerView<'a, M> {
    /// [`new`](StandardizerView::new) with the math backend `M`.
    ///
    /// # Errors
    /// [`Error::Length`] if `numbers` has another length than [`UnitsView::numbers_of`] says.
    pub fn with_math(numbers: &'a mut [f32], features: usize, samples: u32) -> Result<Self, Error> {
        Ok(Self::over(UnitsView::new(numbers, features)?, samples))
    }

    /// Takes the means and the standard deviations that the host computed: see [`Standardizer::from_statistics`].
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many of either as features; [`Error::OutOfRange`] if a mean is not in [-1e18, 1e18] or a deviation
    /// not in [0, 1e18]. Nothing is then changed.
    pub fn set_statistics(&mut self, mean: &[f32], deviation: &[f32]) -> Result<(), Error> {
        let features = self.storage.mean.len();
        check_length(Slice::Mean, features, mean.len())?;
        check_length(Slice::Deviation, features, deviation.len())?;
        let given = || mean.iter().zip(deviation);
        given().try_for_each(|(mean, deviation)| check_statistics(*mean, *deviation))?;
        let [own, variance, scale] = self.storage.numbers_mut();
        let numbers = own.iter_mut().zip(variance).zip(scale);
        for (((own, variance), scale), (mean, deviation)) in numbers.zip(given()) {
            (*own, *variance, *scale) = (*mean, deviation * deviation, scale_of(*mean, *deviation));
        }
        self.seen = self.needed;
        Ok(())
    }
}

impl<S, M> Standardization<S, M> {
    const fn over(storage: S, samples: u32) -> Self {
        Standardization { storage, needed: if samples == 0 { 1 } else { samples }, seen: 0, math: PhantomData }
    }

    /// Whether the units are fixed.
    pub const fn is_fixed(&self) -> bool {
        self.seen >= self.needed
    }

    /// The number of samples observed so far, and the number that fixes the units, which the first never exceeds.
    pub const fn observed(&self) -> (u32, u32) {
        (self.seen, self.needed)
    }
}

/// `Ok` if the features are finite and not too large.
fn check(features: &[f32]) -> Result<(), Error> {
    if kernels::all_within(features, FEATURE_MAX) {
        return Ok(());
    }
    check_finite(Slice::Features, features)?;
    match features.iter().find(|x| x.abs() > FEATURE_MAX) {
        Some(&value) => Err(Error::OutOfRange { number: Number::Feature, value }),
        None => Ok(()),
    }
}

/// `Ok` if a mean and a deviation are in range.
const fn check_statistics(mean: f32, deviation: f32) -> Result<(), Error> {
    if mean.is_nan() || mean.abs() > FEATURE_MAX {
        return Err(Error::OutOfRange { number: Number::Feature, value: mean });
    }
    if deviation.is_nan() || deviation < 0.0 || deviation > FEATURE_MAX {
        return Err(Error::OutOfRange { number: Number::Deviation, value: deviation });
    }
    Ok(())
}

/// 1 / standard deviation; 1 where the deviation is negligible.
const fn scale_of(mean: f32, deviation: f32) -> f32 {
    if deviation > 1e-6 * mean.abs() && deviation > 1e-12 { 1.0 / deviation } else { 1.0 }
}

impl<S: Units, M: Math> Preprocess<S::Features> for Standardization<S, M> {
    type Input = S::Features;

    fn apply<T>(&self, features: &S::Features, then: impl FnOnce(&S::Features) -> T) -> Result<T, Error> {
        if !self.is_fixed() {
            return Err(Error::NotStandardized { seen: self.seen, needed: self.needed });
        }
        self.storage.check(features)?;
        check(features.as_ref())?;
        let [mean, _, scale] = self.storage.numbers();
        Ok(self.storage.with_room(|out| {
            kernels::standardize(features.as_ref(), mean, scale, out.as_mut());
            then(out)
        }))
    }

    fn observe(&mut self, features: &S::Features) -> Result<(), Error> {
        self.storage.check(features)?;
        check(features.as_ref())?;
        if self.is_fixed() {
            return Ok(());
        }
        self.seen += 1;
        let share = 1.0 / self.seen as f32;
        let fixed = self.is_fixed();
        let [mean, variance, scale] = self.storage.numbers_mut();
        let statistics = mean.iter_mut().zip(variance.iter_mut()).zip(scale.iter_mut());
        for (((mean, variance), lost), x) in statistics.zip(features.as_ref()) {
            let off = (x - *mean) + *lost;
            let step = share * off - *lost;
            let moved = *mean + step;
            *lost = (moved - *mean) - step;
            *mean = moved;
            // off (x - new mean) is off^2 (1 - share), and never negative.
            *variance += share * (off * (off * (1.0 - share)) - *variance);
        }
        if fixed {
            for ((scale, variance), mean) in scale.iter_mut().zip(variance).zip(mean) {
                *scale = scale_of(*mean, M::sqrt(*variance));
            }
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::lengths::steps;
    use std::vec::Vec;

    #[test]
    fn mean_and_variance_are_those_of_the_first_samples() {
        // Means far from 0, as sensors have them; one mean drifts by a thousandth while it is observed.
        let count: u32 = steps(200, 20_000);
        let n = f64::from(count);
        let samples: Vec<[f32; 3]> = (0..count)
            .map(|i| {
                let drift = if i < count / 2 { 1000.0 } else { 1001.0 };
                [1000.0 + ((i * 7919) % 1000) as f32 * 1e-3, ((i * 31) % 17) as f32 - 8.0, drift]
            })
            .collect();
        let mut standardizer: Standardizer<3> = Standardizer::new(count);
        samples.iter().for_each(|sample| standardizer.observe(sample).unwrap());
        for feature in 0..3 {
            let values: Vec<f64> = samples.iter().map(|sample| f64::from(sample[feature])).collect();
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
            let off = f64::from(standardizer.mean()[feature]) - mean;
            assert!(off.abs() < 1e-7 * mean.abs() + 1e-5, "{feature}: {off}");
            assert!((f64::from(standardizer.variance()[feature]) / variance - 1.0).abs() < 1e-3, "{feature}");
        }
        assert_eq!(standardizer.observed(), (count, count));
    }

    /// Whatever drifts, numbers stored in these units keep their meaning.
    #[test]
    fn the_units_do_not_move_with_drifting_offset_and_scale() {
        let mut standardizer: Standardizer<2> = Standardizer::new(50);
        for i in 0..50 {
            standardizer.observe(&[20.0 + (i % 7) as f32, (i % 5) as f32 * 1e-3]).unwrap();
        }
        let reference = [23.0, 2e-3];
        let fixed = standardizer.clone();
        let before = standardizer.apply(&reference, |x| *x).unwrap();
        for i in 0..steps(100, 100_000) {
            let drift = i as f32 / 1000.0;
            standardizer.observe(&[drift * 20.0 + (i % 7) as f32 * drift, drift]).unwrap();
        }
        assert_eq!((standardizer.apply(&reference, |x| *x).unwrap(), &standardizer), (before, &fixed));
    }

    #[test]
    fn statistics_of_the_host_are_those_of_its_samples() {
        let mut observed: Standardizer<2> = Standardizer::new(4);
        for x in [[1.0, 5.0], [3.0, 5.0], [1.0, 5.0], [3.0, 5.0]] {
            observed.observe(&x).unwrap();
        }
        let set = Standardizer::from_statistics(&[2.0, 5.0], &[1.0, 0.0]);
        for x in [[1.5, 4.0], [-7.0, 5.0]] {
            assert_eq!(set.apply(&x, |x| *x), observed.apply(&x, |x| *x));
        }
        for (mean, deviation) in [(f32::NAN, 1.0), (2e18, 1.0), (0.0, -1.0), (0.0, f32::NAN), (0.0, f32::INFINITY)] {
            assert!(Standardizer::try_from_statistics(&[mean], &[deviation]).is_err(), "{mean} {deviation}");
        }
    }

    #[test]
    fn a_refused_sample_changes_nothing() {
        let mut standardizer: Standardizer<2> = Standardizer::new(2);
        standardizer.observe(&[1.0, 2.0]).unwrap();
        let before = standardizer.clone();
        let early = standardizer.apply(&[1.0, 2.0], |_| panic!("not yet"));
        assert_eq!(early, Err(Error::NotStandardized { seen: 1, needed: 2 }));
        for bad in [[f32::NAN, 0.0], [0.0, f32::INFINITY], [2e18, 0.0]] {
            assert!(standardizer.observe(&bad).is_err());
        }
        assert_eq!(standardizer, before);
        standardizer.observe(&[3.0, 2.0]).unwrap();
        for bad in [[f32::NAN, 0.0], [0.0, f32::INFINITY], [2e18, 0.0]] {
            assert!(standardizer.observe(&bad).is_err() && standardizer.apply(&bad, |x| *x).is_err());
        }
    }

    #[test]
    fn the_largest_features_stay_finite() {
        let mut standardizer: Standardizer<1> = Standardizer::new(4);
        for x in [1e18, -1e18, 1e18, 0.0] {
            standardizer.observe(&[x]).unwrap();
            assert!(standardizer.variance()[0].is_finite());
        }
        for x in [1e18, -1e18, 0.0] {
            assert!(standardizer.apply(&[x], |x| x[0].is_finite()).unwrap());
        }
    }
}
