//! Detection of samples that belong to no class that was taught: they are far from every class, however sure the softmax is.
//!
//! A softmax divides a total of 1 among the known classes, so a large probability says little of a sample that belongs to none. The distance
//! from the nearest class says more: after `n` samples of class `c`, `D_c(x) = n / (n + 1) mean_f (x_f - mu_f)^2 / V_f`, with the class's mean
//! `mu` and variance `V`; the variance within all classes counts as one more sample in `V`. `D` is about 1 for a sample of the class, and much
//! larger for others.
//!
//! The score of a sample is `ln D` of the nearest class minus `ln p` of the most probable class; `-ln p` is at most `ln C` with `C` classes. A
//! sample between two classes may be near both, but its `p` is low; a sample beyond a class has a high `p`, but a large `D`. `p` costs no
//! further memory, and takes correlations of features into account, which `D`, computed feature by feature, does not.
//!
//! The distribution of the scores of known samples is estimated from each sample before it is learned, so that none must be held out: the
//! score is then `ln D` of the sample's own class minus `ln p`. It has the weight `v / (v + 4)`, where `v` is the number of samples behind the
//! variance within all classes, and a prior counts as eight scores. A sample is unknown if its score is above the mean of these scores by more
//! than a given number of their standard deviations.

use crate::error::{Error, Number, expect_in_range};
use crate::heads::head::remove_row;
use crate::heads::number::Number as Logit;
use crate::heads::prediction::Prediction;
pub use crate::learning::moments::{AllMoments, Feature, Moments, MomentsView, OwnedMoments};
use crate::learning::readout::{Answer, Read, Readout, Reason, confidence, distances};
use crate::numeric::math::{Libm, Math};

/// The weight of the variance within all classes in that of one class, as a number of samples.
const SHARE: f32 = 1.0;

/// The number of samples behind the variance within all classes at which a score has half of its weight.
const HALF: f32 = 4.0;

/// The prior of a feature's variance within classes, and its weight as a number of samples.
const PRIOR: (f32, f32) = (0.5, 2.0);

/// The prior of the scores: mean, standard deviation, and weight as a number of scores.
const PRIOR_SCORE: (f32, f32, f32) = (1.0, 0.8, 8.0);

/// Below this probability, an unknown sample that is not far by its distance counts as between classes.
const BETWEEN: f32 = 0.5;

/// The largest feature.
pub(crate) const MOST: f32 = 1e12;

/// Sums over the scores of known samples, with their weights: what a caller must keep beside the numbers and counts of a [`NoveltyView`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sums {
    pub(crate) weight: f32,
    pub(crate) sum: f32,
    pub(crate) squares: f32,
}

impl Sums {
    /// Before the first score.
    pub const ZERO: Self = Sums { weight: 0.0, sum: 0.0, squares: 0.0 };

    /// Adds a number; takes it out if its weight is negative.
    fn add(&mut self, x: f32, weight: f32) {
        self.weight = positive(self.weight + weight);
        self.sum += weight * x;
        self.squares = positive(self.squares + weight * x * x);
    }
}

/// The place of the row of a class, of `features` numbers.
#[inline]
fn row(class: usize, features: usize) -> core::ops::Range<usize> {
    let start = class.saturating_mul(features);
    start..start.saturating_add(features)
}

/// A read-out by distances, over any storage of its statistics: [`Novelty`], or [`NoveltyView`]. `M` is the math backend.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Distances<S, M = Libm> {
    readout: Readout<M>,
    deviations: f32,
    pub(crate) storage: S,
    /// The scores of samples, by the distance from their own class, before they were learned.
    pub(crate) scores: Sums,
}

