//! Training in integers, for cores without FPU: i8 features, i16 weights, i32 sums; loss and gradient in fixed point.
//!
//! Rounding is stochastic: what an update would lose below the last bit of a weight is carried out with a probability as large as
//! it is. A shift that cuts off would push all weights the same way, and small gradients would never be learned from.
//!
//! | what | format |
//! |---|---|
//! | feature | i8, `q 2^-exponent`; a zero point is taken away before |
//! | weight | i16, `q 2^-12`, in (-8, 8) |
//! | bias, logit, loss | i32, `q 2^-16` |
//! | probability, gradient | `q 2^-15`, in [-1, 1] |

use crate::error::{Error, Number, expect_in_range};
use crate::head::LinearHead;
use crate::loss::check_target;
use crate::math::Math;
use crate::random::Random;
use crate::schedule::BetaSchedule;

/// The fractional bits of a weight.
const WEIGHT_BITS: u32 = 12;
/// 1.0 as a logit and as a probability.
const ONE: i32 = 1 << 16;
const CERTAIN: i32 = 1 << 15;
/// No logit is larger: 16,000.
const LOGIT_MAX: i32 = 16_000 << 16;
/// Exponents below this are 0 in 16 bits.
const LOWEST: i32 = 16 << 16;

/// A linear head in integers that learns: `2 FEATURES + 4` bytes a class, and 4.
///
/// ```
/// use gradient_decay::fixed::{FixedHead, FixedState, FixedTuner};
/// use gradient_decay::{BetaSchedule, Libm};
///
/// const TUNER: FixedTuner = FixedTuner::new(BetaSchedule::geometric(0.1, 1.0, 50), 0.125);
/// // Features in [-4, 4), by steps of 1/32.
/// let mut head: FixedHead<2, 2> = FixedHead::new(5);
/// let mut state = FixedState::new(1);
/// for _ in 0..100 {
///     TUNER.step::<2, 2, Libm>(&mut head, &mut state, &[64, -32], 0)?;
///     TUNER.step::<2, 2, Libm>(&mut head, &mut state, &[-64, 32], 1)?;
/// }
/// assert_eq!((head.predict(&[60, -20]), head.predict(&[-60, 40])), (0, 1));
/// let step = TUNER.step::<2, 2, Libm>(&mut head, &mut state, &[64, -32], 0)?;
/// assert!(step.loss() < 0.1 && step.class == 0);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedHead<const CLASSES: usize, const FEATURES: usize> {
    weights: [[i16; FEATURES]; CLASSES],
    bias: [i32; CLASSES],
    exponent: u32,
}

/// What lasts between steps: their number, and the generator that rounds. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedState {
    steps: u32,
    random: Random,
}

/// The settings: a beta schedule and a learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedTuner {
    schedule: BetaSchedule,
    /// In units of 2^-15.
    rate: i32,
}

/// What a step reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedStep {
    /// The loss of the sample before the update, in units of 2^-16.
    pub loss_bits: i32,
    /// The class with the largest logit before the update; the first of equal ones.
    pub class: usize,
}

impl FixedStep {
    /// The loss as a float.
    pub fn loss(&self) -> f32 {
        self.loss_bits as f32 / ONE as f32
    }
}

impl FixedState {
    /// Before the first step, rounding from this seed on.
    pub const fn new(seed: u32) -> Self {
        FixedState { steps: 0, random: Random::new(seed) }
    }

    /// The number of steps taken; it stays at [`u32::MAX`].
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// Sets the number of steps taken.
    pub const fn set_steps(&mut self, steps: u32) {
        self.steps = steps;
    }
}

