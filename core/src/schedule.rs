//! Beta as a function of the step: a warm-up from a small beta, which learns fast, to a larger one, which stays
//! calibrated.
//!
//! That beta rises during training is the paper's; the shapes of the rise are this library's.

use crate::error::{Error, expect_in_range};
use crate::loss::{Beta, GradientDecay};
use crate::math::Math;

/// Beta at every step of training: a pure function of the step, without state.
///
/// With `T` the number of warm-up steps, and for t < T:
///
/// | shape | beta(t) | the margin -ln(beta) |
/// |---|---|---|
/// | [`constant`](Self::constant) | end | constant |
/// | [`linear`](Self::linear) | start + (end - start) t / T | falls fast at first |
/// | [`geometric`](Self::geometric) | start (end / start)^(t / T) | falls evenly |
///
/// From step `T` on beta is `end`, to the bit; `T = 0` is the constant. `start` may also be larger than `end`.
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
    start: Beta,
    end: Beta,
    steps: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Shape {
    Linear,
    Geometric,
}

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

    /// From `start` to `end` by equal factors over `steps` steps: linear in the margin. Both in (0, 1e6].
    ///
    /// # Panics
    /// If a beta is out of range; in a const, when it is compiled.
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
    /// [`Error::OutOfRange`] if a beta is not in (0, 1e6].
    pub const fn try_geometric(start: f32, end: f32, steps: u32) -> Result<Self, Error> {
        Self::try_new(Shape::Geometric, start, end, steps)
    }

    const fn try_new(shape: Shape, start: f32, end: f32, steps: u32) -> Result<Self, Error> {
        match (Beta::try_new(start), Beta::try_new(end)) {
            (Ok(start), Ok(end)) => Ok(BetaSchedule { shape, start, end, steps }),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The loss at a step, with the beta that holds there. Steps count from 0.
    pub fn at<M: Math>(&self, step: u32) -> GradientDecay<M> {
        let Self { shape, start, end, steps } = *self;
        let beta = if step >= steps {
            end
        } else if step == 0 {
            start
        } else {
            let progress = step as f32 / steps as f32;
            match shape {
                Shape::Linear => {
                    let value = start.value + (end.value - start.value) * progress;
                    Beta { value, ln: M::ln(value) }
                }
                Shape::Geometric => {
                    let ln = start.ln + (end.ln - start.ln) * progress;
                    // Rounding, or a coarse exp, must not step over an end.
                    let value = M::exp(ln).max(start.value.min(end.value)).min(start.value.max(end.value));
                    Beta { value, ln }
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

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::math::Libm;

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
        // Downwards as well.
        assert!((beta(&BetaSchedule::geometric(4.0, 1.0, 10), 5) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn extreme_ends_stay_in_range() {
        let schedule = BetaSchedule::geometric(f32::from_bits(1), 1e6, u32::MAX);
        for step in [0, 1, 1 << 20, 1 << 31, u32::MAX - 1, u32::MAX] {
            let loss = schedule.at::<Libm>(step);
            assert!(loss.beta() > 0.0 && loss.beta() <= 1e6, "{loss:?}");
        }
        assert!(BetaSchedule::try_linear(0.1, f32::NAN, 3).is_err());
        assert!(BetaSchedule::try_geometric(0.0, 1.0, 3).is_err());
    }
}
