//! Beta as a function of the training step: a warm-up from a small beta, which asks for a large margin, to a larger one, which
//! makes the probabilities less confident.
//!
//! The paper proposes that beta rises during training; the shapes of the rise are this library's.

use crate::error::{Error, Number, expect_in_range};
use crate::numeric::math::Math;
use crate::objective::beta::Beta;
use crate::objective::loss::GradientDecay;

/// The beta of every training step: a pure function of the step, without state.
///
/// With `T` the number of warm-up steps, and for t < T:
///
/// | shape | beta(t) | the margin -ln(beta) |
/// |---|---|---|
/// | [`constant`](Self::constant) | end | constant |
/// | [`linear`](Self::linear) | start + (end - start) t / T | falls fast at first |
/// | [`geometric`](Self::geometric) | start (end / start)^(t / T) | falls evenly |
///
/// Beta is `start` at step 0 and `end` from step `T` on, both to the bit; `T = 0` is the constant. `start` may also be larger than `end`.
/// Between them the relative error of a linear rise is at most 1e-6 if no end is below 1e-28; that of a geometric rise is at most
/// `4e-7 + 3e-7 (|ln(start)| + |ln(end)|)`: 1.8e-6 from 0.01 to 1, and never more than 6.3e-5.
///
/// ```
/// use gradient_decay::{BetaSchedule, GradientDecay};
///
/// const WARM_UP: BetaSchedule = BetaSchedule::linear(0.01, 1.0, 100);
/// let at_50: GradientDecay = WARM_UP.at(50);
/// assert!((at_50.beta() - 0.505).abs() < 1e-6);
/// let later: GradientDecay = WARM_UP.at(100_000);
/// assert_eq!(later.beta(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BetaSchedule {
    shape: Shape,
    steps: u32,
    start: Beta,
    end: Beta,
    /// The end from which beta is computed, and its step. Linear: the smaller beta, so that rounding cannot reach 0;
    /// geometric: the larger one, so that the exponent is not positive.
    base: Beta,
    base_step: u32,
    /// The change of beta (linear) or of ln(beta) (geometric) for each step away from that end.
    slope: f32,
    /// The change of log2(beta) for each step away from that end (geometric).
    slope_log2: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Shape {
    Linear,
    Geometric,
}

/// The largest ratio of the ends of a geometric schedule.
const RATIO_MAX: f32 = 1e37;

impl BetaSchedule {
    /// The same beta at every step. Beta in (0, 1e6].
    ///
    /// # Panics
    /// If beta is out of range; in a const, when it is compiled.
    pub const fn constant(beta: f32) -> Self {
        expect_in_range(Self::try_constant(beta))
    }

    /// From `start` to `end` in equal increments over `steps` steps. Both in (0, 1e6].
    ///
    /// # Panics
    /// If a beta is out of range; in a const, when it is compiled.
    pub const fn linear(start: f32, end: f32, steps: u32) -> Self {
        expect_in_range(Self::try_linear(start, end, steps))
    }

    /// From `start` to `end` by equal factors over `steps` steps, so that the margin changes linearly. Both in (0, 1e6], and the larger at
    /// most 1e37 times the smaller.
    ///
    /// # Panics
    /// If a beta or their ratio is out of range; in a const, when it is compiled.
    pub const fn geometric(start: f32, end: f32, steps: u32) -> Self {
        expect_in_range(Self::try_geometric(start, end, steps))
    }

    /// [`constant`](Self::constant), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if beta is not in (0, 1e6].
    pub const fn try_constant(beta: f32) -> Result<Self, Error> {
        Self::try_new(Shape::Linear, beta, beta, 0)
    }

    /// [`linear`](Self::linear), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a beta is not in (0, 1e6].
    pub const fn try_linear(start: f32, end: f32, steps: u32) -> Result<Self, Error> {
        Self::try_new(Shape::Linear, start, end, steps)
    }

    /// [`geometric`](Self::geometric), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if a beta is not in (0, 1e6], or if one is more than 1e37 times the other.
    pub const fn try_geometric(start: f32, end: f32, steps: u32) -> Result<Self, Error> {
        Self::try_new(Shape::Geometric, start, end, steps)
    }