impl<const CLASSES: usize, const FEATURES: usize> FixedHead<CLASSES, FEATURES> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// A head of zeros for features `q 2^-exponent`, the exponent in 0..=7; a larger one counts as 7. At most 512 features, or it
    /// does not compile: more could leave an i32.
    pub const fn new(exponent: u32) -> Self {
        const { assert!(CLASSES > 0 && FEATURES > 0 && FEATURES <= 512, "a head needs 1 to 512 features and a class") };
        let exponent = if exponent > 7 { 7 } else { exponent };
        FixedHead { weights: [[0; FEATURES]; CLASSES], bias: [0; CLASSES], exponent }
    }

    /// A trained head in integers, each parameter to the nearest; weights beyond (-8, 8) and biases beyond 16,000 are cut off.
    pub fn from_head<M>(head: &LinearHead<CLASSES, FEATURES, M>, exponent: u32) -> Self {
        let mut new = Self::new(exponent);
        let scale = (1 << WEIGHT_BITS) as f32;
        for (to, from) in new.weights.as_flattened_mut().iter_mut().zip(head.weights.as_flattened()) {
            *to = nearest(from * scale, i32::from(i16::MAX)) as i16;
        }
        for (to, from) in new.bias.iter_mut().zip(&head.bias) {
            *to = nearest(from * ONE as f32, LOGIT_MAX);
        }
        new
    }

    /// The same head in float: to save it, or to send it. Exact but for biases beyond +-256, of which an f32 keeps 24 bits; of what it
    /// gives, [`from_head`](Self::from_head) makes the same head again.
    ///
    /// ```
    /// use gradient_decay::LinearHead;
    /// use gradient_decay::fixed::FixedHead;
    ///
    /// let mut head: LinearHead<1, 2> = LinearHead::new();
    /// head.import(&[0.3, -0.3, 1.0])?;
    /// let fixed = FixedHead::from_head(&head, 5);
    /// let mut parameters = [0.0; 3];
    /// fixed.to_head().export(&mut parameters)?;
    /// assert_eq!(parameters, [1229.0 / 4096.0, -1229.0 / 4096.0, 1.0]);
    /// assert_eq!(FixedHead::from_head(&fixed.to_head(), 5), fixed);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn to_head(&self) -> LinearHead<CLASSES, FEATURES> {
        let mut head = LinearHead::new();
        for (to, from) in head.weights.as_flattened_mut().iter_mut().zip(self.weights.as_flattened()) {
            *to = f32::from(*from) / (1 << WEIGHT_BITS) as f32;
        }
        for (to, from) in head.bias.iter_mut().zip(&self.bias) {
            *to = *from as f32 / ONE as f32;
        }
        head
    }

    /// Features to the nearest i8 in this head's format; what is beyond is cut off.
    pub fn quantize(&self, features: &[f32; FEATURES]) -> [i8; FEATURES] {
        let scale = (1_u32 << self.exponent) as f32;
        features.map(|x| nearest(x * scale, 127) as i8)
    }

    /// The logits, in units of 2^-16; without float.
    pub fn logits(&self, features: &[i8; FEATURES]) -> [i32; CLASSES] {
        let mut logits = self.bias;
        for (logit, row) in logits.iter_mut().zip(&self.weights) {
            let sum = row
                .iter()
                .zip(features)
                .fold(0_i32, |sum, (w, x)| sum.wrapping_add(i32::from(*w).wrapping_mul(i32::from(*x))));
            // From WEIGHT_BITS + exponent fractional bits to 16.
            let product = if self.exponent < 4 {
                sum.saturating_mul(1 << (4 - self.exponent))
            } else {
                let shift = self.exponent - 4;
                (sum.saturating_add((1 << shift) >> 1)) >> shift
            };
            *logit = logit.saturating_add(product).clamp(-LOGIT_MAX, LOGIT_MAX);
        }
        logits
    }

    /// The class with the largest logit, the first of equal ones; without float.
    pub fn predict(&self, features: &[i8; FEATURES]) -> usize {
        largest(&self.logits(features))
    }
}

