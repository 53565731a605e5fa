//! What a device answers: probabilities corrected by a temperature, and `unknown` below a threshold.
//!
//! Temperature scaling (Guo et al., 2017) divides the logits by one number T: above 1 it makes an overconfident head modest. It
//! is fitted to samples that the head did not just learn from, on the device those of a [`Replay`] memory, by bisection: the
//! negative log-likelihood is convex in 1/T, and the sign of its slope says which half to keep.

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_finite, expect_in_range};
use crate::head::{LinearHead, Prediction};
use crate::kernels;
use crate::math::{Libm, Math};
use crate::replay::{Replay, Stored};

/// The lowest and the highest temperature.
const TEMPERATURES: (f32, f32) = (0.01, 100.0);

/// How the logits of a head become an answer. 8 bytes. `M` is the math backend.
///
/// ```
/// use gradient_decay::{Answer, LinearHead, Readout};
///
/// const READOUT: Readout = Readout::new().with_temperature(2.0).with_threshold(0.6);
/// let mut head: LinearHead<2, 1> = LinearHead::new();
/// head.import(&[0.0, 1.0, 0.0, 0.0])?; // logits 0 and x
/// let Answer::Class(prediction) = READOUT.answer(&head, &[4.0])? else { panic!() };
/// assert_eq!(prediction.class, 1);
/// assert!((prediction.probability - 0.880_797).abs() < 1e-6); // 1 / (1 + e^(-4 / 2))
/// assert!(matches!(READOUT.answer(&head, &[0.5])?, Answer::Unknown(_))); // 0.562
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Readout<M = Libm> {
    temperature: f32,
    threshold: f32,
    math: PhantomData<M>,
}

/// What a read-out says of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Answer {
    /// The most probable class, whose probability reaches the threshold.
    Class(Prediction),
    /// It does not: the sample is like nothing that was learned, or between classes.
    Unknown(Prediction),
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
        if temperature >= TEMPERATURES.0 && temperature <= TEMPERATURES.1 {
            Ok(Readout { temperature, threshold: self.threshold, math: PhantomData })
        } else {
            Err(Error::OutOfRange { number: Number::Temperature, value: temperature })
        }
    }

    /// With a threshold in [0, 1], below which a probability is unknown.
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
            Err(Error::OutOfRange { number: Number::Probability, value: threshold })
        }
    }

    /// The temperature.
    pub const fn temperature(&self) -> f32 {
        self.temperature
    }

    /// The threshold.
    pub const fn threshold(&self) -> f32 {
        self.threshold
    }
}

impl<M: Math> Readout<M> {
    /// The answer of a head for a sample.
    ///
    /// # Errors
    /// As [`LinearHead::logits`].
    pub fn answer<const CLASSES: usize, const FEATURES: usize>(
        &self,
        head: &LinearHead<CLASSES, FEATURES, M>,
        features: &[f32; FEATURES],
    ) -> Result<Answer, Error> {
        let mut logits = [0.0; CLASSES];
        head.logits(features, &mut logits)?;
        Ok(self.read(&mut logits))
    }

    /// The answer for logits from elsewhere: those of a head in integers, or of another library. They become the
    /// probabilities under the temperature.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the logit that is NaN or infinite, [`Error::Length`] if there is none; they are then
    /// unchanged.
    ///
    /// ```
    /// use gradient_decay::{Answer, Readout};
    ///
    /// let mut logits = [0.0, 3.0_f32.ln()];
    /// let answer = Readout::new().with_threshold(0.8).answer_logits(&mut logits)?;
    /// assert!(matches!(answer, Answer::Unknown(prediction) if prediction.class == 1));
    /// assert!((logits[0] - 0.25).abs() < 1e-6 && (logits[1] - 0.75).abs() < 1e-6);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn answer_logits(&self, logits: &mut [f32]) -> Result<Answer, Error> {
        if logits.is_empty() {
            return Err(Error::Length { slice: Slice::Logits, expected: 1, actual: 0 });
        }
        check_finite(Slice::Logits, logits)?;
        Ok(self.read(logits))
    }

    /// The answer for finite logits, which become probabilities.
    fn read(&self, logits: &mut [f32]) -> Answer {
        let (class, probability) = self.probabilities(logits);
        let prediction = Prediction { class, probability };
        if probability < self.threshold { Answer::Unknown(prediction) } else { Answer::Class(prediction) }
    }

    /// The same read-out with the temperature that fits the samples of a memory best, the one with the smallest negative
    /// log-likelihood. `steps` halvings of the range [0.01, 100], even in its logarithm: 16 fix it to 1.5 parts in ten
    /// thousand. Each goes through the memory once, and no more memory than two arrays of `CLASSES` numbers is needed. Unchanged
    /// if the memory is empty.
    ///
    /// Samples that the head has learned by heart make a poor guide: fit before they are rehearsed, or on a memory of its own.
    ///
    /// # Errors
    /// As [`LinearHead::logits`].
    ///
    /// ```
    /// use gradient_decay::{LinearHead, Readout, Replay};
    ///
    /// // A head that always says 0.95 and is right three times of four.
    /// let mut head: LinearHead<2, 1> = LinearHead::new();
    /// head.import(&[0.0, 0.0, 2.944_439, 0.0])?;
    /// let mut memory: Replay<2, 4, 1> = Replay::new(0);
    /// for target in [0, 0, 0, 1] {
    ///     memory.insert(&[0.0], target)?;
    /// }
    /// let readout = Readout::new().fitted(&head, &memory, 20)?;
    /// assert!((readout.temperature() - 2.944_439 / 3.0_f32.ln()).abs() < 1e-3); // where it says 0.75
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn fitted<const CLASSES: usize, const SLOTS: usize, const FEATURES: usize, S: Stored<FEATURES>>(
        self,
        head: &LinearHead<CLASSES, FEATURES, M>,
        memory: &Replay<CLASSES, SLOTS, FEATURES, S>,
        steps: u32,
    ) -> Result<Self, Error> {
        if memory.is_empty() {
            return Ok(self);
        }
        let (mut low, mut high) = TEMPERATURES;
        let mut logits = [0.0; CLASSES];
        for _ in 0..steps {
            let middle = M::sqrt(low * high);
            let tried = Readout { temperature: middle, ..self };
            // The slope of the negative log-likelihood in 1/T: the logits' mean under p less the target's, over all samples.
            let mut slope = 0.0;
            let mut problem = None;
            memory.for_each(|features, target| match head.logits(features, &mut logits) {
                Ok(()) => slope += tried.slope(&logits, target),
                Err(error) => problem = Some(error),
            });
            if let Some(error) = problem {
                return Err(error);
            }
            // Falling with 1/T: the head may be surer, so T is below. Where it is flat, what is closer to 1 is as good.
            if slope < 0.0 || (slope == 0.0 && middle > 1.0) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(Readout { temperature: M::sqrt(low * high), ..self })
    }

    /// The slope of a sample.
    fn slope<const CLASSES: usize>(&self, logits: &[f32; CLASSES], target: usize) -> f32 {
        let mut p = *logits;
        self.probabilities(&mut p);
        let own = logits.get(target).copied().unwrap_or_default();
        p.iter().zip(logits).fold(0.0, |sum, (p, z)| sum + p * (z - own))
    }

    /// Logits to probabilities in place; the most probable class and its probability.
    fn probabilities(&self, logits: &mut [f32]) -> (usize, f32) {
        let (class, top) = kernels::largest(logits).unwrap_or_default();
        for z in logits.iter_mut() {
            *z = (*z - top) / self.temperature;
        }
        let scale = 1.0 / kernels::exp_and_sum::<M>(logits, 0.0, 0.0);
        for p in logits.iter_mut() {
            *p *= scale;
        }
        (class, scale)
    }
}

