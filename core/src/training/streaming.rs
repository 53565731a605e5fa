//! Streaming linear discriminant analysis: how a label changes a [`Discriminant`].
//!
//! With `m` earlier samples of the class, `d = x - mu`, the scatter gains `m / (m + 1) d d^T`. Its inverse `P = U D U^T` follows by
//! Bierman's update, one pass over the factors; `v = P d` comes out of it, with `k = 1 / ((m + 1) / m + d v)`:
//!
//! ```text
//! V_c -= k (v mu_c) v          b_c += k (v mu_c)^2 / 2                   every other class
//! mu  += d / (m + 1)           V -= (k (v mu) - (1 - k d v) / (m + 1)) v   the label's own, b in closed form
//! ```
//!
//! The first sample of a class becomes its mean and leaves the scatter as it is. A sample is taken back by the same update with its weight
//! negated.
//!
//! **Rounding.** The rows `V_c` are updated, not recomputed, and would drift: so every label recomputes one of them from the factors, in turn.
//! In directions in which no feature varies, no sample corrects the factors; a small ridge, added to one feature at a time, bounds them, as
//! the shrinkage of the paper does.
//!
//! **Another user.** A device that is told of a change of user calls [`discount`](Discriminant::discount) with 64 samples and at most 3 for each
//! class, as a host does with its training set (`demo-host adapt --scenario user-changes --variants followers`, 46 orders). On activities that
//! gains 3.1 points five labels after the change and 0.7 after 150; on digits it loses 1.4 at five and ten and gains 2.7 after 50 and 1.4 after
//! 250; on gestures turned by a quarter it makes no difference. It costs nothing for a user who stays. A device that is not told can bound its
//! counts, [`StreamingLda::with_most`]: 10 gains 0.2 to 0.6 points, 5 gains up to 2.2 on digits and loses 1 on activities. Exponential forgetting
//! of the scatter, limited to its initial value, is not implemented: in f64, with the factors 0.99 and 0.98 for each label, it gained 3 and 5
//! points at best on digits and none on activities, cost users who stay 1 to 5 points by 300 labels, and left probabilities 10 to 16 % off.

use crate::error::{Error, Number, Slice, check_target, expect_in_range};
use crate::heads::discriminant::Discriminant;
use crate::heads::statistics::{Numbers, Scratch, Statistics};
use crate::heads::storage::Work as _;
use crate::numeric::kernels;
use crate::numeric::math::Math;
use crate::training::learn::{Learn, LearnClass, LearnFrom, Unlearn, learn_class_from, report_of};
use crate::training::state::State;
use crate::training::step::Step;

/// The largest feature. Beyond it, squares of products of means would overflow an f32.
pub(crate) const FEATURE_MAX: f32 = 1e6;

/// Once in this number of labels, the ridge is added to one feature.
const RIDGE_EVERY: u32 = 16;

/// The settings of streaming LDA. The defaults are for features of mean 0 and standard deviation 1 and were not tuned to any data set.
///
/// ```
/// use gradient_decay::StreamingLda;
///
/// const LDA: StreamingLda = StreamingLda::new().with_most(10); // follows a user who changes
/// assert_eq!((LDA.prior_samples(), LDA.prior_variance(), LDA.most()), (16.0, 0.5, 10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StreamingLda {
    samples: f32,
    variance: f32,
    ridge: f32,
    most: u32,
}

impl StreamingLda {
    /// A prior of 16 samples of the variance 0.5 in every direction, a ridge of 0.001 for each label, and unbounded counts.
    pub const fn new() -> Self {
        StreamingLda { samples: 16.0, variance: 0.5, ridge: 1e-3, most: u32::MAX }
    }

    /// With a prior that counts as `samples` samples, in [1e-3, 1e6], of this variance in every direction, in [1e-6, 1e6]: the scatter starts at
    /// their product. It only affects a head without a sample.
    ///
    /// # Panics
    /// If one is out of range; in a const, when it is compiled.
    pub const fn with_prior(self, samples: f32, variance: f32) -> Self {
        expect_in_range(self.try_with_prior(samples, variance))
    }

    /// [`with_prior`](Self::with_prior), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if one is out of range.
    pub const fn try_with_prior(self, samples: f32, variance: f32) -> Result<Self, Error> {
        if !(samples >= 1e-3 && samples <= 1e6) {
            return Err(Error::OutOfRange { number: Number::PriorSamples, value: samples });
        }
        if !(variance >= 1e-6 && variance <= 1e6) {
            return Err(Error::OutOfRange { number: Number::PriorVariance, value: variance });
        }
        Ok(StreamingLda { samples, variance, ..self })
    }

