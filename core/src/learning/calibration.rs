//! Calibration, that is, how well probabilities match the observed accuracy: accuracy, NLL, Brier score, ECE and MCE of a stream of
//! predictions.
//!
//! The sums of the bins are integers and the other two sums are compensated (Kahan), so that a device can count for years.

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_length, check_target};
use crate::heads::number::Number as Logit;
#[doc(hidden)]
pub use crate::learning::score::Score;
use crate::learning::score::distances;
use crate::numeric::math::{Libm, Math};
use crate::training::step::Step;

/// Streaming calibration over `BINS` equal-width bins of the confidence on (0, 1]: bin `i` spans from `i / BINS`, excluded,
/// to `(i + 1) / BINS`, included, and a confidence of exactly 0 belongs to the first. `BINS` is at least 1 (15 and 10 are
/// usual). `M` is the math backend.
///
/// ```
/// use gradient_decay::Calibration;
///
/// let mut calibration: Calibration<10> = Calibration::new();
/// assert_eq!(calibration.summary(), None);
/// calibration.record(&[0.9, 0.1], 0)?; // right
/// calibration.record(&[0.7, 0.3], 1)?; // wrong
/// let summary = calibration.summary().unwrap();
/// assert_eq!((summary.count, summary.accuracy), (2, 0.5));
/// assert!((summary.ece - 0.4).abs() < 1e-6); // (0.1 + 0.7) / 2
/// assert!((summary.mce - 0.7).abs() < 1e-6);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Calibration<const BINS: usize, M = Libm> {
    pub(crate) bins: [Tally; BINS],
    pub(crate) nll: Sum,
    pub(crate) brier: Sum,
    math: PhantomData<M>,
}

/// The figures of merit of the predictions recorded so far. All except `count` and `mce` are means over them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Summary {
    /// The number of predictions, at least 1.
    pub count: u32,
    /// The share of predictions whose most probable class was the target, in [0, 1].
    pub accuracy: f32,
    /// The mean probability of the most probable class, in [0, 1]. If it is above the accuracy, the predictions are overconfident.
    pub confidence: f32,
    /// The negative log-likelihood of the targets in nats, in [0, 87.4].
    pub nll: f32,
    /// The Brier score, the squared distance of the probabilities from the one-hot target, in [0, 2].
    pub brier: f32,
    /// The expected calibration error: the mean over predictions of |accuracy - confidence| of their bin, in [0, 1].
    pub ece: f32,
    /// The maximum calibration error: the largest |accuracy - confidence| of a bin that is not empty, in [0, 1].
    pub mce: f32,
}

/// One bar of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Bin {
    /// The number of predictions in the bin, at least 1.
    pub count: u32,
    /// Their accuracy, in [0, 1].
    pub accuracy: f32,
    /// Their mean confidence, in [0, 1].
    pub confidence: f32,
}

/// A point of the accuracy/coverage curve.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Coverage {
    /// The confidence above which the device answers, in [0, 1).
    pub threshold: f32,
    /// The share of predictions above it, in (0, 1].
    pub coverage: f32,
    /// The accuracy of these, in [0, 1].
    pub accuracy: f32,
}

/// The counts of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Tally {
    pub(crate) count: u32,
    pub(crate) correct: u32,
    /// The sum of the confidences, in units of 2^-31: exact, and the same in every order.
    pub(crate) confidence: u64,
}

/// 1.0 in the units of [`Tally::confidence`].
const ONE: f32 = (1_u32 << 31) as f32;

impl<const BINS: usize, M> Calibration<BINS, M> {
    /// The size in RAM, in bytes: 16 for each bin and 16 more.
    pub const BYTES: usize = size_of::<Self>();

    /// A calibration with nothing recorded.
    pub const fn new() -> Self {
        const { assert!(BINS > 0, "a calibration needs at least one bin") };
        let bins = [Tally { count: 0, correct: 0, confidence: 0 }; BINS];
        Calibration { bins, nll: Sum::ZERO, brier: Sum::ZERO, math: PhantomData }
    }

