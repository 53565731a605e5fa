//! Fine-tuning of a head: one call is forward pass, loss, gradient and update, fused.
//!
//! Settings are immutable ([`FineTuner`]), what lasts between steps is an argument ([`State`]). No gradient of
//! `CLASSES * FEATURES` numbers exists anywhere: a step keeps two arrays of `CLASSES` numbers on the stack.

use crate::error::Error;
use crate::head::{LinearHead, Prediction, add_products};
use crate::kernels::{self, MomentumFactors};
use crate::loss::{GradientDecay, Sample, check_target};
use crate::math::Math;
use crate::optimizer::{NoVelocity, Sgd, Velocity, VelocityStore};
use crate::schedule::BetaSchedule;
use crate::target::{Target, TargetOptions};

/// No number that a step adds to a parameter or keeps in the velocity may be as large as this.
///
/// Any finite f32 plus a number below half the spacing at [`f32::MAX`], 1e31, is finite. So under this limit an update
/// cannot overflow, whatever the parameters are, and nobody has to look at the parameters to know it.
const LIMIT: f32 = 1e30;

/// The settings of fine-tuning: a beta schedule and an optimizer.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State};
///
/// const TUNER: FineTuner =
///     FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 20), Sgd::new(0.1).with_momentum(0.9));
///
/// let mut head: LinearHead<2, 1> = LinearHead::new();
/// let mut state = State::with_velocity();
/// let first = TUNER.step(&mut head, &mut state, &[1.0], 0)?;
/// assert_eq!((first.beta, first.prediction.probability), (0.01, 0.5));
/// for _ in 0..50 {
///     TUNER.step(&mut head, &mut state, &[1.0], 0)?;
///     TUNER.step(&mut head, &mut state, &[-1.0], 1)?;
/// }
/// assert_eq!(state.steps(), 101);
/// assert!(head.predict(&[1.0])?.probability > 0.9);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FineTuner {
    schedule: BetaSchedule,
    optimizer: Sgd,
}

/// What lasts between steps: their number, and the velocity if the optimizer has momentum.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct State<V = NoVelocity> {
    steps: u32,
    /// The velocity: [`Velocity`], or [`NoVelocity`] for momentum 0.
    pub velocity: V,
}

/// What a step reports.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Step {
    /// The loss of the sample before the update, >= 0; see [`GradientDecay::loss`](crate::GradientDecay::loss).
    pub loss: f32,
    /// The beta that the step was taken with.
    pub beta: f32,
    /// The prediction for the sample before the update.
    pub prediction: Prediction,
}

impl Step {
    #[inline]
    pub(crate) fn new<M>(loss: &GradientDecay<M>, sample: &Sample) -> Self {
        let prediction = Prediction { class: sample.class, probability: sample.probability };
        Step { loss: sample.loss, beta: loss.beta(), prediction }
    }
}

impl State {
    /// Before the first step, without velocity: for an optimizer with momentum 0. 4 bytes.
    pub const fn new() -> Self {
        State { steps: 0, velocity: NoVelocity }
    }
}

impl<const CLASSES: usize, const FEATURES: usize> State<Velocity<CLASSES, FEATURES>> {
    /// Before the first step, with a velocity at rest.
    pub const fn with_velocity() -> Self {
        State { steps: 0, velocity: Velocity::new() }
    }
}

impl<V> State<V> {
    pub(crate) const fn with(velocity: V) -> Self {
        State { steps: 0, velocity }
    }

    /// The number of steps taken; it stays at [`u32::MAX`].
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    pub(crate) fn count(&mut self) {
        self.steps = self.steps.saturating_add(1);
    }

