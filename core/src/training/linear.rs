//! The update of a dense layer.

use crate::error::{Error, Slice, check_length};
use crate::heads::linear::Linear;
use crate::heads::storage::{Layer, Storage, VelocityView, Work};
use crate::numeric::kernels::{self, MomentumFactors};
use crate::numeric::math::Math;
use crate::training::sgd::Sgd;
use crate::training::train::Train;

/// Every number that a step adds to a parameter or keeps in the velocity must be below this.
///
/// Any finite f32 plus a number below half the spacing at [`f32::MAX`], 1e31, is finite. So below this limit no update overflows,
/// and parameters need not be scanned.
pub(crate) const LIMIT: f32 = 1e30;

impl<S: Storage, M: Math> Train for Linear<S, M> {
    type Optimizer = Sgd;
    type Work = S::Work;

    #[inline]
    fn apply(&mut self, sgd: &Sgd, features: &S::Features, work: &mut S::Work, largest: f32) -> Result<(), Error> {
        self.apply_any(sgd, features, work, largest)
    }
}

impl<S: Storage, M: Math> Linear<S, M> {
    /// [`apply`](Train::apply) by plain SGD with a learning rate in (0, 1e6], in code of its own: for the C library, whose settings are known only
    /// at run time, so that a program which asks for nothing else links nothing else.
    ///
    /// # Errors
    /// [`Error::UpdateTooLarge`] as there.
    #[doc(hidden)]
    pub fn apply_plain(
        &mut self,
        learning_rate: f32,
        features: &S::Features,
        work: &mut S::Work,
        largest: f32,
    ) -> Result<(), Error> {
        self.apply_any(&Sgd::plain(learning_rate), features, work, largest)
    }

    #[inline(always)]
    fn apply_any(&mut self, sgd: &Sgd, features: &S::Features, work: &mut S::Work, largest: f32) -> Result<(), Error> {
        let (_, gradient) = work.pair();
        check_length(Slice::Gradient, self.storage.bias().len(), gradient.len())?;
        // An upper bound of every feature, and of the bias's feature, which is 1.
        let magnitude = kernels::sum_of_magnitudes(features.as_ref()) + 1.0;
        if let Some(clip_norm) = sgd.clip_norm() {
            clip(gradient, norm::<M>(gradient, features.as_ref(), magnitude), clip_norm);
        }
        let bound = check(sgd, &mut self.storage, magnitude * largest)?;
        write(sgd, &mut self.storage, gradient, features, bound);
        Ok(())
    }
}

/// Scales a gradient down if its norm is above `clip_norm`.
pub(crate) fn clip(gradient: &mut [f32], norm: f32, clip_norm: f32) {
    if norm > clip_norm {
        let factor = clip_norm / norm;
        gradient.iter_mut().for_each(|g| *g *= factor);
    }
}

/// The norm of the gradient of all parameters of a layer, `|gradient| sqrt(|features|^2 + 1)`. `magnitude` bounds every feature.
pub(crate) fn norm<M: Math>(gradient: &[f32], features: &[f32], magnitude: f32) -> f32 {
    // Squares of features beyond 1.8e19 would overflow.
    let scale = if magnitude < 1e18 { 1.0 } else { 1e-20 };
    let square = features.iter().fold(scale * scale, |sum, x| sum + (x * scale) * (x * scale));
    M::sqrt(kernels::dot(gradient, gradient)) * (M::sqrt(square) / scale)
}

/// Checks that an update whose gradients are at most `slope` leaves all parameters finite; returns the bound of the velocity after it,
/// for [`write`].
#[inline]
pub(crate) fn check<S: Storage>(sgd: &Sgd, storage: &mut S, slope: f32) -> Result<f32, Error> {
    let learning_rate = sgd.learning_rate();
    if sgd.momentum() == 0.0 {
        return if learning_rate * slope < LIMIT { Ok(0.0) } else { Err(Error::UpdateTooLarge) };
    }
    let Layer { weights, bias, velocity } = storage.layer();
    let velocity = velocity.ok_or(Error::NoVelocity)?;
    let weight_decay = sgd.weight_decay();
    let slope = if weight_decay == 0.0 {
        slope
    } else {
        slope + weight_decay * (kernels::sum_of_magnitudes(weights) + kernels::sum_of_magnitudes(bias))
    };
    let bound = bound_after(&velocity, sgd.momentum(), slope, LIMIT)?;
    if learning_rate * (slope + bound) < LIMIT { Ok(bound) } else { Err(Error::UpdateTooLarge) }
}

/// An upper bound of the velocities' magnitudes after a step that adds at most `slope` to each, or an error if it reaches
/// `limit`.
fn bound_after(velocity: &VelocityView<'_>, momentum: f32, slope: f32, limit: f32) -> Result<f32, Error> {
    // The margin covers rounding in the sum and in the velocities.
    let after = |bound: f32| (momentum * bound + slope) * (1.0 + 1e-6);
    let tracked = after(*velocity.bound);
    // At a momentum near 1 the margins add up over many steps; then the velocities are scanned.
    let bound = if tracked < limit { tracked } else { after(velocity.largest()) };
    if bound < limit { Ok(bound) } else { Err(Error::UpdateTooLarge) }
}