/// A read-out that refuses what is far from every class, besides what its [`Readout`] calls unknown. For `CLASSES` classes of `FEATURES`
/// features of type `T`, f32 or i8: `8 CLASSES FEATURES + 4 CLASSES + 4 FEATURES + 24` bytes, 904 at 24 -> 4 and 5,440 at 64 -> 10.
///
/// As the readout of a [`Learner`](crate::Learner) it follows what that learns, takes back and removes, with any head.
///
/// ```
/// use gradient_decay::{Answer, DiscriminantHead, Learner, Novelty, Parts, Readout, StreamingLda, readout::Reason};
///
/// const LDA: StreamingLda = StreamingLda::new();
/// let readout: Novelty<2, 3> = Novelty::new(Readout::new().with_threshold(0.6));
/// let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
/// let mut learner = Learner::new(DiscriminantHead::<2, 3, 3>::new(), parts);
/// for i in 0..5 {
///     let noise = [0.3, -0.2, 0.1, -0.3, 0.2][i];
///     learner.learn(&LDA, &[2.0 + noise, noise, -noise], 0)?;
///     learner.learn(&LDA, &[-2.0 - noise, -noise, noise], 1)?;
/// }
/// assert!(matches!(learner.answer(&[1.9, 0.2, -0.1])?, Answer::Class(prediction) if prediction.class == 0));
/// // Beyond class 0, where softmax is sure; and between the two.
/// assert!(matches!(learner.answer(&[9.0, 5.0, 4.0])?, Answer::Unknown(prediction, Reason::Far) if prediction.probability > 0.99));
/// assert!(matches!(learner.answer(&[0.0, 0.0, 0.0])?, Answer::Unknown(..)));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type Novelty<const CLASSES: usize, const FEATURES: usize, T = f32, M = Libm> =
    Distances<OwnedMoments<CLASSES, FEATURES, T>, M>;

/// A [`Novelty`] over the caller's slices, whose shape is known only at run time. It computes the same bits.
///
/// ```
/// use gradient_decay::{NoveltyView, Readout, novelty::MomentsView, readout::Read};
///
/// let (mut numbers, mut counts) = ([0.0; MomentsView::<f32>::numbers_of(2, 3)], [0; 2]);
/// let mut novelty: NoveltyView<'_> = NoveltyView::over(&mut numbers, &mut counts, 3, Readout::new())?;
/// novelty.observe(&[1.0, 2.0, 3.0], 1, 1.0);
/// assert_eq!((novelty.samples(1), novelty.nearest(&[1.0, 2.0, 3.0]).is_some()), (1, true));
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type NoveltyView<'a, T = f32, M = Libm> = Distances<MomentsView<'a, T>, M>;

impl<const CLASSES: usize, const FEATURES: usize, T, M: Copy> Novelty<CLASSES, FEATURES, T, M> {
    /// The size in RAM, in bytes.
    pub const BYTES: usize = size_of::<Self>();

    /// Without samples; it refuses nothing until it has some, and no sample whose most probable class has none: a class that came with the head, by
    /// training, and was not learned here. A sample is unknown if its score is more than half a standard deviation above the
    /// mean of the known samples' scores.
    pub const fn new(readout: Readout<M>) -> Self {
        Self::with_storage(OwnedMoments::new(), readout)
    }

    /// Sets the number of standard deviations above the mean of the known samples' scores beyond which a sample is unknown, in [-3, 30]: a
    /// smaller number refuses more.
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn with_deviations(mut self, deviations: f32) -> Self {
        expect_in_range(self.set_deviations(deviations));
        self
    }
}

impl<'a, T, M: Copy> NoveltyView<'a, T, M> {
    /// [`new`](Novelty::new) over `numbers`, as many as [`MomentsView::numbers_of`] says, and one count for each class that there is room for. All
    /// are set to zero.
    ///
    /// # Errors
    /// [`Error::Length`] if `numbers` has another length.
    pub fn over(
        numbers: &'a mut [f32],
        counts: &'a mut [u32],
        features: usize,
        readout: Readout<M>,
    ) -> Result<Self, Error> {
        let mut new = Self::resume(numbers, counts, features, readout, Sums::ZERO)?;
        new.storage.all.reset();
        Ok(new)
    }

    /// [`over`](Self::over) numbers and counts as an earlier one left them, with its [`scores`](Distances::scores): for one that exists for one
    /// call only. It continues with the same bits; the number of standard deviations is that of a new one.
    ///
    /// # Errors
    /// [`Error::Length`] if `numbers` has another length.
    ///
    /// ```
    /// use gradient_decay::novelty::{MomentsView, Sums};
    /// use gradient_decay::{NoveltyView, Readout, readout::Read};
    ///
    /// let (mut numbers, mut counts) = ([0.0; MomentsView::<f32>::numbers_of(1, 2)], [0]);
    /// let mut scores = Sums::ZERO;
    /// for x in [[1.0, 2.0], [1.5, 2.5], [0.5, 2.0]] {
    ///     let mut novelty: NoveltyView<'_> = NoveltyView::resume(&mut numbers, &mut counts, 2, Readout::new(), scores)?;
    ///     novelty.observe(&x, 0, 1.0);
    ///     scores = novelty.scores();
    /// }
    /// assert!(counts == [3] && scores != Sums::ZERO);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn resume(
        numbers: &'a mut [f32],
        counts: &'a mut [u32],
        features: usize,
        readout: Readout<M>,
        scores: Sums,
    ) -> Result<Self, Error> {
        Ok(Distances { scores, ..Self::with_storage(MomentsView::new(numbers, counts, features)?, readout) })
    }
}