    /// The bars of the reliability diagram, from the lowest confidence to the highest; `None` for an empty bin.
    ///
    /// ```
    /// use gradient_decay::Calibration;
    ///
    /// let mut calibration: Calibration<2> = Calibration::new();
    /// calibration.record(&[1.0, 0.0], 0)?;
    /// let bins: [_; 2] = core::array::from_fn(|i| calibration.bins().nth(i).unwrap());
    /// assert_eq!(bins[0], None);
    /// assert_eq!(bins[1].unwrap().confidence, 1.0);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn bins(&self) -> impl ExactSizeIterator<Item = Option<Bin>> {
        self.bins.iter().map(Tally::bin)
    }

    /// The accuracy/coverage curve, from the highest confidence down: for each bin that is not empty, the coverage and accuracy of a device
    /// that answers only above the bin's lower end.
    ///
    /// ```
    /// use gradient_decay::Calibration;
    ///
    /// let mut calibration: Calibration<10> = Calibration::new();
    /// calibration.record(&[0.95, 0.05], 0)?; // right
    /// calibration.record(&[0.45, 0.55], 0)?; // wrong
    /// let [sure, all] = core::array::from_fn(|i| calibration.coverage().nth(i).unwrap());
    /// assert_eq!((sure.threshold, sure.coverage, sure.accuracy), (0.9, 0.5, 1.0));
    /// assert_eq!((all.threshold, all.coverage, all.accuracy), (0.5, 1.0, 0.5));
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn coverage(&self) -> impl Iterator<Item = Coverage> {
        let total = self.bins.iter().fold(0_u32, |sum, bin| sum.saturating_add(bin.count));
        let bins = self.bins.iter().enumerate().rev().filter(|(_, bin)| bin.count > 0);
        bins.scan((0_u32, 0_u32), move |(count, correct), (index, bin)| {
            *count = count.saturating_add(bin.count);
            *correct = correct.saturating_add(bin.correct);
            Some(Coverage {
                threshold: index as f32 / BINS as f32,
                coverage: *count as f32 / total as f32,
                accuracy: *correct as f32 / *count as f32,
            })
        })
    }

    /// The figures of merit; `None` if nothing was recorded.
    pub fn summary(&self) -> Option<Summary> {
        let total = self.bins.iter().fold(Tally::default(), |sum, bin| Tally {
            count: sum.count.saturating_add(bin.count),
            correct: sum.correct.saturating_add(bin.correct),
            confidence: sum.confidence + bin.confidence,
        });
        let Bin { count, accuracy, confidence } = total.bin()?;
        let (mut ece, mut mce) = (0.0, 0.0);
        for bin in self.bins().flatten() {
            let gap = (bin.accuracy - bin.confidence).abs();
            ece += gap * bin.count as f32;
            mce = if gap > mce { gap } else { mce };
        }
        let n = count as f32;
        let (nll, brier) = (self.nll.value() / n, self.brier.value() / n);
        Some(Summary { count, accuracy, confidence, nll, brier, ece: ece / n, mce })
    }
}

impl<const BINS: usize, M: Math> Calibration<BINS, M> {
    /// Records the `probabilities` of one sample, one a class, whose class is `target`.
    ///
    /// They may come from [`probabilities`](crate::GradientDecay::probabilities),
    /// [`consistent_probabilities`](crate::GradientDecay::consistent_probabilities) or any other read-out. For the NLL
    /// a probability below 2^-126 counts as 2^-126, so that one sample cannot make the mean infinite.
    ///
    /// # Errors
    /// [`Error::Length`] if there are no probabilities, [`Error::Target`] if the target is not one of them,
    /// [`Error::OutOfRange`] if one is not in [0, 1]; nothing is then recorded.
    pub fn record(&mut self, probabilities: &[f32], target: usize) -> Result<(), Error> {
        check_length(Slice::Probabilities, probabilities.len().max(1), probabilities.len())?;
        check_target(probabilities.len(), target)?;
        if let Some(&value) = probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            return Err(Error::OutOfRange { number: Number::Probability, value });
        }
        self.add(Score::of(probabilities.iter(), target));
        Ok(())
    }

    fn add(&mut self, score: Score) {
        let Score { right, confidence, p_target, brier } = score;
        // Once the count is full nothing more is recorded, so that the means stay correct.
        if self.bins.iter().fold(0_u32, |sum, bin| sum.saturating_add(bin.count)) == u32::MAX {
            return;
        }
        if let Some(bin) = self.bins.get_mut(bin_of::<BINS>(confidence)) {
            bin.count += 1;
            bin.correct += u32::from(right);
            bin.confidence += u64::from((confidence * ONE) as u32);
        }
        // A comparison, since f32::max is a function call on a core without an instruction for it.
        let nll = -M::ln(if p_target > f32::MIN_POSITIVE { p_target } else { f32::MIN_POSITIVE });
        self.nll.add(if nll > 0.0 { nll } else { 0.0 });
        self.brier.add(brier);
    }
}

/// A part that records a head's prediction for a sample before the head learns it; `()` records nothing.
pub trait Record {
    /// The figures of an answer at a temperature other than 1, computed while the logits still exist; at 1 the step has them.
    #[doc(hidden)]
    fn score<N: Logit>(&self, logits: &[N], temperature: f32, target: usize) -> Option<Score>;

