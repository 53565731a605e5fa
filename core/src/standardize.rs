//! Running standardisation of features: each to mean 0 and deviation 1, by what was seen so far (Welford's method, 1962).

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_finite};
use crate::math::{Libm, Math};

/// No feature may be larger: its square must stay in the range of f32.
const FEATURE_MAX: f32 = 1e18;

/// The running mean and deviation of each of `FEATURES` features. `M` is the math backend.
///
/// `8 FEATURES + 8` bytes. All samples count alike; with a [window](Self::with_window), old ones fade.
///
/// ```
/// use gradient_decay::Standardizer;
///
/// let mut standardizer: Standardizer<2> = Standardizer::new();
/// for x in [1.0, 2.0, 3.0] {
///     standardizer.record(&[x, 7.0])?;
/// }
/// let mut features = [3.0, 7.0];
/// standardizer.apply(&mut features)?;
/// assert!((features[0] - 1.5_f32.sqrt()).abs() < 1e-6); // one over the deviation, the root of 2/3
/// assert_eq!(features[1], 0.0); // what does not vary is centred alone
/// assert_eq!(Standardizer::<2>::BYTES, 24);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Standardizer<const FEATURES: usize, M = Libm> {
    mean: [f32; FEATURES],
    variance: [f32; FEATURES],
    count: u32,
    window: u32,
    math: PhantomData<M>,
}

impl<const FEATURES: usize, M> Standardizer<FEATURES, M> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// With nothing seen.
    pub const fn new() -> Self {
        Standardizer { mean: [0.0; FEATURES], variance: [0.0; FEATURES], count: 0, window: u32::MAX, math: PhantomData }
    }

    /// With nothing seen, and each sample beyond the first `window` counting `1 / window`: what is older by some windows is
    /// forgotten. A window of 0 is one of 1.
    pub const fn with_window(window: u32) -> Self {
        Standardizer { window: if window == 0 { 1 } else { window }, ..Self::new() }
    }

    /// The number of samples seen; it stays at the window.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The mean of each feature; 0 before the first sample.
    pub const fn mean(&self) -> &[f32; FEATURES] {
        &self.mean
    }

    /// The variance of each feature, as a share of the samples and not of one less; 0 before the second sample.
    pub const fn variance(&self) -> &[f32; FEATURES] {
        &self.variance
    }

    /// Counts a sample.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a feature is NaN or infinite, [`Error::OutOfRange`] if one is beyond 1e18; nothing is then
    /// changed.
    pub fn record(&mut self, features: &[f32; FEATURES]) -> Result<(), Error> {
        check_finite(Slice::Features, features)?;
        if let Some(&value) = features.iter().find(|x| x.abs() > FEATURE_MAX) {
            return Err(Error::OutOfRange { number: Number::Feature, value });
        }
        if self.count < self.window {
            self.count += 1;
        }
        let share = 1.0 / self.count as f32;
        for ((mean, variance), x) in self.mean.iter_mut().zip(&mut self.variance).zip(features) {
            let off = x - *mean;
            *mean += share * off;
            // off (x - new mean) is off^2 (1 - share), and never negative.
            *variance += share * (off * (x - *mean) - *variance);
            if *variance < 0.0 {
                *variance = 0.0;
            }
        }
        Ok(())
    }
}

impl<const FEATURES: usize, M: Math> Standardizer<FEATURES, M> {
    /// Standardises features in place: `(x - mean) / deviation`. A feature whose deviation is next to nothing, less than
    /// 1e-6 of its mean or than 1e-12, is centred alone. Before the first sample nothing is changed.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a feature is NaN or infinite, [`Error::OutOfRange`] if one is beyond 1e18; nothing is then
    /// changed.
    pub fn apply(&self, features: &mut [f32; FEATURES]) -> Result<(), Error> {
        check_finite(Slice::Features, features)?;
        if let Some(&value) = features.iter().find(|x| x.abs() > FEATURE_MAX) {
            return Err(Error::OutOfRange { number: Number::Feature, value });
        }
        for (x, (mean, variance)) in features.iter_mut().zip(self.mean.iter().zip(&self.variance)) {
            let deviation = M::sqrt(*variance);
            *x -= mean;
            if deviation > 1e-6 * mean.abs() && deviation > 1e-12 {
                *x /= deviation;
            }
        }
        Ok(())
    }
}

impl<const FEATURES: usize, M> Default for Standardizer<FEATURES, M> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Numbers with a mean far from 0, as sensors give them.
    fn samples() -> Vec<[f32; 2]> {
        (0..5000_u32).map(|i| [1000.0 + ((i * 7919) % 1000) as f32 * 1e-3, ((i * 31) % 17) as f32 - 8.0]).collect()
    }

    #[test]
    fn mean_and_variance_are_those_of_all_samples() {
        let mut standardizer: Standardizer<2> = Standardizer::new();
        samples().iter().for_each(|sample| standardizer.record(sample).unwrap());
        for feature in 0..2 {
            let values: Vec<f64> = samples().iter().map(|sample| f64::from(sample[feature])).collect();
            let mean = values.iter().sum::<f64>() / 5000.0;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 5000.0;
            assert!((f64::from(standardizer.mean()[feature]) / mean - 1.0).abs() < 1e-5 || mean.abs() < 0.1);
            assert!((f64::from(standardizer.variance()[feature]) / variance - 1.0).abs() < 1e-3, "{feature}");
        }
        assert_eq!(standardizer.count(), 5000);
    }

    #[test]
    fn a_window_follows_a_change() {
        let (mut all, mut recent) = (Standardizer::<1>::new(), Standardizer::<1>::with_window(20));
        for i in 0..400 {
            let x = if i < 200 { 0.0 } else { 10.0 };
            all.record(&[x]).unwrap();
            recent.record(&[x]).unwrap();
        }
        assert!((all.mean()[0] - 5.0).abs() < 1e-3 && (recent.mean()[0] - 10.0).abs() < 1e-2);
        assert!((all.variance()[0] - 25.0).abs() < 1e-2 && recent.variance()[0] < 0.1);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut standardizer: Standardizer<2> = Standardizer::new();
        standardizer.record(&[1.0, 2.0]).unwrap();
        let before = standardizer.clone();
        for bad in [[f32::NAN, 0.0], [0.0, f32::INFINITY], [2e18, 0.0]] {
            assert!(standardizer.record(&bad).is_err());
            let mut features = bad;
            assert!(standardizer.apply(&mut features).is_err());
            assert_eq!(features.map(f32::to_bits), bad.map(f32::to_bits));
        }
        assert_eq!(standardizer, before);
        // Nothing seen, nothing done.
        let mut features = [3.0, -4.0];
        Standardizer::<2>::new().apply(&mut features).unwrap();
        assert_eq!(features, [3.0, -4.0]);
    }

    #[test]
    fn the_largest_features_stay_finite() {
        let mut standardizer: Standardizer<1> = Standardizer::new();
        for x in [1e18, -1e18, 1e18, 0.0] {
            standardizer.record(&[x]).unwrap();
            let mut features = [-x];
            standardizer.apply(&mut features).unwrap();
            assert!(features[0].is_finite() && standardizer.variance()[0].is_finite());
        }
    }
}