impl<S, M: Copy> Distances<S, M> {
    const fn with_storage(storage: S, readout: Readout<M>) -> Self {
        Distances { readout, deviations: 0.5, storage, scores: Sums::ZERO }
    }

    /// Sets the number of standard deviations: see [`with_deviations`](Novelty::with_deviations). It is not part of a checkpoint.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [-3, 30]; nothing is then changed.
    pub const fn set_deviations(&mut self, deviations: f32) -> Result<(), Error> {
        if !(deviations >= -3.0 && deviations <= 30.0) {
            return Err(Error::OutOfRange { number: Number::NoveltyDeviations, value: deviations });
        }
        self.deviations = deviations;
        Ok(())
    }

    /// The number of standard deviations beyond which a sample is unknown, in [-3, 30].
    pub const fn deviations(&self) -> f32 {
        self.deviations
    }

    /// The sums over the scores of known samples, for [`resume`](NoveltyView::resume).
    pub const fn scores(&self) -> Sums {
        self.scores
    }

    /// The read-out of samples that are not far.
    pub const fn readout(&self) -> &Readout<M> {
        &self.readout
    }

    /// The read-out of samples that are not far, mutably.
    pub const fn readout_mut(&mut self) -> &mut Readout<M> {
        &mut self.readout
    }
}

impl<S: Moments, M> Distances<S, M> {
    /// The number of samples learned of a class; 0 for one that there is no room for.
    pub fn samples(&self, class: usize) -> u32 {
        self.storage.all().counts.get(class).copied().unwrap_or_default()
    }

    /// Takes a class out of all sums except that of the scores, where the classes are not kept apart.
    fn forget_class(&mut self, class: usize) {
        let AllMoments { means, squares, shared, counts } = self.storage.all_mut();
        let row = row(class, shared.len());
        let (Some(mean), Some(squares)) = (means.get_mut(row.clone()), squares.get_mut(row)) else { return };
        for (own, shared) in squares.iter().zip(shared) {
            *shared = positive(*shared - own);
        }
        mean.fill(0.0);
        squares.fill(0.0);
        if let Some(count) = counts.get_mut(class) {
            *count = 0;
        }
    }
}

impl<S: Moments, M: Math> Distances<S, M> {
    /// `ln D` of a sample and the nearest class; `None` if no class has a sample.
    pub fn nearest(&self, features: &S::Features) -> Option<f32> {
        let classes = self.storage.all().counts.len();
        (0..classes).filter_map(|class| self.distance(features, class)).reduce(|a, b| if b < a { b } else { a })
    }

    /// The score of a sample, `ln D` of the nearest class less `ln p`, with `p` the probability of the most probable class; `None` if no class
    /// has a sample. The higher, the less like what was taught.
    pub fn score(&self, features: &S::Features, probability: f32) -> Option<f32> {
        Some(self.nearest(features)? + surprise::<M>(probability))
    }

    /// The [`score`](Self::score) beyond which a sample is unknown.
    pub fn limit(&self) -> f32 {
        let Sums { weight, sum, squares } = self.scores;
        let (prior_mean, deviation, prior) = PRIOR_SCORE;
        let mean = (sum + prior * prior_mean) / (weight + prior);
        let square = prior * (deviation * deviation + prior_mean * prior_mean);
        let variance = (squares + square) / (weight + prior) - mean * mean;
        mean + self.deviations * M::sqrt(positive(variance))
    }

    /// `ln D` of a sample and a class; `None` if that has no sample.
    pub fn distance(&self, features: &S::Features, class: usize) -> Option<f32> {
        let AllMoments { means, squares, shared, counts } = self.storage.all();
        let row = row(class, shared.len());
        let (mean, squares) = (means.get(row.clone())?, squares.get(row)?);
        let n = *counts.get(class).filter(|count| **count > 0)? as f32;
        let (prior, weight) = PRIOR;
        let share = SHARE / (self.samples_of_variance() + weight);
        let mut sum = 0.0;
        for ((x, mean), (own, shared)) in features.as_ref().iter().zip(mean).zip(squares.iter().zip(shared)) {
            let d = value(*x) - mean;
            sum += d * d / (own + share * (shared + prior * weight));
        }
        let scale = (n - 1.0 + SHARE) * n / ((n + 1.0) * shared.len() as f32);
        // A sample on the mean has no logarithm of its distance.
        let distance = if sum * scale > 1e-6 { sum * scale } else { 1e-6 };
        Some(M::ln(if distance < 1e30 { distance } else { 1e30 }))
    }