    /// Records a sample of the class `target`.
    #[doc(hidden)]
    fn record<N: Logit>(&mut self, step: &Step<'_, N>, score: Option<Score>, target: usize);

    /// Forgets everything recorded.
    fn reset(&mut self);
}

impl Record for () {
    #[inline]
    fn score<N: Logit>(&self, _: &[N], _: f32, _: usize) -> Option<Score> {
        None
    }

    #[inline]
    fn record<N: Logit>(&mut self, _: &Step<'_, N>, _: Option<Score>, _: usize) {}

    fn reset(&mut self) {}
}

/// A borrowed part, for a learner that exists for one call only.
impl<T: Record> Record for &mut T {
    #[inline]
    fn score<N: Logit>(&self, logits: &[N], temperature: f32, target: usize) -> Option<Score> {
        (**self).score(logits, temperature, target)
    }

    #[inline]
    fn record<N: Logit>(&mut self, step: &Step<'_, N>, score: Option<Score>, target: usize) {
        (**self).record(step, score, target);
    }

    fn reset(&mut self) {
        (**self).reset();
    }
}

/// A calibration of any number of bins, for a learner whose parts are chosen at run time: an `Option<&mut dyn Scores>` is a [`Record`].
pub trait Scores {
    /// The figures of an answer by the distances of its logits.
    #[doc(hidden)]
    fn score(&self, distances: &mut dyn Iterator<Item = f32>, temperature: f32, target: usize) -> Score;

    /// Counts these, or those of probabilities.
    #[doc(hidden)]
    fn count(&mut self, score: Option<Score>, probabilities: &mut dyn Iterator<Item = f32>, target: usize);

    /// The figures of merit; `None` if nothing was recorded.
    fn summary(&self) -> Option<Summary>;

    /// Begins anew.
    fn reset(&mut self);
}

impl<const BINS: usize, M: Math> Scores for Calibration<BINS, M> {
    fn score(&self, distances: &mut dyn Iterator<Item = f32>, temperature: f32, target: usize) -> Score {
        Score::of_distances::<M>(distances, temperature, target)
    }

    fn count(&mut self, score: Option<Score>, probabilities: &mut dyn Iterator<Item = f32>, target: usize) {
        self.add(score.unwrap_or_else(|| Score::of(probabilities, target)));
    }

