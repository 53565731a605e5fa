//! The answer of a device: probabilities corrected by a temperature, and `unknown` below a threshold.
//!
//! Temperature scaling (Guo et al., 2017) divides the logits by one number T; a T above 1 lowers the confidence of an overconfident head. T
//! is fitted by bisection to samples that the head did not learn from, those that a [`Guard`](crate::guard::Guard) holds out: the
//! negative log-likelihood is convex in 1/T, and the sign of its slope tells which half to keep. A prior towards T = 1 weighs as much as
//! [`PRIOR`] samples; without it, a few samples that are all classified correctly would lead to the lowest temperature.

use core::marker::PhantomData;

use crate::error::{self, Error, Slice, expect_in_range};
use crate::heads::head::Head;
use crate::heads::number::Number;
use crate::heads::prediction::{Prediction, TEMPERATURES, check_temperature};
use crate::learning::replay::Memory;
pub use crate::learning::score::{confidence, distances};
use crate::numeric::kernels;
use crate::numeric::math::{Libm, Math};

/// The number of samples that the prior of a fitted temperature weighs as much as.
pub const PRIOR: f32 = 10.0;

/// Turns the logits of a head into an answer, by a temperature and a threshold. 8 bytes. `M` is the math backend.
///
/// ```
/// use gradient_decay::{Answer, LinearHead, Readout};
///
/// const READOUT: Readout = Readout::new().with_temperature(2.0).with_threshold(0.6);
/// let mut head: LinearHead<2, 1> = LinearHead::new();
/// head.import(&[0.0, 1.0, 0.0, 0.0])?; // logits 0 and x
/// let mut logits = [0.0; 2]; // work space
/// let Answer::Class(prediction) = READOUT.answer(&head, &[4.0], &mut logits)? else { panic!() };
/// assert_eq!(prediction.class, 1);
/// assert!((prediction.probability - 0.880_797).abs() < 1e-6); // 1 / (1 + e^(-4 / 2))
/// assert!(matches!(READOUT.answer(&head, &[0.5], &mut logits)?, Answer::Unknown(..))); // 0.562
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Readout<M = Libm> {
    temperature: f32,
    threshold: f32,
    math: PhantomData<M>,
}

/// The answer for a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Answer {
    /// The most probable class, whose probability reaches the threshold.
    Class(Prediction),
    /// Unknown: the most probable class, and the reason why it is not the answer.
    Unknown(Prediction, Reason),
}

/// The reason why a sample is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Reason {
    /// The probability does not reach the threshold: the sample is between classes.
    Between,
    /// The sample is far from everything that was learned: see [`Novelty`](crate::Novelty).
    Far,
}

impl Answer {
    /// The class, if the answer is one; `None` if it is unknown.
    pub const fn class(self) -> Option<usize> {
        match self {
            Answer::Class(prediction) => Some(prediction.class),
            Answer::Unknown(..) => None,
        }
    }

    /// The most probable class and its probability, whether or not it is the answer.
    pub const fn prediction(self) -> Prediction {
        let (Answer::Class(prediction) | Answer::Unknown(prediction, _)) = self;
        prediction
    }
}

impl Readout {
    /// The temperature 1, which is softmax, and the threshold 0: nothing is unknown.
    pub const fn new() -> Self {
        Self::with_math()
    }
}

impl<M: Copy> Readout<M> {
    /// [`new`](Readout::new) with the math backend `M`.
    pub const fn with_math() -> Self {
        Readout { temperature: 1.0, threshold: 0.0, math: PhantomData }
    }

    /// With a temperature in [0.01, 100].
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn with_temperature(self, temperature: f32) -> Self {
        expect_in_range(self.try_with_temperature(temperature))
    }

    /// [`with_temperature`](Self::with_temperature), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [0.01, 100].
    pub const fn try_with_temperature(self, temperature: f32) -> Result<Self, Error> {
        match check_temperature(temperature) {
            Ok(()) => Ok(Readout { temperature, threshold: self.threshold, math: PhantomData }),
            Err(error) => Err(error),
        }
    }

    /// With a threshold in [0, 1]: a sample whose largest probability is below it is unknown.
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn with_threshold(self, threshold: f32) -> Self {
        expect_in_range(self.try_with_threshold(threshold))
    }

    /// [`with_threshold`](Self::with_threshold), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is not in [0, 1].
    pub const fn try_with_threshold(self, threshold: f32) -> Result<Self, Error> {
        if threshold >= 0.0 && threshold <= 1.0 {
            Ok(Readout { temperature: self.temperature, threshold, math: PhantomData })
        } else {
            Err(Error::OutOfRange { number: error::Number::Probability, value: threshold })
        }
    }