    /// Sets the number of steps taken, to go on where an earlier training stopped or to start the warm-up again with 0.
    pub const fn set_steps(&mut self, steps: u32) {
        self.steps = steps;
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl FineTuner {
    /// Fine-tuning with this schedule, one step of it a sample, and this optimizer.
    pub const fn new(schedule: BetaSchedule, optimizer: Sgd) -> Self {
        FineTuner { schedule, optimizer }
    }

    /// The beta schedule.
    pub const fn schedule(&self) -> &BetaSchedule {
        &self.schedule
    }

    /// The optimizer's settings.
    pub const fn optimizer(&self) -> &Sgd {
        &self.optimizer
    }

    /// One training step on one labelled sample: `target` in `0..CLASSES`.
    ///
    /// # Errors
    /// - [`Error::NotFinite`] if a feature is NaN or infinite, or a logit leaves the range of f32
    /// - [`Error::Target`] if the target is not below `CLASSES`
    /// - [`Error::UpdateTooLarge`] if the update could leave the range of f32 (features, or velocity, times the
    ///   learning rate from 1e30 on)
    /// - [`Error::NoVelocity`] if the optimizer has momentum and the state stores no velocity
    ///
    /// After an error every byte of `head` and `state` is as it was before the call.
    pub fn step<const CLASSES: usize, const FEATURES: usize, M: Math, V: VelocityStore<CLASSES, FEATURES>>(
        &self,
        head: &mut LinearHead<CLASSES, FEATURES, M>,
        state: &mut State<V>,
        features: &[f32; FEATURES],
        target: usize,
    ) -> Result<Step, Error> {
        check_target(CLASSES, target)?;
        // First the logits, then their gradient in their place.
        let mut gradient = head.bias;
        add_products(&head.weights, features, &mut gradient)?;
        let loss = self.schedule.at::<M>(state.steps);
        let sample = loss.sample(&mut gradient, target);
        // The gradient of a logit is at most 1.
        self.apply::<_, _, M, V>(&mut head.weights, &mut head.bias, state, features, &mut gradient, 1.0)?;
        Ok(Step::new(&loss, &sample))
    }

    /// [`step`](Self::step) for a target of any kind: see [`target`](crate::target). `None`, and nothing is changed, if the
    /// target is ignored.
    ///
    /// # Errors
    /// As `step`; and [`Error::Length`] if a distribution or the class weights are not `CLASSES` long, [`Error::OutOfRange`]
    /// if a distribution is none.
    ///
    /// ```
    /// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State, Target, TargetOptions};
    ///
    /// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(1.0));
    /// const OPTIONS: TargetOptions = TargetOptions::new().with_label_smoothing(0.1);
    /// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
    /// // Two of three users called it class 1.
    /// for _ in 0..1000 {
    ///     TUNER.step_with(&mut head, &mut state, &[1.0], &Target::Distribution(&[0.3, 0.7]), &OPTIONS)?;
    /// }
    /// // Smoothed to 0.32 and 0.68, which the loss's consistent probabilities give back.
    /// let (mut logits, mut p) = ([0.0; 2], [0.0; 2]);
    /// head.logits(&[1.0], &mut logits)?;
    /// TUNER.schedule().at::<gradient_decay::Libm>(0).consistent_probabilities(&logits, &mut p)?;
    /// assert!((p[1] - 0.68).abs() < 1e-3);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn step_with<const CLASSES: usize, const FEATURES: usize, M: Math, V: VelocityStore<CLASSES, FEATURES>>(
        &self,
        head: &mut LinearHead<CLASSES, FEATURES, M>,
        state: &mut State<V>,
        features: &[f32; FEATURES],
        target: &Target<'_>,
        options: &TargetOptions<'_>,
    ) -> Result<Option<Step>, Error> {
        let Some(coefficients) = options.coefficients(target, CLASSES)? else { return Ok(None) };
        let mut logits = head.bias;
        add_products(&head.weights, features, &mut logits)?;
        let loss = self.schedule.at::<M>(state.steps);
        let mut gradient = [0.0; CLASSES];
        let sample = loss.sample_with(&logits, &coefficients, &mut gradient);
        let largest = coefficients.sum();
        self.apply::<_, _, M, V>(&mut head.weights, &mut head.bias, state, features, &mut gradient, largest)?;
        Ok(Some(Step::new(&loss, &sample)))
    }

    /// Clips and applies the gradient of the logits to as many rows of weights, and counts the step. `largest` bounds the gradient
    /// of every logit.
    #[inline]
    pub(crate) fn apply<const CLASSES: usize, const FEATURES: usize, M: Math, V: VelocityStore<CLASSES, FEATURES>>(
        &self,
        weights: &mut [[f32; FEATURES]],
        bias: &mut [f32],
        state: &mut State<V>,
        features: &[f32; FEATURES],
        gradient: &mut [f32],
        largest: f32,
    ) -> Result<(), Error> {
        // No feature is larger, nor is that of the bias, which is 1.
        let magnitude = kernels::sum_of_magnitudes(features) + 1.0;
        self.clip::<M>(gradient, features, magnitude);
        let mut layer = Layer { weights, bias, velocity: state.velocity.velocity_mut() };
        let bound = self.check(&layer, magnitude * largest)?;
        self.write(&mut layer, gradient, features, bound);
        state.count();
        Ok(())
    }

    /// Clips the gradient of the logits so that that of all parameters has the norm that is set. `magnitude` bounds every feature.
    #[inline]
    pub(crate) fn clip<M: Math>(&self, gradient: &mut [f32], features: &[f32], magnitude: f32) {
        if let Some(clip_norm) = self.optimizer.clip_norm() {
            let norm = norm::<M>(gradient, features, magnitude);
            if norm > clip_norm {
                scale(gradient, clip_norm / norm);
            }
        }
    }

    /// Whether an update without momentum whose gradients are at most `slope` leaves all parameters finite.
    #[inline]
    pub(crate) fn stays_finite(&self, slope: f32) -> bool {
        self.optimizer.learning_rate() * slope < LIMIT
    }

    /// Updates the biases without momentum, and makes rates of the gradient; what the weights keep of themselves.
    #[inline]
    pub(crate) fn write_biases(&self, bias: &mut [f32], gradient: &mut [f32]) -> f32 {
        let learning_rate = self.optimizer.learning_rate();
        let keep = 1.0 - learning_rate * self.optimizer.weight_decay();
        for (rate, bias) in gradient.iter_mut().zip(bias.iter_mut()) {
            *rate *= learning_rate;
            // The bias is the weight of a feature that is always 1.
            *bias = keep * *bias - *rate;
        }
        keep
    }

    /// Whether an update whose gradients are at most `slope` leaves all parameters finite; the bound of the velocity after it,
    /// for [`write`](Self::write).
    #[inline]
    pub(crate) fn check<const CLASSES: usize, const FEATURES: usize>(
        &self,
        layer: &Layer<'_, CLASSES, FEATURES>,
        slope: f32,
    ) -> Result<f32, Error> {
        let learning_rate = self.optimizer.learning_rate();
        if self.optimizer.momentum() == 0.0 {
            return if self.stays_finite(slope) { Ok(0.0) } else { Err(Error::UpdateTooLarge) };
        }
        let velocity = layer.velocity.as_ref().ok_or(Error::NoVelocity)?;
        let weight_decay = self.optimizer.weight_decay();
        let slope = if weight_decay == 0.0 {
            slope
        } else {
            let weights = kernels::sum_of_magnitudes(layer.weights.as_flattened());
            slope + weight_decay * (weights + kernels::sum_of_magnitudes(layer.bias))
        };
        let bound = velocity.bound_after(self.optimizer.momentum(), slope, LIMIT)?;
        if learning_rate * (slope + bound) < LIMIT { Ok(bound) } else { Err(Error::UpdateTooLarge) }
    }

    /// Updates a layer that was checked, `gradient` being that of its outputs; leaves anything in its place.
    #[inline]
    pub(crate) fn write<const CLASSES: usize, const FEATURES: usize>(
        &self,
        layer: &mut Layer<'_, CLASSES, FEATURES>,
        gradient: &mut [f32],
        features: &[f32; FEATURES],
        bound: f32,
    ) {
        let Layer { weights, bias, velocity } = layer;
        let learning_rate = self.optimizer.learning_rate();
        if self.optimizer.momentum() == 0.0 {
            let keep = self.write_biases(bias, gradient);
            kernels::update_rows(weights, keep, gradient, features);
        } else if let Some(velocity) = velocity {
            let factors = MomentumFactors {
                learning_rate,
                momentum: self.optimizer.momentum(),
                nesterov: self.optimizer.nesterov(),
                weight_decay: self.optimizer.weight_decay(),
            };
            let velocities = velocity.weights.iter_mut().zip(&mut velocity.bias);
            let rows = weights.iter_mut().zip(bias.iter_mut()).zip(velocities);
            for (((row, bias), (row_velocity, bias_velocity)), g) in rows.zip(gradient) {
                kernels::update_with_momentum(row, row_velocity, &factors, *g, features);
                let (bias, bias_velocity) = (core::slice::from_mut(bias), core::slice::from_mut(bias_velocity));
                kernels::update_with_momentum(bias, bias_velocity, &factors, *g, &[1.0]);
            }
            velocity.set_bound(bound);
        }
    }
}

/// A dense layer to update: as many rows as are in use.
pub(crate) struct Layer<'a, const CLASSES: usize, const FEATURES: usize> {
    pub(crate) weights: &'a mut [[f32; FEATURES]],
    pub(crate) bias: &'a mut [f32],
    pub(crate) velocity: Option<&'a mut Velocity<CLASSES, FEATURES>>,
}