    fn summary(&self) -> Option<Summary> {
        Calibration::summary(self)
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

impl<T: Scores + ?Sized> Record for Option<&mut T> {
    fn score<N: Logit>(&self, logits: &[N], temperature: f32, target: usize) -> Option<Score> {
        let scores = self.as_ref().filter(|_| temperature != 1.0)?;
        Some(scores.score(&mut distances(logits), temperature, target))
    }

    fn record<N: Logit>(&mut self, step: &Step<'_, N>, score: Option<Score>, target: usize) {
        if let Some(scores) = self {
            scores.count(score, &mut step.probabilities(), target);
        }
    }

    fn reset(&mut self) {
        if let Some(scores) = self {
            scores.reset();
        }
    }
}

impl<const BINS: usize, M: Math> Record for Calibration<BINS, M> {
    #[inline]
    fn score<N: Logit>(&self, logits: &[N], temperature: f32, target: usize) -> Option<Score> {
        (temperature != 1.0).then(|| Score::of_logits::<N, M>(logits, temperature, target))
    }

    #[inline]
    fn record<N: Logit>(&mut self, step: &Step<'_, N>, score: Option<Score>, target: usize) {
        self.add(score.unwrap_or_else(|| Score::of(step.probabilities(), target)));
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

impl<const BINS: usize, M> Default for Calibration<BINS, M> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bin `(i / BINS, (i + 1) / BINS]` of a confidence in [0, 1]; 0 for 0.
fn bin_of<const BINS: usize>(confidence: f32) -> usize {
    let position = confidence * BINS as f32;
    let below = position as usize;
    // A confidence on a border belongs to the bin below it.
    let index = if below as f32 == position { below.saturating_sub(1) } else { below };
    index.min(BINS.saturating_sub(1))
}

impl Tally {
    fn bin(&self) -> Option<Bin> {
        let n = self.count as f32;
        // In two halves: the compiler's function that converts a 64-bit integer is larger than all of this.
        let [high, low] = [(self.confidence >> 32) as u32, self.confidence as u32].map(|half| half as f32 / ONE);
        let (accuracy, confidence) = (self.correct as f32 / n, (high * 4_294_967_296.0 + low) / n);
        (self.count > 0).then_some(Bin { count: self.count, accuracy, confidence })
    }
}

/// A compensated sum (Kahan) of non-negative numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Sum {
    pub(crate) sum: f32,
    pub(crate) lost: f32,
}

impl Sum {
    const ZERO: Sum = Sum { sum: 0.0, lost: 0.0 };

    fn add(&mut self, value: f32) {
        let value = value - self.lost;
        let sum = self.sum + value;
        self.lost = (sum - self.sum) - value;
        self.sum = sum;
    }

    fn value(self) -> f32 {
        self.sum
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::lengths::steps;

    #[test]
    fn borders_belong_to_the_bin_below() {
        assert_eq!(bin_of::<10>(0.0), 0);
        assert_eq!(bin_of::<10>(f32::MIN_POSITIVE), 0);
        assert_eq!((bin_of::<4>(0.25), bin_of::<4>(0.250_001)), (0, 1));
        assert_eq!((bin_of::<4>(0.75), bin_of::<4>(1.0)), (2, 3));
        assert_eq!((bin_of::<1>(0.0), bin_of::<1>(1.0)), (0, 0));
    }

    #[test]
    fn a_perfect_and_a_hopeless_stream() {
        let mut calibration: Calibration<15> = Calibration::new();
        for _ in 0..10 {
            calibration.record(&[0.0, 1.0], 1).unwrap();
        }
        let perfect = calibration.summary().unwrap();
        assert_eq!((perfect.accuracy, perfect.nll, perfect.brier, perfect.ece, perfect.mce), (1.0, 0.0, 0.0, 0.0, 0.0));
        for _ in 0..10 {
            calibration.record(&[0.0, 1.0], 0).unwrap();
        }
        let hopeless = calibration.summary().unwrap();
        assert_eq!((hopeless.accuracy, hopeless.ece, hopeless.mce, hopeless.brier), (0.5, 0.5, 0.5, 1.0));
        assert!((hopeless.nll - 0.5 * 87.336_55).abs() < 1e-3);
    }

    #[test]
    fn refused_records_are_not_counted() {
        let mut calibration: Calibration<5> = Calibration::new();
        assert!(calibration.record(&[], 0).is_err());
        assert!(calibration.record(&[0.5, 0.5], 2).is_err());
        assert!(calibration.record(&[0.5, f32::NAN], 0).is_err());
        assert!(calibration.record(&[2.0, -1.0], 0).is_err());
        assert_eq!(calibration, Calibration::new());
    }

    #[test]
    fn a_long_stream_keeps_its_means() {
        let mut calibration: Calibration<3> = Calibration::new();
        for _ in 0..steps(300, 3_000_000) {
            calibration.record(&[0.9, 0.1], 0).unwrap();
        }
        let summary = calibration.summary().unwrap();
        assert!((summary.confidence - 0.9).abs() < 1e-6);
        assert!((summary.nll + 0.9_f32.ln()).abs() < 1e-6);
        assert!((summary.brier - 0.02).abs() < 1e-7);
    }

    #[test]
    fn a_calibration_that_is_full_stays_as_it_is() {
        let mut calibration: Calibration<2> = Calibration::new();
        for target in [0, 1] {
            calibration.record(&[0.75, 0.25], target).unwrap();
            calibration.record(&[0.25, 0.25, 0.25, 0.25], target).unwrap();
        }
        // As if 2^31 predictions of each kind had been recorded.
        for bin in &mut calibration.bins {
            (bin.count, bin.correct, bin.confidence) = (1 << 31, 1 << 30, bin.confidence << 30);
        }
        calibration.bins[0].count -= 1;
        let before = calibration.clone();
        calibration.record(&[1.0, 0.0], 0).unwrap();
        let summary = calibration.summary().unwrap();
        assert_eq!((calibration, summary.count), (before, u32::MAX));
        assert!((summary.accuracy - 0.5).abs() < 1e-6 && (summary.confidence - 0.5).abs() < 1e-6, "{summary:?}");
    }

    #[test]
    fn coverage_grows_from_the_surest_bin_down() {
        let mut calibration: Calibration<4> = Calibration::new();
        // Of eight samples: three in the highest bin, two of them right; none in the next; five below that, one right.
        for (confidence, target) in [(1.0, 0), (0.875, 0), (0.875, 1)] {
            calibration.record(&[confidence, 1.0 - confidence], target).unwrap();
        }
        for target in [0, 1, 2, 1, 2] {
            calibration.record(&[0.375, 0.3125, 0.3125], target).unwrap();
        }
        let points: std::vec::Vec<_> = calibration.coverage().collect();
        let sure = Coverage { threshold: 0.75, coverage: 0.375, accuracy: 2.0 / 3.0 };
        let all = Coverage { threshold: 0.25, coverage: 1.0, accuracy: 0.375 };
        assert_eq!(points, [sure, all]);
    }
}
