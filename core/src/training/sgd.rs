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
            Ok(Sgd { learning_rate, momentum: 0.0, nesterov: false, weight_decay: 0.0, clip_norm: None })
        } else {
            Err(Error::OutOfRange { number: Number::LearningRate, value: learning_rate })
        }
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
