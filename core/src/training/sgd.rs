//! The settings of stochastic gradient descent, in float and in fixed point.

use crate::error::{Error, Number, expect_in_range};
use crate::objective::fixed_point::CERTAIN;

/// The settings of SGD, in PyTorch's conventions: weight decay enters the gradient, momentum has no dampening.
///
/// With gradient `g`, parameter `w`, velocity `v`:
///
/// ```text
/// d = g + weight_decay w;   v = momentum v + d;   w = w - learning_rate v
/// Nesterov:                                       w = w - learning_rate (d + momentum v)
/// ```
///
/// With momentum 0 no velocity is used; above it the head must store one: see [`MomentumHead`](crate::MomentumHead). Biases are
/// treated as weights are.
///
/// ```
/// use gradient_decay::Sgd;
///
/// const SGD: Sgd = Sgd::new(0.05).with_momentum(0.9).with_nesterov().with_weight_decay(1e-4).with_clip_norm(3.0);
/// assert_eq!(SGD.momentum(), 0.9);
/// assert!(Sgd::try_new(-0.1).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sgd {
    learning_rate: f32,
    momentum: f32,
    nesterov: bool,
    weight_decay: f32,
    clip_norm: Option<f32>,
}

impl Sgd {
    /// Plain SGD with a learning rate in (0, 1e6]; nothing else.
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled. The `with_` methods panic in the same way.
    pub const fn new(learning_rate: f32) -> Self {
        expect_in_range(Self::try_new(learning_rate))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the learning rate is not in (0, 1e6].
    pub const fn try_new(learning_rate: f32) -> Result<Self, Error> {
        if learning_rate > 0.0 && learning_rate <= 1e6 {
            Ok(Self::plain(learning_rate))
        } else {
            Err(Error::OutOfRange { number: Number::LearningRate, value: learning_rate })
        }
    }

    /// Plain SGD with a learning rate that was checked.
    pub(crate) const fn plain(learning_rate: f32) -> Self {
        Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0, clip_norm: None }
    }

    /// With momentum in [0, 1).
    pub const fn with_momentum(self, momentum: f32) -> Self {
        expect_in_range(self.try_with_momentum(momentum))
    }

    /// [`with_momentum`](Self::with_momentum), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if momentum is not in [0, 1).
    pub const fn try_with_momentum(self, momentum: f32) -> Result<Self, Error> {
        if momentum >= 0.0 && momentum < 1.0 {
            Ok(Sgd { momentum, ..self })
        } else {
            Err(Error::OutOfRange { number: Number::Momentum, value: momentum })
        }
    }

    /// With Nesterov's look-ahead; no effect at momentum 0.
    pub const fn with_nesterov(self) -> Self {
        Sgd { nesterov: true, ..self }
    }

    /// With weight decay (L2 regularisation) in [0, 1 / learning rate].
    pub const fn with_weight_decay(self, weight_decay: f32) -> Self {
        expect_in_range(self.try_with_weight_decay(weight_decay))
    }

    /// [`with_weight_decay`](Self::with_weight_decay), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if weight decay is not in [0, 1 / learning rate]; at the upper end a step sets each parameter to 0.
    pub const fn try_with_weight_decay(self, weight_decay: f32) -> Result<Self, Error> {
        if weight_decay >= 0.0 && weight_decay * self.learning_rate <= 1.0 {
            Ok(Sgd { weight_decay, ..self })
        } else {
            Err(Error::OutOfRange { number: Number::WeightDecay, value: weight_decay })
        }
    }

    /// Scales the gradient of a step, over all weights and biases, down to this Euclidean norm where it is larger. The
    /// norm in [1e-6, 1e6]; weight decay is added after.
    pub const fn with_clip_norm(self, clip_norm: f32) -> Self {
        expect_in_range(self.try_with_clip_norm(clip_norm))
    }

    /// [`with_clip_norm`](Self::with_clip_norm), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the norm is not in [1e-6, 1e6].
    pub const fn try_with_clip_norm(self, clip_norm: f32) -> Result<Self, Error> {
        if clip_norm >= 1e-6 && clip_norm <= 1e6 {
            Ok(Sgd { clip_norm: Some(clip_norm), ..self })
        } else {
            Err(Error::OutOfRange { number: Number::ClipNorm, value: clip_norm })
        }
    }