    /// With a ridge, the variance that each label adds to every feature, in [0, 1].
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn with_ridge(self, ridge: f32) -> Self {
        expect_in_range(self.try_with_ridge(ridge))
    }

    /// [`with_ridge`](Self::with_ridge), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [0, 1].
    pub const fn try_with_ridge(self, ridge: f32) -> Result<Self, Error> {
        if ridge >= 0.0 && ridge <= 1.0 {
            Ok(StreamingLda { ridge, ..self })
        } else {
            Err(Error::OutOfRange { number: Number::Ridge, value: ridge })
        }
    }

    /// Bounds the count of samples by which a mean is updated: once a class has `most` samples, a new one moves its mean by `1 / (most + 1)` of the
    /// distance, so that recent samples weigh more. It is for users who change unannounced; 10 costs almost nothing for users who stay. See the
    /// [module](crate::streaming). 0 counts as 1.
    pub const fn with_most(self, most: u32) -> Self {
        StreamingLda { most: if most == 0 { 1 } else { most }, ..self }
    }

    /// The number of samples that the prior counts as, in [1e-3, 1e6].
    pub const fn prior_samples(&self) -> f32 {
        self.samples
    }

    /// The variance of the prior, in [1e-6, 1e6].
    pub const fn prior_variance(&self) -> f32 {
        self.variance
    }

    /// The variance that each label adds to every feature, in [0, 1].
    pub const fn ridge(&self) -> f32 {
        self.ridge
    }

    /// The number of samples of a class from which on recent samples weigh more.
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// The weight of a mean of `count` samples.
    fn weight(&self, count: u32) -> f32 {
        count.min(self.most) as f32
    }
}

impl Default for StreamingLda {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Statistics, M> Discriminant<S, M> {
    /// Learns a sample of a class in use.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use; [`Error::Length`] if there are not as many features as the head has;
    /// [`Error::NotFinite`] or [`Error::OutOfRange`] naming a feature that is NaN, infinite or not in [-1e6, 1e6];
    /// [`Error::UpdateTooLarge`] if the update could leave the range of f32. Nothing is then changed.
    pub fn learn(&mut self, lda: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        check_target(self.used(), class)?;
        self.storage.check(features)?;
        let (count, begun) = (self.samples(class), self.prior > 0.0);
        if count == 0 || !begun {
            check_features(features.as_ref())?;
        }
        if !begun {
            self.storage.numbers_mut().diagonal.fill(1.0 / (lda.samples * lda.variance));
        }
        if count == 0 {
            let mut numbers = self.storage.numbers_mut();
            numbers.mean(class).iter_mut().zip(features.as_ref()).for_each(|(mean, x)| *mean = *x);
            refresh(&mut self.storage, class);
        } else {
            let m = lda.weight(count);
            let (rate, start) = (1.0 / (m + 1.0), (m + 1.0) / m);
            let sample = Direction::Sample { features: features.as_ref(), class, rate, scale: 1.0 };
            rank_one(&mut self.storage, sample, start)?;
        }
        if let Some(count) = self.storage.numbers_mut().counts.get_mut(class) {
            *count = count.saturating_add(1);
        }
        if !begun {
            self.prior = lda.samples;
        }
        self.labels = self.labels.saturating_add(1);
        self.maintain(lda);
        Ok(())
    }

