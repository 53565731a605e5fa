//! A linear head that infers and learns in integers, for cores without FPU: i8 features, i16 weights, i32 sums; loss and gradient in fixed
//! point.
//!
//! Rounding is stochastic, of each row's rate times its gradient and of each weight's change: the fraction below the last bit is rounded up with a
//! probability equal to that fraction. A row whose rate comes to 0 is skipped. Truncation would push all weights the same way, and small gradients
//! would have no effect.
//!
//! | number | format |
//! |---|---|
//! | feature | i8, `q 2^-exponent`; subtract a zero point first |
//! | weight | i16, `q 2^-12`, in [-8, 8) |
//! | bias, logit, loss | i32, `q 2^-16` |
//! | probability, gradient | `q 2^-15`, in [-1, 1] |

use core::marker::PhantomData;

pub use crate::heads::fixed_storage::{FixedSlices, FixedStorage, OwnedFixed};

use crate::error::{Error, Slice, check_classes, check_finite, check_length, check_target};
use crate::heads::head::{Classes, Head, remove_row};
use crate::heads::linear::{LinearHead, mask};
use crate::heads::storage::{Owned, StoredVelocity};
use crate::numeric::fixed_point::{LOGIT_MAX, ONE, largest, nearest, softmax};
use crate::numeric::math::{Libm, Math};
use crate::numeric::random::Random;

/// The fractional bits of a weight.
pub(crate) const WEIGHT_BITS: u32 = 12;

/// A dense layer in integers. The rows in use come first; the others are zero. `S` is the storage of its numbers, `M` the math backend, used
/// for the logarithm of beta.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fixed<S, M = Libm> {
    pub(crate) storage: S,
    pub(crate) exponent: u32,
    pub(crate) classes: u32,
    /// The random generator of stochastic rounding.
    pub(crate) random: Random,
    math: PhantomData<M>,
}

/// A linear head that infers and learns in integers: `2 FEATURES + 4` bytes for each class, and 12 more.
///
/// Its optimizer is a [`FixedRate`](crate::FixedRate). `M` is the math backend, used for the logarithm of beta.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, State};
///
/// const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 50), FixedRate::new(0.125));
/// // Features in [-4, 4), by steps of 1/32; rounding follows from the seed 1.
/// let mut head: FixedHead<2, 2> = FixedHead::new(5, 1);
/// let mut state = State::new();
/// for _ in 0..100 {
///     TUNER.step(&mut head, &mut state, &[64, -32], 0)?;
///     TUNER.step(&mut head, &mut state, &[-64, 32], 1)?;
/// }
/// assert_eq!((head.predict(&[60, -20])?, head.predict(&[-60, 40])?), (0, 1));
/// let step = TUNER.step(&mut head, &mut state, &[64, -32], 0)?;
/// assert!(step.loss() < 0.1 && step.class() == 0);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
pub type FixedHead<const CLASSES: usize, const FEATURES: usize, M = Libm> = Fixed<OwnedFixed<CLASSES, FEATURES>, M>;

