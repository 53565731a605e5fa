//! Stochastic gradient descent: the settings, and the velocity that momentum needs.

use crate::error::{Error, Number, Slice, expect_in_range};
use crate::head;

/// The settings of SGD, in PyTorch's conventions: weight decay enters the gradient, momentum has no dampening.
///
/// With gradient `g`, parameter `w`, velocity `v`:
///
/// ```text
/// d = g + weight_decay w;   v = momentum v + d;   w = w - learning_rate v
/// Nesterov:                                       w = w - learning_rate (d + momentum v)
/// ```
///
/// With momentum 0 no velocity is stored. Biases are treated as weights are.
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
    /// If it is out of range; in a const, when it is compiled. So do all `with_` methods.
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
    /// [`Error::OutOfRange`] if weight decay is negative, or more than a whole parameter a step.
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

/// The velocity of a linear head's parameters, for a momentum above 0: as large as the head and one number more.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Velocity<const CLASSES: usize, const FEATURES: usize> {
    pub(crate) weights: [[f32; FEATURES]; CLASSES],
    pub(crate) bias: [f32; CLASSES],
    /// No velocity is larger than this. Known without a look at them all, it is what shows that a step cannot
    /// overflow.
    bound: f32,
}

impl<const CLASSES: usize, const FEATURES: usize> Velocity<CLASSES, FEATURES> {
    /// The bytes of a velocity in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// At rest.
    pub const fn new() -> Self {
        Velocity { weights: [[0.0; FEATURES]; CLASSES], bias: [0.0; CLASSES], bound: 0.0 }
    }

    /// Takes over all velocities, in the order of [`LinearHead::import`](crate::LinearHead::import).
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `CLASSES * (FEATURES + 1)`, [`Error::NotFinite`] if one is NaN or infinite;
    /// nothing is then changed.
    ///
    /// ```
    /// use gradient_decay::Velocity;
    ///
    /// let mut velocity: Velocity<1, 2> = Velocity::new();
    /// velocity.import(&[1.0, 2.0, 3.0])?;
    /// let mut copy = [0.0; 3];
    /// velocity.export(&mut copy)?;
    /// assert_eq!(copy, [1.0, 2.0, 3.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn import(&mut self, velocity: &[f32]) -> Result<(), Error> {
        head::import(Slice::Velocity, &mut self.weights, &mut self.bias, velocity)?;
        self.find_bound();
        Ok(())
    }

    /// Looks at all velocities for their bound.
    pub(crate) fn find_bound(&mut self) {
        self.bound = self.largest();
    }

    /// Copies all velocities out, in the order of [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::Length`] if `velocity` does not have the length `CLASSES * (FEATURES + 1)`; it is then unchanged.
    pub fn export(&self, velocity: &mut [f32]) -> Result<(), Error> {
        head::export(Slice::Velocity, &self.weights, &self.bias, velocity)
    }

    /// The largest magnitude after a step that adds at most `slope` to each velocity, or an error if that may be as
    /// large as `limit`.
    pub(crate) fn bound_after(&self, momentum: f32, slope: f32, limit: f32) -> Result<f32, Error> {
        // The margin makes up for rounding in the sum and in the velocities.
        let after = |bound: f32| (momentum * bound + slope) * (1.0 + 1e-6);
        let tracked = after(self.bound);
        // At a momentum next to 1 the margins add up over many steps: then look.
        let bound = if tracked < limit { tracked } else { after(self.largest()) };
        if bound < limit { Ok(bound) } else { Err(Error::UpdateTooLarge) }
    }

    /// Records what [`bound_after`](Self::bound_after) promised, with the step done.
    pub(crate) fn set_bound(&mut self, bound: f32) {
        self.bound = bound;
    }

    fn largest(&self) -> f32 {
        self.weights
            .as_flattened()
            .iter()
            .chain(&self.bias)
            .fold(0.0, |most, v| if v.abs() > most { v.abs() } else { most })
    }
}