/// Updates a layer after [`check`]. `gradient` is the gradient of its outputs, and may hold anything afterwards.
#[inline]
pub(crate) fn write<S: Storage>(sgd: &Sgd, storage: &mut S, gradient: &mut [f32], features: &S::Features, bound: f32) {
    let learning_rate = sgd.learning_rate();
    if sgd.momentum() == 0.0 {
        // Without weight decay it is 1 whatever the learning rate, which the compiler cannot know.
        let keep = if sgd.weight_decay() == 0.0 { 1.0 } else { 1.0 - learning_rate * sgd.weight_decay() };
        for (rate, bias) in gradient.iter_mut().zip(storage.layer().bias) {
            *rate *= learning_rate;
            // The bias is the weight of a feature that is always 1.
            *bias = keep * *bias - *rate;
        }
        storage.update(keep, gradient, features);
        return;
    }
    let Layer { weights, bias, velocity: Some(velocity) } = storage.layer() else { return };
    let factors = MomentumFactors {
        learning_rate,
        momentum: sgd.momentum(),
        nesterov: sgd.nesterov(),
        weight_decay: sgd.weight_decay(),
    };
    // The bias is the weight of a feature that is always 1; updating it as a row of its own gives the same bits.
    kernels::update_with_momentum(bias, velocity.bias, &factors, 1.0, gradient);
    kernels::update_matrix_with_momentum(weights, velocity.weights, &factors, gradient, features.as_ref());
    *velocity.bound = bound;
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::heads::storage::{AnyVelocity, Velocity};
    use crate::{BetaSchedule, FineTuner, LinearHead, MomentumHead, State, Target, TargetOptions};

    #[test]
    fn velocities_are_looked_at_only_where_their_bound_does_not_do() {
        let mut velocity: Velocity<2, 1> = Velocity { weights: [[-4.0], [1.0]], bias: [2.0, 3.0], bound: 4.0 };
        let after = |bound: f32| (0.5 * bound + 3.0) * (1.0 + 1e-6);
        let (tight, wide) = (after(4.0), after(100.0));
        let bound = |velocity: &mut Velocity<2, 1>, limit| bound_after(&velocity.view().unwrap(), 0.5, 3.0, limit);
        assert_eq!(bound(&mut velocity, 1e30), Ok(tight));
        velocity.bound = 100.0;
        assert_eq!(bound(&mut velocity, 1e30), Ok(wide));
        // Exactly the limit is already too large, for either bound.
        assert_eq!(bound(&mut velocity, wide), Ok(tight));
        assert_eq!(bound(&mut velocity, tight), Err(Error::UpdateTooLarge));
    }

    #[test]
    fn the_velocity_stays_within_its_bound() {
        const MOMENTUM: FineTuner =
            FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.5).with_momentum(0.9).with_weight_decay(0.01));
        const WEIGHTS: [f32; 3] = [2.5, 1.0, 1.0];
        let options = TargetOptions::new().with_class_weights(&WEIGHTS);
        let after = |momentum: f32, bound: f32, slope: f32| (momentum * bound + slope) * (1.0 + 1e-6);
        for (features, magnitude) in [([0.25, -1.5], 2.75), ([0.0, 0.0], 1.0)] {
            let (mut head, mut state) = (MomentumHead::<3, 2>::new(), State::new());
            let mut parameters = [0.0; 9];
            let mut bound = 0.0;
            for class in [0, 1, 0, 2] {
                head.export(&mut parameters).unwrap();
                let sum = parameters[..6].iter().map(|w| w.abs()).sum::<f32>();
                let bias = parameters[6..].iter().map(|w| w.abs()).sum::<f32>();
                let largest = if class == 0 { 2.5 } else { 1.0 };
                bound = after(0.9, bound, magnitude * largest + 0.01 * (sum + bias));
                MOMENTUM.step(&mut head, &mut state, &features, Target::Class(class).with(&options)).unwrap();
                assert_eq!(head.storage.velocity.bound, bound);
                assert!(after(1.0, head.storage.velocity.view().unwrap().largest(), 0.0) <= after(1.0, bound, 0.0));
            }
        }
    }

    #[test]
    fn updates_are_refused_from_the_limit_on() {
        let taken = |sgd: Sgd, feature: f32| {
            let tuner = FineTuner::new(BetaSchedule::constant(1.0), sgd);
            let (mut head, mut state) = (MomentumHead::<3, 2>::new(), State::new());
            let step = tuner.step(&mut head, &mut state, &[feature, 0.0], 0);
            step.map_err(|error| assert_eq!(error, Error::UpdateTooLarge)).is_ok()
        };
        let (slow, fast) = (Sgd::new(1e-3), Sgd::new(1e6));
        assert!(taken(slow, 1e32) && !taken(slow, 1e33));
        assert!(taken(fast, 9e23) && !taken(fast, 1e24));
        // With momentum the slope counts twice, for Nesterov's look-ahead, and the velocity has the same limit.
        let (slow, fast) = (slow.with_momentum(0.9), fast.with_momentum(0.9));
        assert!(taken(slow, 9e29) && !taken(slow, 1e30));
        assert!(taken(fast, 4.9e23) && !taken(fast, 5e23));
        // Together with the velocity this slope is exactly the limit.
        let (feature, unit) = (4.999_997_4e29_f32, Sgd::new(1.0).with_momentum(0.9));
        assert_eq!(feature + feature * (1.0 + 1e-6), LIMIT);
        assert!(taken(unit, feature.next_down().next_down()) && !taken(unit, feature));
    }

    #[test]
    fn momentum_without_velocity_is_refused() {
        const MOMENTUM: FineTuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.5).with_momentum(0.9));
        let (mut head, mut state) = (LinearHead::<3, 2>::new(), State::new());
        let refused = MOMENTUM.step(&mut head, &mut state, &[1.0, 1.0], 0).map(drop);
        assert_eq!(refused, Err(Error::NoVelocity));
        assert_eq!((head, state.steps()), (LinearHead::new(), 0));
    }
}