    /// The temperature, in [0.01, 100].
    pub const fn temperature(&self) -> f32 {
        self.temperature
    }

    /// The threshold, in [0, 1].
    pub const fn threshold(&self) -> f32 {
        self.threshold
    }
}

impl<M: Math> Readout<M> {
    /// The answer of a head for a sample, among its classes in use. `logits` is work space with one number for each class that the head has
    /// room for, and may hold anything afterwards.
    ///
    /// # Errors
    /// As [`Head::logits`]; [`Error::NoClasses`] if no class is in use.
    pub fn answer<H: Head>(&self, head: &H, features: &H::Features, logits: &mut [H::Number]) -> Result<Answer, Error> {
        answer(self, head, features, logits)
    }

    /// The answer for logits that come from elsewhere, such as a head in integers or another library. They are replaced by the
    /// probabilities at the temperature. Minus infinity is the logit of a row that is not in use.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the logit that is NaN or infinite, [`Error::NoClasses`] if there is no logit or no row is in use; `logits` is
    /// then unchanged.
    ///
    /// ```
    /// use gradient_decay::{Answer, Readout};
    ///
    /// let mut logits = [0.0, 3.0_f32.ln()];
    /// let answer = Readout::new().with_threshold(0.8).answer_logits(&mut logits)?;
    /// assert!(matches!(answer, Answer::Unknown(prediction, _) if prediction.class == 1));
    /// assert!((logits[0] - 0.25).abs() < 1e-6 && (logits[1] - 0.75).abs() < 1e-6);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn answer_logits(&self, logits: &mut [f32]) -> Result<Answer, Error> {
        if let Some(index) = logits.iter().position(|z| !z.is_finite() && *z != f32::NONE) {
            return Err(Error::NotFinite { slice: Slice::Logits, index });
        }
        let (class, top) = kernels::largest(logits).unwrap_or((0, f32::NONE));
        if top == f32::NONE {
            return Err(Error::NoClasses);
        }
        Ok(self.read(&(), scaled::<M>(self.temperature, class, top, logits)))
    }

    /// The same read-out with the temperature that fits the samples of a memory best: it minimises the negative log-likelihood plus
    /// `PRIOR (1/T - ln(1/T) - 1)`, a prior towards 1 (a gamma distribution of 1/T). The range [0.01, 100] is halved `steps` times on a
    /// logarithmic scale; 16 steps determine T to 1.5 parts in ten thousand. Each step goes through the memory once. `logits` is work space
    /// with one number for each class that the head has room for. The temperature is unchanged if the memory has no sample of a class in use.
    ///
    /// Fit to samples held out: on samples that it has memorised, a head looks better than it is.
    ///
    /// # Errors
    /// As [`Head::logits`].
    ///
    /// ```
    /// use gradient_decay::{LinearHead, Readout, Replay};
    ///
    /// // A head that always says 0.95 and is right three times of four.
    /// let mut head: LinearHead<2, 1> = LinearHead::new();
    /// head.import(&[0.0, 0.0, 2.944_439, 0.0])?;
    /// let fit = |samples| {
    ///     let mut memory: Replay<2, 1000, [f32; 1]> = Replay::new(0);
    ///     for i in 0..samples {
    ///         memory.insert(&[0.0], usize::from(i % 4 == 3))?;
    ///     }
    ///     Ok::<f32, gradient_decay::Error>(Readout::new().fitted(&head, &memory, 20, &mut [0.0; 2])?.temperature())
    /// };
    /// assert!((fit(1000)? - 2.944_439 / 3.0_f32.ln()).abs() < 0.1); // near where it says 0.75
    /// assert!(fit(4)? < 1.3); // four samples hardly move the prior
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn fitted<H: Head>(
        self,
        head: &H,
        memory: &impl Memory<H::Features>,
        steps: u32,
        logits: &mut [H::Number],
    ) -> Result<Self, Error> {
        let (mut low, mut high) = TEMPERATURES;
        for _ in 0..steps {
            let middle = M::sqrt(low * high);
            // The slope in 1/T of the function to be minimised.
            let mut slope = PRIOR * (1.0 - middle);
            let (mut count, mut problem) = (0_u32, None);
            memory.for_each(|features, target| {
                if head.knows(target) {
                    count += 1;
                    match head.logits(features, logits) {
                        Ok(()) => slope += slope_of::<H>(logits, target, middle),
                        Err(error) => problem = Some(error),
                    }
                }
            });
            if let Some(error) = problem {
                return Err(error);
            }
            if count == 0 {
                return Ok(self);
            }
            // It falls with 1/T: more confidence fits better, so T is lower.
            if slope < 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        let temperature = if steps == 0 { self.temperature } else { M::sqrt(low * high) };
        Ok(Readout { temperature, ..self })
    }
}