impl<const CLASSES: usize, const FEATURES: usize, M> FixedHead<CLASSES, FEATURES, M> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();
    /// The smallest weight, -8. [`from_head`](Self::from_head) saturates smaller ones.
    pub const MIN_WEIGHT: f32 = i16::MIN as f32 / (1 << WEIGHT_BITS) as f32;
    /// The largest weight, 2^-12 below 8. [`from_head`](Self::from_head) saturates larger ones.
    pub const MAX_WEIGHT: f32 = i16::MAX as f32 / (1 << WEIGHT_BITS) as f32;
    /// The largest bias, 16,000. [`from_head`](Self::from_head) saturates larger ones.
    pub const MAX_BIAS: f32 = (LOGIT_MAX / ONE) as f32;

    /// A head of zeros with all classes in use, for features `q 2^-exponent`, the exponent in 0..=7; a larger one counts as 7.
    /// Updates are rounded by random numbers that follow from `seed`. More than 512 features do not compile, since their sum could
    /// overflow an i32.
    pub const fn new(exponent: u32, seed: u32) -> Self {
        Self::over(OwnedFixed::new(), CLASSES as u32, exponent, seed)
    }

    /// [`new`](Self::new) with no class in use: they come by [`add_class`](Classes::add_class).
    pub const fn empty(exponent: u32, seed: u32) -> Self {
        Self::over(OwnedFixed::new(), 0, exponent, seed)
    }

    /// Converts a trained head to integers, each parameter rounded to the nearest; weights beyond [-8, 8) and biases beyond +-16,000
    /// saturate. The same classes are in use.
    pub fn from_head<V: StoredVelocity>(head: &LinearHead<CLASSES, FEATURES, M, V>, exponent: u32, seed: u32) -> Self {
        let mut new = Self::new(exponent, seed);
        let Owned { weights, bias, .. } = &head.storage;
        new.round(weights.as_flattened(), bias);
        new.classes = head.used() as u32;
        new
    }

    /// The same head in f32, to inspect or to send it. Exact except for biases beyond +-256, of which an f32 keeps 24 bits;
    /// [`from_head`](Self::from_head) converts it back to the same head.
    ///
    /// ```
    /// use gradient_decay::{FixedHead, LinearHead};
    ///
    /// let mut head: LinearHead<1, 2> = LinearHead::new();
    /// head.import(&[0.3, -0.3, 1.0])?;
    /// let fixed = FixedHead::from_head(&head, 5, 1);
    /// let mut parameters = [0.0; 3];
    /// fixed.to_head().export(&mut parameters)?;
    /// assert_eq!(parameters, [1229.0 / 4096.0, -1229.0 / 4096.0, 1.0]);
    /// assert_eq!(FixedHead::from_head(&fixed.to_head(), 5, 1), fixed);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn to_head(&self) -> LinearHead<CLASSES, FEATURES, M> {
        let mut head = LinearHead::<CLASSES, FEATURES, M>::new();
        let Owned { weights, bias, .. } = &mut head.storage;
        weights.as_flattened_mut().iter_mut().chain(bias).zip(self.in_f32()).for_each(|(to, from)| *to = from);
        head.unused = (CLASSES as u32).saturating_sub(self.classes);
        head
    }

    /// Rounds features to the nearest i8 in this head's format; values beyond its range saturate, and NaN becomes 0.
    pub fn quantize(&self, features: &[f32; FEATURES]) -> [i8; FEATURES] {
        quantize(features, self.exponent)
    }

    /// The logits, in units of 2^-16, computed without floating point; [`i32::MIN`] for each row that is not in use.
    #[inline]
    pub fn logits(&self, features: &[i8; FEATURES]) -> [i32; CLASSES] {
        let mut logits = self.storage.bias;
        self.add_products(features, &mut logits);
        logits
    }

    /// The class with the largest logit, the first of equal ones; computed without floating point.
    ///
    /// # Errors
    /// [`Error::NoClasses`] if no class is in use.
    pub fn predict(&self, features: &[i8; FEATURES]) -> Result<usize, Error> {
        if self.classes == 0 { Err(Error::NoClasses) } else { Ok(largest(&self.logits(features))) }
    }
}

impl<S, M> Fixed<S, M> {
    pub(crate) const fn over(storage: S, classes: u32, exponent: u32, seed: u32) -> Self {
        let exponent = if exponent > 7 { 7 } else { exponent };
        Fixed { storage, exponent, classes, random: Random::new(seed), math: PhantomData }
    }

    /// The exponent of the features, in 0..=7.
    pub const fn exponent(&self) -> u32 {
        self.exponent
    }
}

impl<S: FixedStorage, M> Fixed<S, M> {
    /// Replaces all parameters, each rounded to the nearest: the weights row by row (one row for each class), then the biases. Weights beyond
    /// [-8, 8) and biases beyond +-16,000 saturate. All classes are in use then.
    ///
    /// # Errors
    /// [`Error::Length`] if `parameters` does not have one number for each parameter of the head, [`Error::NotFinite`] if one is NaN or
    /// infinite; the head is then unchanged.
    pub fn import(&mut self, parameters: &[f32]) -> Result<(), Error> {
        let (weights, bias) = (self.storage.weights().len(), self.storage.bias().len());
        check_length(Slice::Parameters, weights + bias, parameters.len())?;
        check_finite(Slice::Parameters, parameters)?;
        let (weights, of_bias) = parameters.split_at_checked(weights).unwrap_or_default();
        self.round(weights, of_bias);
        self.classes = bias as u32;
        Ok(())
    }