impl<const CLASSES: usize, const FEATURES: usize> Default for Velocity<CLASSES, FEATURES> {
    fn default() -> Self {
        Self::new()
    }
}

/// The velocity of a training without momentum: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoVelocity;

/// What a training state may store as its velocity: a [`Velocity`] of the head's shape, or [`NoVelocity`].
pub trait VelocityStore<const CLASSES: usize, const FEATURES: usize> {
    /// The stored velocity, if there is one.
    fn velocity(&self) -> Option<&Velocity<CLASSES, FEATURES>>;
    /// The same, to change it.
    fn velocity_mut(&mut self) -> Option<&mut Velocity<CLASSES, FEATURES>>;
}

impl<const CLASSES: usize, const FEATURES: usize> VelocityStore<CLASSES, FEATURES> for NoVelocity {
    fn velocity(&self) -> Option<&Velocity<CLASSES, FEATURES>> {
        None
    }

    fn velocity_mut(&mut self) -> Option<&mut Velocity<CLASSES, FEATURES>> {
        None
    }
}

impl<const CLASSES: usize, const FEATURES: usize> VelocityStore<CLASSES, FEATURES> for Velocity<CLASSES, FEATURES> {
    fn velocity(&self) -> Option<&Velocity<CLASSES, FEATURES>> {
        Some(self)
    }

    fn velocity_mut(&mut self) -> Option<&mut Velocity<CLASSES, FEATURES>> {
        Some(self)
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
    fn settings_are_what_was_set() {
        let sgd = Sgd::new(0.5).with_momentum(0.9).with_nesterov().with_weight_decay(0.25).with_clip_norm(3.0);
        let all = (sgd.learning_rate(), sgd.momentum(), sgd.nesterov(), sgd.weight_decay(), sgd.clip_norm());
        assert_eq!(all, (0.5, 0.9, true, 0.25, Some(3.0)));
        assert!(!Sgd::new(0.5).nesterov());
        // A whole parameter a step at most.
        for (learning_rate, most) in [(0.125, 8.0), (8.0, 0.125)] {
            let sgd = Sgd::new(learning_rate);
            assert!(sgd.try_with_weight_decay(most).is_ok());
            assert!(sgd.try_with_weight_decay(most * 1.01).is_err());
        }
    }

    #[test]
    fn velocities_go_in_and_out() {
        let mut velocity: Velocity<2, 1> = Velocity::new();
        for largest in [[-4.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, -4.0]] {
            velocity.import(&largest).unwrap();
            let mut copy = [0.0; 4];
            velocity.export(&mut copy).unwrap();
            assert_eq!((copy, velocity.bound), (largest, 4.0));
        }
        assert!(velocity.import(&[1.0, f32::NAN, 0.0, 0.0]).is_err());
        assert!(velocity.import(&[1.0; 3]).is_err() && velocity.export(&mut [0.0; 5]).is_err());
        assert_eq!((velocity.weights, velocity.bias), ([[0.0], [1.0]], [2.0, -4.0]));
    }

    #[test]
    fn velocities_are_looked_at_only_where_their_bound_does_not_do() {
        let mut velocity: Velocity<2, 1> = Velocity::new();
        velocity.import(&[-4.0, 1.0, 2.0, 3.0]).unwrap();
        let after = |bound: f32| (0.5 * bound + 3.0) * (1.0 + 1e-6);
        let (tight, wide) = (after(4.0), after(100.0));
        assert_eq!(velocity.bound_after(0.5, 3.0, 1e30), Ok(tight));
        velocity.set_bound(100.0);
        assert_eq!(velocity.bound_after(0.5, 3.0, 1e30), Ok(wide));
        // As large as the limit is too large, for either.
        assert_eq!(velocity.bound_after(0.5, 3.0, wide), Ok(tight));
        assert_eq!(velocity.bound_after(0.5, 3.0, tight), Err(Error::UpdateTooLarge));
    }
}