    /// The learning rate, in (0, 1e6].
    pub const fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    /// The momentum, in [0, 1).
    pub const fn momentum(&self) -> f32 {
        self.momentum
    }

    /// Whether momentum looks ahead.
    pub const fn nesterov(&self) -> bool {
        self.nesterov
    }

    /// The weight decay, in [0, 1 / learning rate].
    pub const fn weight_decay(&self) -> f32 {
        self.weight_decay
    }

    /// The largest norm of a step's gradient, if it is clipped.
    pub const fn clip_norm(&self) -> Option<f32> {
        self.clip_norm
    }
}

/// The optimizer of a [`FixedHead`](crate::FixedHead): a learning rate in [2^-15, 1], a multiple of 2^-15. It has neither momentum nor
/// clipping, so that asking for them does not compile.
///
/// ```
/// use gradient_decay::FixedRate;
///
/// const RATE: FixedRate = FixedRate::new(0.125);
/// assert_eq!(RATE.learning_rate(), 0.125);
/// assert!(FixedRate::try_new(2.0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedRate {
    /// In units of 2^-15.
    pub(crate) rate: i32,
}

impl FixedRate {
    /// A learning rate in [2^-15, 1], rounded to a multiple of 2^-15.
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled.
    pub const fn new(learning_rate: f32) -> Self {
        expect_in_range(Self::try_new(learning_rate))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the learning rate is not in [2^-15, 1].
    pub const fn try_new(learning_rate: f32) -> Result<Self, Error> {
        let rate = (learning_rate * CERTAIN as f32 + 0.5) as i32;
        if rate >= 1 && learning_rate <= 1.0 {
            Ok(FixedRate { rate })
        } else {
            Err(Error::OutOfRange { number: Number::FixedRate, value: learning_rate })
        }
    }

    /// The learning rate, as it was rounded.
    pub const fn learning_rate(self) -> f32 {
        self.rate as f32 / CERTAIN as f32
    }
}

/// The settings of [`Fixed::learn`](crate::fixed::Fixed::learn), all of them integers: for a core without FPU whose settings are known only at
/// run time, so that no floating point is linked. Where they are constants, a [`FineTuner`](crate::FineTuner) of a [`FixedRate`] links none either.
///
/// ```
/// use gradient_decay::FixedSettings;
///
/// // A learning rate of 0.02; beta from 0.1 to 1 over 50 steps, by equal factors.
/// const SETTINGS: FixedSettings = FixedSettings::new(655).with_ln_beta(-150_902, 0, 50);
/// assert_eq!((SETTINGS.ln_beta(0), SETTINGS.ln_beta(25), SETTINGS.ln_beta(50)), (-150_902, -75_451, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedSettings {
    rate: FixedRate,
    start: i32,
    end: i32,
    steps: u32,
}

impl FixedSettings {
    /// The smallest logarithm of beta, -104, in units of 2^-16.
    pub const LN_BETA_MIN: i32 = -104 << 16;
    /// The largest logarithm of beta, 14, in units of 2^-16.
    pub const LN_BETA_MAX: i32 = 14 << 16;