    const fn try_new(shape: Shape, start: f32, end: f32, steps: u32) -> Result<Self, Error> {
        match (Beta::try_new(start), Beta::try_new(end)) {
            (Ok(start), Ok(end)) => {
                let rises = start.value < end.value;
                let (change, from_start) = match shape {
                    Shape::Linear => ((end.value - start.value).abs(), rises),
                    Shape::Geometric => {
                        let ratio = if rises { end.value / start.value } else { start.value / end.value };
                        if ratio > RATIO_MAX {
                            return Err(Error::OutOfRange { number: Number::BetaRatio, value: ratio });
                        }
                        (-(end.ln - start.ln).abs(), !rises)
                    }
                };
                let slope = if steps == 0 { 0.0 } else { change / steps as f32 };
                let (base, base_step) = if from_start { (start, 0) } else { (end, steps) };
                let slope_log2 = slope * core::f32::consts::LOG2_E;
                Ok(BetaSchedule { shape, steps, start, end, base, base_step, slope, slope_log2 })
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The loss with the beta of a step. Steps are counted from 0.
    pub fn at<M: Math>(&self, step: u32) -> GradientDecay<M> {
        let Self { shape, steps, start, end, base, base_step, slope, slope_log2 } = *self;
        let beta = if step >= steps {
            end
        } else if step == 0 {
            start
        } else {
            // In integers, since the difference of two large f32 would be rounded away.
            let distance = step.abs_diff(base_step) as f32;
            match shape {
                Shape::Linear => {
                    let value = base.value + slope * distance;
                    Beta { value, ln: M::ln(value) }
                }
                Shape::Geometric => {
                    let value = base.value * exp2(slope_log2 * distance);
                    Beta { value, ln: base.ln + slope * distance }
                }
            }
        };
        GradientDecay::from_beta(beta)
    }

    /// The number of warm-up steps; 0 for a constant.
    pub const fn steps(&self) -> u32 {
        self.steps
    }
}

/// 2^y for y in [-126, 0], within a relative error of 3e-7.
///
/// Not the backend's `exp`: a power of two needs no reduction of the argument by ln 2, which saves one instruction in seven in
/// every step of the warm-up. 2^r for |r| <= 1/2 is a polynomial of degree 5, a minimax fit with a largest relative error of
/// 9.2e-8 and the value 1 at 0.
#[expect(clippy::approx_constant)]
fn exp2(y: f32) -> f32 {
    /// 2^23 times 1.5. Adding it to a small number rounds that to an integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = y + ROUND;
    let r = y - (shifted - ROUND);
    // The coefficients are fitted, which is why the fourth is not exactly ln 2.
    let p = 0.001_326_472_8_f32;
    let p = p * r + 0.009_671_513;
    let p = p * r + 0.055_507_336;
    let p = p * r + 0.240_222_42;
    let p = p * r + 0.693_147;
    let p = p * r + 1.0;
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::lengths::steps;
    use crate::numeric::math::Libm;

    fn beta(schedule: &BetaSchedule, step: u32) -> f32 {
        schedule.at::<Libm>(step).beta()
    }

    #[test]
    fn zero_steps_is_the_constant() {
        for schedule in [BetaSchedule::linear(0.01, 5.0, 0), BetaSchedule::geometric(0.01, 5.0, 0)] {
            for step in [0, 1, u32::MAX] {
                assert_eq!(schedule.at::<Libm>(step), BetaSchedule::constant(5.0).at::<Libm>(step));
            }
        }
    }

    #[test]
    fn ends_are_exact_and_the_rise_is_monotone() {
        for schedule in [BetaSchedule::linear(0.01, 5.0, 1000), BetaSchedule::geometric(0.01, 5.0, 1000)] {
            assert_eq!(beta(&schedule, 0), 0.01);
            assert_eq!(schedule.at::<Libm>(1000), GradientDecay::new(5.0));
            for step in 0..1000 {
                assert!(beta(&schedule, step) < beta(&schedule, step + 1));
            }
        }
    }

    #[test]
    fn shapes_at_the_middle() {
        assert!((beta(&BetaSchedule::linear(0.01, 1.0, 10), 5) - 0.505).abs() < 1e-6);
        assert!((beta(&BetaSchedule::geometric(0.01, 1.0, 10), 5) - 0.1).abs() < 1e-7);
        // The schedule may fall as well.
        assert!((beta(&BetaSchedule::geometric(4.0, 1.0, 10), 5) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn extreme_ends_stay_in_range() {
        let ends = [(f32::from_bits(1), 1e6), (1e6, f32::from_bits(1)), (1.0, 1.0 + f32::EPSILON)];
        let linear = ends.map(|(start, end)| BetaSchedule::linear(start, end, u32::MAX));
        let geometric = [BetaSchedule::geometric(1e-31, 1e6, u32::MAX), BetaSchedule::geometric(1e6, 1e-31, u32::MAX)];
        for schedule in linear.iter().chain(&geometric) {
            for step in [0, 1, 1 << 20, 1 << 31, u32::MAX - 1, u32::MAX] {
                let loss = schedule.at::<Libm>(step);
                assert!(loss.beta() > 0.0 && loss.beta() <= 1e6 && loss.ln_beta().is_finite(), "{loss:?}");
            }
        }
        assert!(BetaSchedule::try_linear(0.1, f32::NAN, 3).is_err());
        assert!(BetaSchedule::try_geometric(0.0, 1.0, 3).is_err());
        for (start, end) in [(1e-32, 1e6), (1e6, 1e-32)] {
            let error = Error::OutOfRange { number: Number::BetaRatio, value: 1e6 / 1e-32 };
            assert_eq!(BetaSchedule::try_geometric(start, end, 3), Err(error));
        }
    }

    /// Over random spans, steps and ends, up to the widest: the last of 2^32 steps were once up to 99.8 % off.
    #[test]
    fn every_span_keeps_what_is_promised() {
        let mut random = crate::numeric::random::Random::new(7);
        let mut unit = || f64::from(random.bits()) / f64::from(u32::MAX);
        let (mut largest, mut tested) = ([0.0_f64; 2], 0);
        while tested < steps(300, 300_000) {
            // Betas from 1e-45, linear ones from 1e-28 on, and spans of one to 2^32 steps, all even in their logarithms.
            let geometric = tested % 2 == 1;
            let mut random_end = || 10_f64.powf(6.0 - unit() * if geometric { 51.0 } else { 34.0 }) as f32;
            let (start, end) = (random_end(), random_end());
            let steps = 2_f64.powf(32.0 * unit()) as u32;
            let from_end = unit() < 0.5;
            let near = (f64::from(steps) * unit().powi(4)) as u32;
            let step = if from_end { steps - near } else { near };
            let new = if geometric { BetaSchedule::try_geometric } else { BetaSchedule::try_linear };
            let Ok(schedule) = new(start, end, steps) else { continue };
            let (from, to) = (f64::from(start), f64::from(end));
            let (before, behind) = (f64::from(step), f64::from(steps - step));
            let exact = if geometric {
                from * (to / from).powf(before / f64::from(steps))
            } else {
                (from * behind + to * before) / f64::from(steps)
            };
            // Below these numbers an f32 has too few digits.
            if exact < 1e-37 || (!geometric && start.min(end) < 1e-28) || steps == 0 {
                continue;
            }
            tested += 1;
            let error = (f64::from(beta(&schedule, step)) / exact - 1.0).abs();
            let bound = if geometric { 4e-7 + 3e-7 * (from.ln().abs() + to.ln().abs()) } else { 1e-6 };
            let largest = &mut largest[usize::from(geometric)];
            *largest = largest.max(error / bound);
            assert!(error <= bound, "{schedule:?} is off by {error:e} at step {step}, not {bound:e}");
        }
        std::println!("linear {:.2} and geometric {:.2} of what is promised", largest[0], largest[1]);
    }

    #[test]
    fn beta_and_its_logarithm_belong_together() {
        for (start, end) in [(0.01, 1.0), (5.0, 0.1), (1e-31, 1e6), (0.999, 1.0)] {
            let schedule = BetaSchedule::geometric(start, end, 1000);
            for step in (0..=1000).step_by(steps(50, 1)) {
                let exact = f64::from(start) * (f64::from(end) / f64::from(start)).powf(f64::from(step) / 1000.0);
                let loss = schedule.at::<Libm>(step);
                // The rounding of the logarithm, which is up to 71, is an error of its exponential.
                let bound = 4e-7 + 1.5e-7 * f64::from(start.ln().abs().max(end.ln().abs()));
                let found = (f64::from(loss.beta()) / exact - 1.0).abs();
                assert!(found <= bound, "beta {} in place of {exact}, off by {found:e}", loss.beta());
                assert!((f64::from(loss.ln_beta()) - exact.ln()).abs() <= bound, "ln beta at step {step}");
            }
        }
    }

    #[test]
    fn exp2_is_within_its_stated_error() {
        for i in (0..=2_000_000_u32).step_by(steps(9973, 1)) {
            let y = -126.0 * i as f32 / 2e6;
            assert!((f64::from(exp2(y)) / f64::from(y).exp2() - 1.0).abs() <= 3e-7, "2^{y}");
        }
        assert_eq!((exp2(0.0), exp2(-1.0), exp2(-126.0)), (1.0, 0.5, f32::MIN_POSITIVE));
    }

    #[test]
    fn the_length_of_the_warm_up_is_told() {
        assert_eq!(BetaSchedule::geometric(0.01, 1.0, 300).steps(), 300);
        assert_eq!(BetaSchedule::constant(2.0).steps(), 0);
    }
}