    /// Takes back a sample that was learned with this label: the head is then as if it had never been learned, except for rounding (some
    /// millionths of the logits' spread), and for the ridge that every sixteenth label brings, which stays. The settings must be those that it was
    /// learned with. A class whose only sample is taken back stays in use without a sample.
    ///
    /// # Errors
    /// As [`learn`](Self::learn); [`Error::NotLearned`] if the class has no sample, or cannot have learned this one.
    pub fn unlearn(&mut self, lda: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        check_target(self.used(), class)?;
        self.storage.check(features)?;
        check_features(features.as_ref())?;
        if self.labels == 0 {
            return Err(Error::NotLearned { class });
        }
        match self.samples(class).checked_sub(1) {
            None => return Err(Error::NotLearned { class }),
            Some(0) => {
                let mut numbers = self.storage.numbers_mut();
                numbers.mean(class).fill(0.0);
                numbers.row(class).fill(0.0);
                if let Some(bias) = numbers.bias.get_mut(class) {
                    *bias = 0.0;
                }
            }
            Some(before) => {
                let m = lda.weight(before);
                let (rate, start) = (1.0 / (m + 1.0), (m + 1.0) / m);
                // Restores the mean from before the sample was learned, which was in the range of features.
                let mut numbers = self.storage.numbers_mut();
                let before = |(x, mean): (&f32, &f32)| (mean + rate * start * (mean - x)).abs() <= FEATURE_MAX;
                if !features.as_ref().iter().zip(&*numbers.mean(class)).all(before) {
                    return Err(Error::NotLearned { class });
                }
                let sample = Direction::Sample { features: features.as_ref(), class, rate: -rate, scale: start };
                rank_one(&mut self.storage, sample, -start)?;
            }
        }
        if let Some(count) = self.storage.numbers_mut().counts.get_mut(class) {
            *count -= 1;
        }
        self.labels = self.labels.saturating_sub(1);
        Ok(())
    }

    /// Recomputes the row and the bias of a class from the factors and its mean, which removes accumulated rounding errors; does nothing for a
    /// class that is not in use. [`learn`](Self::learn) does it for one class with each label, in turn.
    pub fn refresh(&mut self, class: usize) {
        refresh(&mut self.storage, class);
    }

    /// Refreshes the row and adds the ridge to the feature whose turn it is.
    fn maintain(&mut self, lda: &StreamingLda) {
        let (labels, used) = (self.labels, self.used());
        let turn = |round: u32, of: usize| (round as usize).checked_rem(of).unwrap_or_default();
        if lda.ridge > 0.0 && labels % RIDGE_EVERY == 0 {
            let features = self.storage.numbers().diagonal.len();
            let weight = lda.ridge * (RIDGE_EVERY as f32 * features as f32);
            // This fails only if the factors leave the range of f32, which the next label reports.
            let _ = rank_one(&mut self.storage, Direction::Axis(turn(labels / RIDGE_EVERY, features)), 1.0 / weight);
        }
        refresh(&mut self.storage, turn(labels, used));
    }
}

impl Numbers<&mut [f32], &mut [u32]> {
    fn row_of(&self, class: usize) -> core::ops::Range<usize> {
        let n = self.diagonal.len();
        let start = class.saturating_mul(n);
        start..start.saturating_add(n)
    }

    fn mean(&mut self, class: usize) -> &mut [f32] {
        let row = self.row_of(class);
        self.means.get_mut(row).unwrap_or_default()
    }