    /// Plain cross-entropy, beta 1, with a learning rate in units of 2^-15, in 1..=32,768.
    ///
    /// # Panics
    /// If it is out of range; in a const, when it is compiled. [`with_ln_beta`](Self::with_ln_beta) panics in the same way.
    pub const fn new(rate: u32) -> Self {
        expect_in_range(Self::try_new(rate))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if the rate is not in 1..=32,768.
    #[inline]
    pub const fn try_new(rate: u32) -> Result<Self, Error> {
        if rate >= 1 && rate <= CERTAIN as u32 {
            Ok(FixedSettings { rate: FixedRate { rate: rate as i32 }, start: 0, end: 0, steps: 0 })
        } else {
            Err(Error::OutOfRange { number: Number::FixedRate, value: rate as f32 / CERTAIN as f32 })
        }
    }

    /// With the logarithm of beta from `start` to `end` in equal increments over `steps` steps, so that beta changes by equal factors; 0 steps
    /// is `end` from the beginning. Both in units of 2^-16, from [`LN_BETA_MIN`](Self::LN_BETA_MIN) to [`LN_BETA_MAX`](Self::LN_BETA_MAX).
    pub const fn with_ln_beta(self, start: i32, end: i32, steps: u32) -> Self {
        expect_in_range(self.try_with_ln_beta(start, end, steps))
    }

    /// [`with_ln_beta`](Self::with_ln_beta), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `start` or `end` is out of its range.
    #[inline]
    pub const fn try_with_ln_beta(self, start: i32, end: i32, steps: u32) -> Result<Self, Error> {
        let (low, high) = if start < end { (start, end) } else { (end, start) };
        if low >= Self::LN_BETA_MIN && high <= Self::LN_BETA_MAX {
            Ok(FixedSettings { start, end, steps, ..self })
        } else {
            let wrong = if low < Self::LN_BETA_MIN { low } else { high };
            Err(Error::OutOfRange { number: Number::LnBeta, value: wrong as f32 / 65_536.0 })
        }
    }

    /// The learning rate.
    pub const fn rate(&self) -> FixedRate {
        self.rate
    }

    /// The logarithm of the beta of a step, in units of 2^-16, within 2^-16 of the way from `start` to `end`; steps are counted from 0.
    pub const fn ln_beta(&self, step: u32) -> i32 {
        if step >= self.steps {
            return self.end;
        }
        // The part of the way in 16 bits, by a division of 32.
        let excess = 16_u32.saturating_sub(self.steps.leading_zeros());
        let Some(part) = ((step >> excess) << 16).checked_div(self.steps >> excess) else { return self.end };
        self.start + (((self.end - self.start) as i64 * part as i64) >> 16) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY, 2e6] {
            assert!(Sgd::try_new(bad).is_err(), "learning rate {bad}");
        }
        let sgd = Sgd::new(0.1);
        for bad in [-0.1, 1.0, f32::NAN] {
            assert!(sgd.try_with_momentum(bad).is_err(), "momentum {bad}");
        }
        for bad in [-0.1, 10.1, f32::NAN, f32::INFINITY] {
            assert!(sgd.try_with_weight_decay(bad).is_err(), "weight decay {bad}");
        }
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(sgd.try_with_clip_norm(bad).is_err(), "clip norm {bad}");
        }
    }

    #[test]
    fn rates_out_of_range_are_refused() {
        for bad in [0.0, 1e-6, 1.1, -0.1, f32::NAN] {
            assert!(FixedRate::try_new(bad).is_err(), "{bad}");
        }
        assert_eq!(FixedRate::new(0.001).learning_rate(), 33.0 / 32_768.0);
    }

    #[test]
    fn settings_in_integers_keep_their_ranges_and_ends() {
        for bad in [0, 32_769, u32::MAX] {
            assert!(FixedSettings::try_new(bad).is_err(), "{bad}");
        }
        let settings = FixedSettings::new(32_768);
        assert_eq!(settings.rate(), FixedRate::new(1.0));
        let (least, most) = (FixedSettings::LN_BETA_MIN, FixedSettings::LN_BETA_MAX);
        for (start, end) in [(least - 1, 0), (0, least - 1), (most + 1, 0), (0, most + 1), (i32::MIN, i32::MAX)] {
            assert!(settings.try_with_ln_beta(start, end, 3).is_err(), "{start} {end}");
        }
        for (start, end, steps) in [(least, most, u32::MAX), (most, least, 7), (-5, -5, 1), (3, 4, 0)] {
            let settings = settings.with_ln_beta(start, end, steps);
            assert_eq!(settings.ln_beta(0), if steps == 0 { end } else { start });
            assert_eq!((settings.ln_beta(steps), settings.ln_beta(u32::MAX)), (end, end));
            let middle = i64::from(settings.ln_beta(steps / 2));
            assert!((middle - (i64::from(start) + i64::from(end)) / 2).abs() <= i64::from(most - least) / 7);
        }
    }

    #[test]
    fn settings_are_what_was_set() {
        let sgd = Sgd::new(0.5).with_momentum(0.9).with_nesterov().with_weight_decay(0.25).with_clip_norm(3.0);
        let all = (sgd.learning_rate(), sgd.momentum(), sgd.nesterov(), sgd.weight_decay(), sgd.clip_norm());
        assert_eq!(all, (0.5, 0.9, true, 0.25, Some(3.0)));
        assert!(!Sgd::new(0.5).nesterov());
        // At most 1 / learning rate.
        for (learning_rate, most) in [(0.125, 8.0), (8.0, 0.125)] {
            let sgd = Sgd::new(learning_rate);
            assert!(sgd.try_with_weight_decay(most).is_ok());
            assert!(sgd.try_with_weight_decay(most * 1.01).is_err());
        }
    }
}