    /// The samples that the variance of all classes rests on.
    fn samples_of_variance(&self) -> f32 {
        self.storage.all().counts.iter().map(|count| count.saturating_sub(1) as f32).sum()
    }

    /// Counts the score of a sample before it is learned; with the sign -1 takes it out.
    fn count(&mut self, features: &S::Features, class: usize, probability: f32, sign: f32) {
        let samples = self.samples_of_variance();
        if let Some(distance) = self.distance(features, class) {
            self.scores.add(distance + surprise::<M>(probability), sign * samples / (samples + HALF));
        }
    }

    /// Adds a sample to mean and squares of its class, or takes it out (`after` is the count of the larger set).
    fn shift(&mut self, features: &S::Features, class: usize, after: u32, sign: f32) {
        let AllMoments { means, squares, shared, .. } = self.storage.all_mut();
        let row = row(class, shared.len());
        let (Some(mean), Some(squares)) = (means.get_mut(row.clone()), squares.get_mut(row)) else { return };
        let n = after as f32;
        for ((x, mean), (own, shared)) in features.as_ref().iter().zip(mean).zip(squares.iter_mut().zip(shared)) {
            let d = value(*x) - *mean;
            // Of the mean without the sample.
            let d = if sign < 0.0 { d * n / (n - 1.0) } else { d };
            *mean += sign * d / n;
            let square = sign * d * d * (n - 1.0) / n;
            *own = positive(*own + square);
            *shared = positive(*shared + square);
        }
    }
}

/// A feature; beyond +-1e12 it is cut off, so that no sum of squares leaves the range of f32.
fn value(x: impl Feature) -> f32 {
    x.to_f32().clamp(-MOST, MOST)
}

/// `-ln p` of a probability.
fn surprise<M: Math>(probability: f32) -> f32 {
    -M::ln(if probability > 1e-6 { probability } else { 1e-6 })
}

fn positive(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

impl<S: Moments, M: Math> Read<S::Features> for Distances<S, M> {
    fn temperature(&self) -> f32 {
        self.readout.temperature()
    }

    fn room(&self) -> usize {
        self.storage.all().counts.len()
    }

    fn read(&self, features: &S::Features, prediction: Prediction) -> Answer {
        let limit = self.limit();
        // Of a class that was not learned here, but came with the head, nothing is known: it may be far from all that were.
        let nearest = self.nearest(features).filter(|_| self.samples(prediction.class) > 0);
        match nearest {
            Some(distance) if distance + surprise::<M>(prediction.probability) > limit => {
                let far = distance > limit || prediction.probability >= BETWEEN;
                Answer::Unknown(prediction, if far { Reason::Far } else { Reason::Between })
            }
            _ => Read::<S::Features>::read(&self.readout, features, prediction),
        }
    }

    fn said<N: Logit>(&self, logits: &[N]) -> f32 {
        confidence::<M>(distances(logits), self.readout.temperature())
    }

    fn observe(&mut self, features: &S::Features, class: usize, said: f32) {
        self.count(features, class, said, 1.0);
        if let Some(count) = self.storage.all_mut().counts.get_mut(class) {
            *count = count.saturating_add(1);
            let after = *count;
            self.shift(features, class, after, 1.0);
        }
    }

    fn take_back(&mut self, features: &S::Features, class: usize, said: f32) {
        match self.samples(class) {
            0 => {}
            1 => self.forget_class(class),
            after => {
                self.shift(features, class, after, -1.0);
                if let Some(count) = self.storage.all_mut().counts.get_mut(class) {
                    *count = after - 1;
                }
                self.count(features, class, said, -1.0);
            }
        }
    }

    fn remove_class(&mut self, class: usize) {
        self.forget_class(class);
        let AllMoments { means, squares, shared, counts } = self.storage.all_mut();
        remove_row(means, class, shared.len());
        remove_row(squares, class, shared.len());
        remove_row(counts, class, 1);
    }

    fn clear(&mut self) {
        self.storage.all_mut().reset();
        self.scores = Sums::ZERO;
    }
}