/// The norm of the gradient of all parameters of a layer, `|gradient| sqrt(|features|^2 + 1)`. `magnitude` bounds every feature.
pub(crate) fn norm<M: Math>(gradient: &[f32], features: &[f32], magnitude: f32) -> f32 {
    // Squares of features beyond 1.8e19 would overflow.
    let scale = if magnitude < 1e18 { 1.0 } else { 1e-20 };
    let square = features.iter().fold(scale * scale, |sum, x| sum + (x * scale) * (x * scale));
    M::sqrt(kernels::dot(gradient, gradient)) * (M::sqrt(square) / scale)
}

pub(crate) fn scale(values: &mut [f32], factor: f32) {
    values.iter_mut().for_each(|value| *value *= factor);
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;

    type Head = LinearHead<3, 2>;

    const PLAIN: FineTuner = FineTuner::new(BetaSchedule::linear(0.1, 2.0, 10), Sgd::new(0.5));
    const MOMENTUM: FineTuner =
        FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.5).with_momentum(0.9).with_weight_decay(0.01));

    fn trained(tuner: &FineTuner) -> (Head, State<Velocity<3, 2>>) {
        let (mut head, mut state) = (Head::new(), State::with_velocity());
        for i in 0..30 {
            tuner.step(&mut head, &mut state, &[i as f32 * 0.1 - 1.0, 0.5], i % 3).unwrap();
        }
        (head, state)
    }

    #[test]
    fn a_step_is_the_loss_and_the_update() {
        let (mut head, mut state) = trained(&PLAIN);
        let before = head.clone();
        let features = [0.25, -1.5];
        let step = PLAIN.step(&mut head, &mut state, &features, 2).unwrap();

        let loss: GradientDecay = PLAIN.schedule().at(30);
        let (mut logits, mut gradient) = ([0.0; 3], [0.0; 3]);
        before.logits(&features, &mut logits).unwrap();
        assert_eq!(Ok(step.loss), loss.loss_and_gradient(&logits, 2, &mut gradient));
        assert_eq!((step.beta, state.steps()), (2.0, 31));
        let prediction = before.predict(&features).unwrap();
        assert_eq!(step.prediction.class, prediction.class);
        assert!((step.prediction.probability - prediction.probability).abs() < 1e-6);
        for (class, g) in gradient.iter().enumerate() {
            let rate = 0.5 * g;
            assert_eq!(head.bias[class], before.bias[class] - rate);
            for (feature, x) in features.iter().enumerate() {
                assert_eq!(head.weights[class][feature], before.weights[class][feature] - rate * x);
            }
        }
    }

    #[test]
    fn an_error_changes_nothing() {
        for tuner in [&PLAIN, &MOMENTUM] {
            let (mut head, mut state) = trained(tuner);
            let before = (head.clone(), state.clone());
            let bad = [
                ([f32::NAN, 0.0], 0),
                ([0.0, f32::INFINITY], 1),
                ([1.0, 1.0], 3),
                ([3e38, 3e38], 0),
                ([-2e30, 0.0], 0),
                ([0.0, 0.0], usize::MAX),
            ];
            for (features, target) in bad {
                assert!(tuner.step(&mut head, &mut state, &features, target).is_err(), "{features:?} {target}");
                assert_eq!((&head, &state), (&before.0, &before.1));
            }
        }
    }

    #[test]
    fn momentum_without_velocity_is_refused() {
        let (mut head, mut state) = (Head::new(), State::new());
        assert_eq!(MOMENTUM.step(&mut head, &mut state, &[1.0, 1.0], 0), Err(Error::NoVelocity));
        assert_eq!((head, state.steps()), (Head::new(), 0));
    }

    #[test]
    fn the_largest_features_that_are_taken_leave_finite_parameters() {
        for tuner in [&PLAIN, &MOMENTUM] {
            let (mut head, mut state) = (Head::new(), State::with_velocity());
            let mut parameters = [0.0; Head::PARAMETERS];
            let mut features = 1e20;
            while features < 3e38_f32 {
                let _ = tuner.step(&mut head, &mut state, &[features, -features], 1);
                head.export(&mut parameters).unwrap();
                assert!(parameters.iter().all(|w| w.is_finite()), "features of {features}");
                features *= 2.0;
            }
        }
    }

    #[test]
    fn huge_parameters_cannot_overflow() {
        for tuner in [&PLAIN, &MOMENTUM] {
            let (mut head, mut state) = (Head::new(), State::with_velocity());
            let mut parameters = [f32::MAX; Head::PARAMETERS];
            head.import(&parameters).unwrap();
            // Weights at the edge of f32 under features of 0: the logits are the biases.
            let _ = tuner.step(&mut head, &mut state, &[0.0, 0.0], 1);
            head.export(&mut parameters).unwrap();
            assert!(parameters.iter().all(|w| w.is_finite()));
        }
    }

    #[test]
    fn a_clipped_step_has_the_stated_norm() {
        let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(1.0).with_clip_norm(0.01));
        for features in [[0.25, -1.5], [0.0, 0.0], [1e19, 1e19], [3e25, 0.0]] {
            let (mut head, mut state) = (Head::new(), State::new());
            tuner.step(&mut head, &mut state, &features, 1).unwrap();
            let mut moved = [0.0; Head::PARAMETERS];
            head.export(&mut moved).unwrap();
            let norm = moved.iter().map(|w| f64::from(*w) * f64::from(*w)).sum::<f64>().sqrt();
            assert!((norm - 0.01).abs() < 5e-9, "norm {norm} at {features:?}");
        }
    }

    #[test]
    fn steps_saturate() {
        let (mut head, mut state) = (Head::new(), State::new());
        state.set_steps(u32::MAX);
        PLAIN.step(&mut head, &mut state, &[1.0, 1.0], 0).unwrap();
        assert_eq!(state.steps(), u32::MAX);
    }

    #[test]
    fn the_velocity_stays_within_its_bound() {
        const WEIGHTS: [f32; 3] = [2.5, 1.0, 1.0];
        let options = TargetOptions::new().with_class_weights(&WEIGHTS);
        let after = |momentum: f32, bound: f32, slope: f32| (momentum * bound + slope) * (1.0 + 1e-6);
        for (features, magnitude) in [([0.25, -1.5], 2.75), ([0.0, 0.0], 1.0)] {
            let (mut head, mut state) = (Head::new(), State::with_velocity());
            let mut parameters = [0.0; Head::PARAMETERS];
            let mut bound = 0.0;
            for class in [0, 1, 0, 2] {
                head.export(&mut parameters).unwrap();
                let sum = parameters[..6].iter().map(|w| w.abs()).sum::<f32>();
                let bias = parameters[6..].iter().map(|w| w.abs()).sum::<f32>();
                let largest = if class == 0 { 2.5 } else { 1.0 };
                bound = after(0.9, bound, magnitude * largest + 0.01 * (sum + bias));
                MOMENTUM.step_with(&mut head, &mut state, &features, &Target::Class(class), &options).unwrap();
                let mut same = state.velocity.clone();
                same.set_bound(bound);
                // No other bound is at work inside.
                assert_eq!(state.velocity, same);
                same.find_bound();
                assert!(same.bound_after(1.0, 0.0, LIMIT).unwrap() <= after(1.0, bound, 0.0));
            }
        }
    }

    #[test]
    fn updates_are_refused_from_the_limit_on() {
        let taken = |sgd: Sgd, feature: f32| {
            let tuner = FineTuner::new(BetaSchedule::constant(1.0), sgd);
            let step = tuner.step(&mut Head::new(), &mut State::<Velocity<3, 2>>::with_velocity(), &[feature, 0.0], 0);
            step.map_err(|error| assert_eq!(error, Error::UpdateTooLarge)).is_ok()
        };
        let (slow, fast) = (Sgd::new(1e-3), Sgd::new(1e6));
        assert!(taken(slow, 1e32) && !taken(slow, 1e33));
        assert!(taken(fast, 9e23) && !taken(fast, 1e24));
        // With momentum twice the slope counts, for Nesterov's look-ahead, and the velocity has the same limit.
        let (slow, fast) = (slow.with_momentum(0.9), fast.with_momentum(0.9));
        assert!(taken(slow, 9e29) && !taken(slow, 1e30));
        assert!(taken(fast, 4.9e23) && !taken(fast, 5e23));
        // Together with its velocity this slope makes the limit itself.
        let (feature, unit) = (4.999_997_4e29_f32, Sgd::new(1.0).with_momentum(0.9));
        assert_eq!(feature + feature * (1.0 + 1e-6), LIMIT);
        assert!(taken(unit, feature.next_down().next_down()) && !taken(unit, feature));
    }
}