    fn row(&mut self, class: usize) -> &mut [f32] {
        let row = self.row_of(class);
        self.rows.get_mut(row).unwrap_or_default()
    }
}

/// Names the feature that is NaN, infinite or out of range, if there is one.
#[cold]
#[inline(never)]
fn check_features(features: &[f32]) -> Result<(), Error> {
    for (index, x) in features.iter().enumerate() {
        if !x.is_finite() {
            return Err(Error::NotFinite { slice: Slice::Features, index });
        }
        if x.abs() > FEATURE_MAX {
            return Err(Error::OutOfRange { number: Number::DiscriminantFeature, value: *x });
        }
    }
    Ok(())
}

// The next two functions are generic, so that an array's length is known at compile time; they are not inlined, since each is called from
// several places.

/// Computes `V_c = P mu_c` and `b_c = -mu_c V_c / 2`.
#[inline(never)]
fn refresh<S: Statistics>(storage: &mut S, class: usize) {
    let numbers = storage.numbers_mut();
    let own = numbers.row_of(class);
    let mean = numbers.means.get(own.clone()).unwrap_or_default();
    let row = numbers.rows.get_mut(own).unwrap_or_default();
    kernels::transposed_product(numbers.upper, mean, row);
    row.iter_mut().zip(&*numbers.diagonal).for_each(|(f, d)| *f *= d);
    kernels::product(numbers.upper, row);
    if let Some(bias) = numbers.bias.get_mut(class) {
        // Starts at -0, since 0 would turn a sum of -0 into 0.
        let mut sum = [-0.0];
        kernels::add_dot_matrix(mean, row, &mut sum);
        *bias = -0.5 * sum[0];
        // If the factors make the bias overflow, nothing is known of the class.
        if !bias.is_finite() {
            *bias = 0.0;
            row.fill(0.0);
        }
    }
}

/// A term that is added to the scatter, or subtracted from it.
enum Direction<'a> {
    /// The direction is a sample's difference from its class's mean times `scale`; that times `rate` is added to the mean. `rate` is negative if
    /// the sample is taken back.
    Sample { features: &'a [f32], class: usize, rate: f32, scale: f32 },
    /// A unit along one feature.
    Axis(usize),
}

/// Adds `d d^T / start` to the scatter, with `d` the direction. `start` is negative where a sample is taken back.
#[inline(never)]
fn rank_one<S: Statistics>(storage: &mut S, direction: Direction<'_>, start: f32) -> Result<(), Error> {
    storage.with(|mut numbers, scratch| {
        let Scratch { difference, rates, gain, classes } = scratch;
        match direction {
            Direction::Sample { features, class, scale, .. } => {
                let sum = kernels::subtract(features, numbers.mean(class), difference);
                // The sum of all magnitudes is an upper bound of every feature. NaN counts as too large.
                if sum.is_nan() || sum > FEATURE_MAX {
                    check_features(features)?;
                }
                if scale != 1.0 {
                    difference.iter_mut().for_each(|d| *d *= scale);
                }
            }
            Direction::Axis(axis) => {
                if let Some(own) = difference.get_mut(axis) {
                    *own = 1.0;
                }
            }
        }
        // f = U^T d, g = D f, q = f g.
        kernels::transposed_product(numbers.upper, difference, rates);
        let q = kernels::gain(numbers.diagonal, rates, gain);
        if q.is_nan() || q > Q_MAX {
            return Err(Error::UpdateTooLarge);
        }
        // Only a term that is in the scatter can be taken back.
        if let Direction::Sample { class, .. } = direction
            && start < 0.0
            && start + q > -LEAST_LEFT
        {
            return Err(Error::NotLearned { class });
        }
        let k = kernels::update_diagonal(numbers.diagonal, rates, gain, start);
        kernels::update_product(numbers.upper, rates, gain);
        // From here on `gain` is v.
        kernels::add_dot_matrix(numbers.means, gain, classes);
        for (class, (a, b)) in classes.iter_mut().zip(&mut *numbers.bias).enumerate() {
            let r = k * *a;
            match direction {
                Direction::Sample { class: own, rate: s, .. } if own == class => {
                    let r = r - s * (start * k);
                    *b += 0.5 * ((r - s) * *a + s * (r * q));
                    *a = r;
                }
                _ => {
                    *b += 0.5 * (r * *a);
                    *a = r;
                }
            }
        }
        kernels::update_matrix(numbers.rows, 1.0, classes, gain);
        if let Direction::Sample { class, rate, .. } = direction {
            kernels::update_matrix(numbers.mean(class), 1.0, &[-rate], difference);
        }
        Ok(())
    })
}

/// The largest squared Mahalanobis distance of a sample from its class's mean. Up to it, nothing overflows.
const Q_MAX: f32 = 1e24;

/// The smallest share of the scatter that must remain when a sample is taken back: if almost all of the scatter in a direction comes from
/// that sample, only rounding errors would remain.
const LEAST_LEFT: f32 = 1e-5;

impl<S: Statistics, M: Math> Learn for Discriminant<S, M> {
    type Settings = StreamingLda;
    type Room = S::Work;

    fn look(&self, features: &S::Features, room: &mut S::Work) -> Result<(), Error> {
        self.add_logits(features, room.pair().0)
    }
}

impl<S: Statistics, M: Math> Unlearn for Discriminant<S, M> {
    fn unlearn(&mut self, settings: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        Discriminant::unlearn(self, settings, features, class)
    }
}

impl<S: Statistics, M: Math> LearnClass for Discriminant<S, M> {
    fn learn_class(&mut self, settings: &StreamingLda, features: &S::Features, class: usize) -> Result<(), Error> {
        self.learn(settings, features, class)
    }
}

impl<S: Statistics, M: Math> LearnFrom<usize> for Discriminant<S, M> {
    fn learn_from<'a>(
        &mut self,
        settings: &StreamingLda,
        state: &'a mut State<S::Work>,
        features: &S::Features,
        class: usize,
    ) -> Result<Step<'a, f32>, Error> {
        learn_class_from(self, settings, state, features, class)
    }

    fn report<'a>(&self, _: &StreamingLda, state: &'a mut State<S::Work>, class: usize) -> Step<'a, f32> {
        report_of(self, state, class)
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests;