impl<M: Copy> Default for Readout<M> {
    fn default() -> Self {
        Self::with_math()
    }
}

/// Turns logits and features `X` into an answer: a [`Readout`], a [`Novelty`](crate::Novelty), or `()`, which is softmax without a
/// threshold.
pub trait Read<X: ?Sized> {
    /// The temperature, in [0.01, 100].
    fn temperature(&self) -> f32;

    /// The answer, given the most probable class and its probability at the temperature.
    fn read(&self, features: &X, prediction: Prediction) -> Answer;

    /// The number of classes that there is room for.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// The probability of the most probable class by a sample's logits before it is learned, for [`observe`](Self::observe); 1 for a read-out
    /// that does not need it.
    fn said<N: Number>(&self, _: &[N]) -> f32 {
        1.0
    }

    /// Takes a sample that was learned into account; its features are finite. `said` is the probability of the most probable class before.
    fn observe(&mut self, _: &X, _: usize, _said: f32) {}

    /// Removes the effect of a sample that was taken back. `said` is the probability of the class that is most probable without it.
    fn take_back(&mut self, _: &X, _: usize, _said: f32) {}

    /// Forgets a class; those above it move down by one.
    fn remove_class(&mut self, _: usize) {}

    /// Forgets all samples.
    fn clear(&mut self) {}
}

impl<X: ?Sized> Read<X> for () {
    #[inline]
    fn temperature(&self) -> f32 {
        1.0
    }

    #[inline]
    fn read(&self, _: &X, prediction: Prediction) -> Answer {
        Answer::Class(prediction)
    }
}

impl<X: ?Sized, M> Read<X> for Readout<M> {
    #[inline]
    fn temperature(&self) -> f32 {
        self.temperature
    }

    #[inline]
    fn read(&self, _: &X, prediction: Prediction) -> Answer {
        if prediction.probability < self.threshold {
            Answer::Unknown(prediction, Reason::Between)
        } else {
            Answer::Class(prediction)
        }
    }
}

/// A borrowed read-out, for a learner that exists for one call only.
impl<X: ?Sized, M> Read<X> for &Readout<M> {
    #[inline]
    fn temperature(&self) -> f32 {
        self.temperature
    }

    #[inline]
    fn read(&self, features: &X, prediction: Prediction) -> Answer {
        (**self).read(features, prediction)
    }
}

/// The answer of a head.
#[inline]
pub(crate) fn answer<H: Head>(
    read: &impl Read<H::Features>,
    head: &H,
    features: &H::Features,
    logits: &mut [H::Number],
) -> Result<Answer, Error> {
    if head.classes() == 0 {
        return Err(Error::NoClasses);
    }
    head.logits(features, logits)?;
    Ok(read.read(features, H::Number::predict::<H::Math>(logits, read.temperature())))
}

/// Replaces logits, at least one of which is in use, by the probabilities at a temperature; returns the most probable class.
pub(crate) fn probabilities<M: Math>(temperature: f32, logits: &mut [f32]) -> Prediction {
    let (class, top) = kernels::largest(logits).unwrap_or_default();
    scaled::<M>(temperature, class, top, logits)
}

/// The same, given the most probable class and its logit.
fn scaled<M: Math>(temperature: f32, class: usize, top: f32, logits: &mut [f32]) -> Prediction {
    for z in logits.iter_mut() {
        *z = (*z - top) / temperature;
    }
    let probability = 1.0 / kernels::exp_and_sum::<M>(logits, 0.0, 0.0);
    logits.iter_mut().for_each(|p| *p *= probability);
    Prediction { class, probability }
}

/// The slope in 1/T of a sample's negative log-likelihood: the mean of the logits under the softmax at T, less the target's.
fn slope_of<H: Head>(logits: &[H::Number], target: usize, temperature: f32) -> f32 {
    let top = H::Number::top(logits);
    let own = logits.get(target).map_or(0.0, |z| z.above(top));
    let (mut sum, mut mean) = (0.0, 0.0);
    for z in logits.iter().map(|z| z.above(top)) {
        let e = H::Math::exp(z / temperature);
        // The logit of a class whose probability is 0 may differ by more than an f32 holds.
        if e > 0.0 {
            sum += e;
            mean += e * z;
        }
    }
    // The target's logit may differ by that much too. Limited to 1e30, the slopes of many samples can be added without overflow.
    mean / sum + (-own).min(1e30)
}

#[cfg(all(test, feature = "libm"))]
mod tests;