impl<M: Copy> Default for Readout<M> {
    fn default() -> Self {
        Self::with_math()
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;

    type Head = LinearHead<3, 2>;

    fn head() -> Head {
        let mut head = Head::new();
        head.import(&[2.0, -1.0, -3.0, 4.0, 0.5, 0.5, 0.1, 0.2, 0.3]).unwrap();
        head
    }

    fn memory() -> Replay<3, 20, 2> {
        let mut memory = Replay::new(5);
        for i in 0..60_u8 {
            let x = [f32::from(i % 7) / 3.0 - 1.0, f32::from(i % 5) / 2.0 - 1.0];
            // Right of some, wrong of others.
            let class = if i % 4 == 0 { usize::from(i) % 3 } else { head().predict(&x).unwrap().class };
            memory.insert(&x, class).unwrap();
        }
        memory
    }

    fn nll(temperature: f32) -> f64 {
        let mut sum = 0.0;
        memory().for_each(|features, target| {
            let mut logits = [0.0; 3];
            head().logits(features, &mut logits).unwrap();
            let z = logits.map(|z| f64::from(z) / f64::from(temperature));
            let total: f64 = z.iter().map(|z| z.exp()).sum();
            sum += total.ln() - z[target];
        });
        sum
    }

    #[test]
    fn the_fitted_temperature_is_the_best() {
        let readout = Readout::new().fitted(&head(), &memory(), 24).unwrap();
        let best = nll(readout.temperature());
        for factor in [0.9, 0.97, 1.03, 1.1] {
            assert!(best < nll(readout.temperature() * factor), "{} {factor}", readout.temperature());
        }
    }

    #[test]
    fn a_head_that_is_always_right_gets_a_low_temperature() {
        let mut memory: Replay<3, 4, 2> = Replay::new(5);
        for x in [[1.0, -1.0], [-1.0, 1.0], [2.0, 0.0]] {
            memory.insert(&x, head().predict(&x).unwrap().class).unwrap();
        }
        let readout = Readout::new().fitted(&head(), &memory, 24).unwrap();
        assert!(readout.temperature() < 0.1, "{}", readout.temperature());
        // One that says nothing keeps the temperature 1.
        let readout = Readout::new().fitted(&Head::new(), &memory, 24).unwrap();
        assert!((readout.temperature() - 1.0).abs() < 1e-3);
        let none: Replay<3, 4, 2> = Replay::new(5);
        assert_eq!(Readout::new().fitted(&head(), &none, 24), Ok(Readout::new()));
    }

    #[test]
    fn temperature_one_is_softmax() {
        let (mut logits, mut p) = ([0.0; 3], [0.0; 3]);
        head().logits(&[0.3, 0.7], &mut logits).unwrap();
        crate::GradientDecay::new(1.0).probabilities(&logits, &mut p).unwrap();
        let Answer::Class(answer) = Readout::new().answer(&head(), &[0.3, 0.7]).unwrap() else { panic!("unknown") };
        assert!((answer.probability - p[answer.class]).abs() < 1e-6);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for bad in [0.0, -1.0, 0.009, 101.0, f32::NAN, f32::INFINITY] {
            assert!(Readout::new().try_with_temperature(bad).is_err());
        }
        for bad in [-0.1, 1.1, f32::NAN] {
            assert!(Readout::new().try_with_threshold(bad).is_err());
        }
    }
}