impl FixedTuner {
    /// A schedule, and a learning rate in [2^-15, 1], which is rounded to a multiple of 2^-15.
    ///
    /// # Panics
    /// If the learning rate is out of range; in a const, when it is compiled.
    pub const fn new(schedule: BetaSchedule, learning_rate: f32) -> Self {
        expect_in_range(Self::try_new(schedule, learning_rate))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the learning rate is not in [2^-15, 1].
    pub const fn try_new(schedule: BetaSchedule, learning_rate: f32) -> Result<Self, Error> {
        let rate = (learning_rate * CERTAIN as f32 + 0.5) as i32;
        if rate >= 1 && learning_rate <= 1.0 {
            Ok(FixedTuner { schedule, rate })
        } else {
            Err(Error::OutOfRange { number: Number::FixedRate, value: learning_rate })
        }
    }

    /// One training step on one labelled sample: `target` in `0..CLASSES`. Weights stay within their range.
    ///
    /// In float is only beta's logarithm, which a constant schedule has at hand. `M` is its backend.
    ///
    /// # Errors
    /// [`Error::Target`] if the target is not below `CLASSES`; nothing is then changed.
    pub fn step<const CLASSES: usize, const FEATURES: usize, M: Math>(
        &self,
        head: &mut FixedHead<CLASSES, FEATURES>,
        state: &mut FixedState,
        features: &[i8; FEATURES],
        target: usize,
    ) -> Result<FixedStep, Error> {
        check_target(CLASSES, target)?;
        let mut values = head.logits(features);
        let class = largest(&values);
        let ln_beta = nearest(self.schedule.at::<M>(state.steps).ln_beta() * ONE as f32, LOGIT_MAX);
        if let Some(own) = values.get_mut(target) {
            *own = own.saturating_add(ln_beta);
        }
        let loss_bits = loss_and_gradient(&mut values, target);

        // A change of a weight has 16 + exponent fractional bits: so many are rounded.
        let shift = 16 - WEIGHT_BITS + head.exponent;
        let mask = (1_u32 << shift) - 1;
        for ((row, bias), g) in head.weights.iter_mut().zip(&mut head.bias).zip(values) {
            // 2^-15 times 2^-15 to 2^-16, to the nearest.
            let rate = (self.rate * g + (1 << 13)) >> 14;
            *bias = bias.saturating_sub(rate).clamp(-LOGIT_MAX, LOGIT_MAX);
            for (pair, x) in row.chunks_mut(2).zip(features.chunks(2)) {
                let bits = state.random.bits();
                for ((w, x), bits) in pair.iter_mut().zip(x).zip([bits & mask, (bits >> 16) & mask]) {
                    let change = (rate * i32::from(*x) + bits as i32) >> shift;
                    *w = (i32::from(*w) - change).clamp(-32_767, 32_767) as i16;
                }
            }
        }
        state.steps = state.steps.saturating_add(1);
        Ok(FixedStep { loss_bits, class })
    }
}

/// The loss, in units of 2^-16, of shifted logits; they become the gradient, in units of 2^-15.
fn loss_and_gradient(logits: &mut [i32], target: usize) -> i32 {
    let top = logits.iter().fold(i32::MIN, |top, z| if *z > top { *z } else { top });
    let own = logits.get(target).copied().unwrap_or_default();
    let mut sum = 0_u32;
    for z in logits.iter_mut() {
        *z = exp(top.saturating_sub(*z)) as i32;
        sum += *z as u32;
    }
    let loss = top.saturating_sub(own).saturating_add(ln(sum));
    // At most 2^15, since the largest exponential alone is 2^16.
    let inverse = (1_u32 << 31) / sum.max(1);
    let mut others = 0;
    for (class, g) in logits.iter_mut().enumerate() {
        *g = ((*g as u32 * inverse) >> 16) as i32;
        if class != target {
            others += *g;
        }
    }
    if let Some(g) = logits.get_mut(target) {
        // The sum over the classes is 0.
        *g = -others.min(CERTAIN);
    }
    loss
}

/// e^-distance for a distance >= 0, both in units of 2^-16; within 4e-5.
fn exp(distance: i32) -> u32 {
    if distance >= LOWEST {
        return 0;
    }
    // By log2(e), 1477.32 / 1024, so that the product has 26 fractional bits and fits.
    let distance = distance as u32;
    let octaves = distance * 1477 + ((distance * 327) >> 10);
    let (whole, fraction) = (octaves >> 26, (octaves >> 11) & 0x7fff);
    // 2^-f: a polynomial of degree 4, fitted to a relative error of 3e-6.
    let times = |factor: u32| (fraction * factor) >> 15;
    (65_536 - times(45_421 - times(15_693 - times(3_488 - times(448))))) >> whole
}

/// The logarithm of a number >= 1 in units of 2^-16, in the same; within 8e-5.
fn ln(x: u32) -> i32 {
    let whole = 31 - x.max(1).leading_zeros();
    // The fraction of the mantissa, in 15 bits.
    let mantissa = if whole > 15 { x >> (whole - 15) } else { x << (15 - whole) };
    let fraction = mantissa & 0x7fff;
    // log2(1 + f): a polynomial of degree 5, fitted to an error of 1.5e-5. In 64 bits, once a step.
    let f = i64::from(fraction);
    let times = |factor: i64| (f * factor) >> 15;
    let log2 = times(94_501 + times(-46_508 + times(27_368 + times(-12_863 + times(3_040)))));
    let octaves = i64::from(whole as i32 - 16) * i64::from(ONE) + log2;
    // By ln 2 in 15 bits.
    ((octaves * 22_713) >> 15) as i32
}

/// The first of the largest.
fn largest(values: &[i32]) -> usize {
    let mut best = (0, i32::MIN);
    for (class, z) in values.iter().enumerate() {
        if *z > best.1 {
            best = (class, *z);
        }
    }
    best.0
}

/// To the nearest integer within +-limit.
fn nearest(x: f32, limit: i32) -> i32 {
    // The conversion cuts off and saturates.
    ((x + if x < 0.0 { -0.5 } else { 0.5 }) as i32).clamp(-limit, limit)
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{GradientDecay, Libm};

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn exp_and_ln_are_within_their_stated_error() {
        let mut worst = (0.0_f64, 0.0_f64);
        for distance in (0..LOWEST + 1000).step_by(7) {
            let exact = (-f64::from(distance) / 65_536.0).exp();
            worst.0 = worst.0.max((f64::from(exp(distance)) / 65_536.0 - exact).abs());
        }
        for x in (65_536..8_000_000_u32).step_by(97) {
            let exact = (f64::from(x) / 65_536.0).ln();
            worst.1 = worst.1.max((f64::from(ln(x)) / 65_536.0 - exact).abs());
        }
        assert!(worst.0 <= 4e-5 && worst.1 <= 8e-5, "{worst:?}");
        assert_eq!((exp(0), exp(i32::MAX), ln(65_536)), (65_536, 0, 0));
    }

    #[test]
    fn loss_and_gradient_are_those_of_the_float_loss() {
        for beta in [0.01_f32, 0.1, 1.0, 5.0] {
            for case in 0..50_i32 {
                let z: [f32; 5] = core::array::from_fn(|i| ((case * 37 + i as i32 * 101) % 97) as f32 / 8.0 - 6.0);
                let target = case as usize % 5;
                let mut gradient = [0.0; 5];
                let loss = GradientDecay::new(beta).loss_and_gradient(&z, target, &mut gradient).unwrap();
                let mut values = z.map(|z| nearest(z * 65_536.0, i32::MAX));
                values[target] += nearest(beta.ln() * 65_536.0, i32::MAX);
                let found = loss_and_gradient(&mut values, target) as f32 / 65_536.0;
                assert!((found - loss).abs() < 5e-4, "loss {found} for {loss}");
                for (g, exact) in values.iter().zip(gradient) {
                    assert!((*g as f32 / 32_768.0 - exact).abs() < 5e-4, "{g} for {exact}");
                }
                assert_eq!(values.iter().sum::<i32>(), 0);
            }
        }
    }

    /// On the average an update is what it is in exact numbers, however small.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn rounding_has_no_bias() {
        const TUNER: FixedTuner = FixedTuner::new(BetaSchedule::constant(1.0), 0.001);
        let mut sum = 0_i64;
        const SEEDS: u32 = 4000;
        for seed in 0..SEEDS {
            let mut head: FixedHead<2, 3> = FixedHead::new(5);
            TUNER.step::<2, 3, Libm>(&mut head, &mut FixedState::new(seed), &[1, 2, -3], 0).unwrap();
            sum += i64::from(head.weights[0][1]);
        }
        // rate 0.001 (33 of 2^-15), gradient -1/2, feature 2/32: 0.13 units of 2^-12.
        let mean = sum as f64 / f64::from(SEEDS);
        let exact = 33.0 / 32_768.0 * 0.5 * 2.0 / 32.0 * 4096.0;
        // Five standard deviations of a mean of 4000.
        assert!((mean - exact).abs() < 0.03, "{mean} for {exact}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn weights_stay_in_range_and_a_bad_target_changes_nothing() {
        const TUNER: FixedTuner = FixedTuner::new(BetaSchedule::constant(1.0), 1.0);
        let mut head: FixedHead<2, 2> = FixedHead::new(0);
        let mut state = FixedState::new(3);
        for i in 0..2000_usize {
            TUNER.step::<2, 2, Libm>(&mut head, &mut state, &[127, -128], (i / 100) % 2).unwrap();
        }
        assert!(head.weights.as_flattened().iter().all(|w| *w > i16::MIN));
        let before = (head.clone(), state);
        assert!(TUNER.step::<2, 2, Libm>(&mut head, &mut state, &[1, 1], 2).is_err());
        assert_eq!((head, state), before);
        for bad in [0.0, 1e-6, 1.1, -0.1, f32::NAN] {
            assert!(FixedTuner::try_new(BetaSchedule::constant(1.0), bad).is_err(), "{bad}");
        }
    }
}