    /// Copies all parameters out, in the order of [`import`](Self::import); zeros for rows that are not in use. Exact except for biases beyond
    /// +-256, of which an f32 keeps 24 bits.
    ///
    /// # Errors
    /// [`Error::Length`] if `parameters` does not have one number for each parameter of the head; it is then unchanged.
    ///
    /// ```
    /// use gradient_decay::FixedHead;
    ///
    /// let mut head: FixedHead<1, 2> = FixedHead::new(5, 1);
    /// head.import(&[0.3, 100.0, 1.0])?;
    /// let mut parameters = [0.0; 3];
    /// head.export(&mut parameters)?;
    /// assert_eq!(parameters, [1229.0 / 4096.0, FixedHead::<1, 2>::MAX_WEIGHT, 1.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Parameters, self.storage.weights().len() + self.storage.bias().len(), parameters.len())?;
        parameters.iter_mut().zip(self.in_f32()).for_each(|(to, from)| *to = from);
        Ok(())
    }

    /// The class with the largest logit, the first of equal ones, and the softmax probabilities of all classes that there is room for, in
    /// units of 2^-15; computed without floating point.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many features as the head has or not as many probabilities as classes that there is room for;
    /// [`Error::NoClasses`] if no class is in use. `probabilities` are then unchanged.
    pub fn probabilities(&self, features: &S::Features, probabilities: &mut [i32]) -> Result<usize, Error> {
        self.storage.check(features)?;
        check_length(Slice::Probabilities, self.storage.bias().len(), probabilities.len())?;
        if self.classes == 0 {
            return Err(Error::NoClasses);
        }
        self.write_logits(features, probabilities);
        Ok(softmax(probabilities))
    }

    /// Keeps the first `classes` of the classes in use; the rows behind them become zero.
    ///
    /// # Errors
    /// [`Error::TooManyClasses`] if fewer are in use; nothing is then changed.
    pub fn truncate(&mut self, classes: usize) -> Result<(), Error> {
        check_classes(self.classes as usize, classes)?;
        let (weights, bias) = self.storage.numbers();
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        weights.iter_mut().skip(classes * features).for_each(|w| *w = 0);
        bias.iter_mut().skip(classes).for_each(|b| *b = 0);
        self.classes = classes as u32;
        Ok(())
    }

    /// Writes the logits to `logits`, which has one number for each row.
    #[inline]
    pub(crate) fn write_logits(&self, features: &S::Features, logits: &mut [i32]) {
        self.storage.copy_bias(logits);
        self.add_products(features, logits);
    }

    /// Adds the products of the rows to `logits`, which hold the biases.
    #[inline]
    fn add_products(&self, features: &S::Features, logits: &mut [i32]) {
        // From WEIGHT_BITS + exponent fractional bits to 16.
        self.storage.add_products(features, logits, |bias, sum| {
            let product = if self.exponent < 4 {
                sum.saturating_mul(1 << (4 - self.exponent))
            } else {
                let shift = self.exponent - 4;
                (sum.saturating_add((1 << shift) >> 1)) >> shift
            };
            bias.saturating_add(product).clamp(-LOGIT_MAX, LOGIT_MAX)
        });
        if (self.classes as usize) < self.storage.bias().len() {
            mask(logits, self.classes as usize);
        }
    }

    /// Takes parameters in f32 over, rounded to the nearest.
    fn round(&mut self, weights: &[f32], bias: &[f32]) {
        let (own_weights, own_bias) = self.storage.numbers();
        own_weights.iter_mut().zip(weights).for_each(|(to, from)| *to = weight(*from));
        own_bias.iter_mut().zip(bias).for_each(|(to, from)| *to = self::bias(*from));
    }

    /// The parameters in f32: the weights row by row, then the biases.
    fn in_f32(&self) -> impl Iterator<Item = f32> {
        let weights = self.storage.weights().iter().map(|w| f32::from(*w) / (1 << WEIGHT_BITS) as f32);
        weights.chain(self.storage.bias().iter().map(|b| *b as f32 / ONE as f32))
    }
}

/// A weight in fixed point.
pub(crate) fn weight(w: f32) -> i16 {
    nearest(w * (1 << WEIGHT_BITS) as f32, -i32::from(i16::MIN)).min(i16::MAX.into()) as i16
}

/// A bias in fixed point.
pub(crate) fn bias(b: f32) -> i32 {
    nearest(b * ONE as f32, LOGIT_MAX)
}

/// Features to the nearest multiple of `2^-exponent` that an i8 holds.
pub(crate) fn quantize<const FEATURES: usize>(features: &[f32; FEATURES], exponent: u32) -> [i8; FEATURES] {
    let scale = scale(exponent);
    features.map(|x| nearest(x * scale, 127) as i8)
}

/// 2^exponent.
pub(crate) fn scale(exponent: u32) -> f32 {
    (1_u32 << exponent.min(7)) as f32
}

impl<S: FixedStorage, M: Math> Head for Fixed<S, M> {
    type Features = S::Features;
    type Number = i32;
    /// Only for beta's logarithm, and only during a linear warm-up.
    type Math = M;

    #[inline]
    fn room(&self) -> usize {
        self.storage.bias().len()
    }

    #[inline]
    fn classes(&self) -> usize {
        self.classes as usize
    }

    #[inline]
    fn logits(&self, features: &S::Features, logits: &mut [i32]) -> Result<(), Error> {
        self.storage.check(features)?;
        check_length(Slice::Logits, self.room(), logits.len())?;
        self.write_logits(features, logits);
        Ok(())
    }
}

impl<S: FixedStorage, M: Math> Classes for Fixed<S, M> {
    fn add_class(&mut self) -> Result<usize, Error> {
        let (class, room) = (self.classes(), self.room());
        if class >= room {
            return Err(Error::NoRoom { classes: room });
        }
        self.classes += 1;
        Ok(class)
    }

    fn remove_class(&mut self, class: usize) -> Result<(), Error> {
        check_target(self.classes as usize, class)?;
        let (weights, bias) = self.storage.numbers();
        remove_row(weights, class, weights.len().checked_div(bias.len()).unwrap_or_default());
        remove_row(bias, class, 1);
        self.classes -= 1;
        Ok(())
    }
}
