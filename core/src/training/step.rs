//! One training step on one labelled sample: forward pass, loss, gradient and update, for every head.
//!
//! Settings are immutable ([`FineTuner`]); what lasts between steps is in an argument ([`State`]) or in the head. No gradient of
//! `CLASSES * FEATURES` numbers is ever stored.

use crate::error::Error;
use crate::heads::number::Number;
use crate::heads::prediction::Prediction;
use crate::heads::storage::Work;
use crate::objective::loss::GradientDecay;
use crate::objective::sample::Sample;
use crate::objective::schedule::BetaSchedule;
use crate::training::label::Label;
use crate::training::sgd::Sgd;
use crate::training::state::State;
use crate::training::train::Train;

/// The settings of fine-tuning: a beta schedule and an optimizer.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, MomentumHead, Sgd, State};
///
/// const TUNER: FineTuner =
///     FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 20), Sgd::new(0.1).with_momentum(0.9));
///
/// let mut head: MomentumHead<2, 1> = MomentumHead::new();
/// let mut state = State::new();
/// let first = TUNER.step(&mut head, &mut state, &[1.0], 0)?;
/// assert_eq!((first.beta(), first.prediction().probability), (0.01, 0.5));
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
pub struct FineTuner<O = Sgd> {
    schedule: BetaSchedule,
    optimizer: O,
}

impl<O: Copy> FineTuner<O> {
    /// Fine-tuning with this schedule, which advances by one step for each sample, and this optimizer.
    pub const fn new(schedule: BetaSchedule, optimizer: O) -> Self {
        FineTuner { schedule, optimizer }
    }
}

impl<O> FineTuner<O> {
    /// The beta schedule.
    pub const fn schedule(&self) -> &BetaSchedule {
        &self.schedule
    }

    /// The optimizer's settings.
    pub const fn optimizer(&self) -> &O {
        &self.optimizer
    }

    /// One training step on one labelled sample. The label is a class in use, or a [`Target`](crate::Target) of another kind
    /// [with its options](crate::Target::with); if these ignore it, nothing is learned.
    ///
    /// # Errors
    /// - [`Error::NotFinite`] if a feature is NaN or infinite, or a logit leaves the range of its type
    /// - [`Error::Target`] if the target is not a class in use; [`Error::Length`] or [`Error::OutOfRange`] if a distribution or the
    ///   class weights do not have a number for each class in use, or are not valid
    /// - [`Error::UpdateTooLarge`] if the update could leave the range of f32 (features, or velocity, times the
    ///   learning rate reach 1e30)
    /// - [`Error::NoVelocity`] if the optimizer has momentum and the head stores no velocity
    ///
    /// After an error every byte of `head` is as it was before the call, and so is the number of steps.
    ///
    /// ```
    /// use gradient_decay::{BetaSchedule, FineTuner, LinearHead, Sgd, State, Target, TargetOptions};
    ///
    /// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(1.0));
    /// const OPTIONS: TargetOptions = TargetOptions::new().with_label_smoothing(0.1);
    /// let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
    /// // Two of three users called it class 1.
    /// for _ in 0..1000 {
    ///     TUNER.step(&mut head, &mut state, &[1.0], Target::Distribution(&[0.3, 0.7]).with(&OPTIONS))?;
    /// }
    /// // Label smoothing makes that 0.32 and 0.68, which the loss's consistent probabilities approach.
    /// let (mut logits, mut p) = ([0.0; 2], [0.0; 2]);
    /// head.logits(&[1.0], &mut logits)?;
    /// TUNER.schedule().at::<gradient_decay::Libm>(0).consistent_probabilities(&logits, &mut p)?;
    /// assert!((p[1] - 0.68).abs() < 1e-3);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    #[inline]
    pub fn step<'a, H: Train<Optimizer = O>>(
        &self,
        head: &mut H,
        state: &'a mut State<H::Work>,
        features: &H::Features,
        label: impl Label<H::Number>,
    ) -> Result<Step<'a, H::Number>, Error> {
        label.check(head.classes())?;
        head.forward(features, &mut state.work)?;
        self.learn(head, state, features, label)
    }

    /// The second half of a step, after a check of the label and the forward pass.
    #[inline]
    pub(crate) fn learn<'a, H: Train<Optimizer = O>>(
        &self,
        head: &mut H,
        state: &'a mut State<H::Work>,
        features: &H::Features,
        label: impl Label<H::Number>,
    ) -> Result<Step<'a, H::Number>, Error> {
        let classes = head.classes();
        let (loss, sample) = self.sample::<H>(state, label, classes);
        let learned = !label.is_ignored();
        if learned {
            head.apply(&self.optimizer, features, &mut state.work, label.largest(classes))?;
            state.steps = state.steps.saturating_add(1);
        }
        Ok(Step { sample, beta: loss.beta(), learned, seen: state.work.seen() })
    }

    /// The report of a step without its update.
    #[inline]
    pub(crate) fn look<'a, H: Train<Optimizer = O>>(
        &self,
        head: &H,
        state: &'a mut State<H::Work>,
        label: impl Label<H::Number>,
    ) -> Step<'a, H::Number> {
        let (loss, sample) = self.sample::<H>(state, label, head.classes());
        Step { sample, beta: loss.beta(), learned: false, seen: state.work.seen() }
    }

    #[inline(always)]
    fn sample<H: Train<Optimizer = O>>(
        &self,
        state: &mut State<H::Work>,
        label: impl Label<H::Number>,
        classes: usize,
    ) -> (GradientDecay<H::Math>, Sample<H::Number>) {
        let loss = self.schedule.at::<H::Math>(state.steps);
        let (seen, gradient) = state.work.pair();
        (loss, label.sample(&loss, classes, seen, gradient))
    }
}

/// The report of a step: loss and probabilities of its sample before the update. Each figure is computed on request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a, N = f32> {
    sample: Sample<N>,
    beta: f32,
    learned: bool,
    /// The exponentials of all classes except the sample's target.
    seen: &'a [N],
}

/// The report of a step in integers alone: see [`Fixed::learn`](crate::fixed::Fixed::learn).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedStep {
    /// The loss of the sample before the update in nats, in units of 2^-16, at least 0.
    pub loss: i32,
    /// The class with the largest logit before the update; the first of equal ones.
    pub class: usize,
}

impl<'a, N: Number> Step<'a, N> {
    /// Of the pass over a sample by a loss with this beta; `seen` are the exponentials that it left.
    #[doc(hidden)]
    pub const fn new(sample: Sample<N>, beta: f32, learned: bool, seen: &'a [N]) -> Self {
        Step { sample, beta, learned, seen }
    }

    /// The loss in nats, >= 0; 0 if the label is ignored. See [`GradientDecay::loss`](crate::GradientDecay::loss).
    pub fn loss(&self) -> f32 {
        self.sample.loss.to_f32()
    }

    /// The beta of the loss, in (0, 1e6].
    pub const fn beta(&self) -> f32 {
        self.beta
    }

    /// Whether the sample was learned; `false` if its label is ignored, or if it was held out.
    pub const fn learned(&self) -> bool {
        self.learned
    }

    /// The class with the largest logit; the first of equal ones.
    pub const fn class(&self) -> usize {
        self.sample.class
    }

    /// The most probable class and its softmax probability.
    pub fn prediction(&self) -> Prediction {
        Prediction { class: self.class(), probability: self.probability(self.class()) }
    }

    /// The softmax probability of a class, in [0, 1]; 0 for one that is not in use.
    #[inline]
    pub fn probability(&self, class: usize) -> f32 {
        let Sample { target, rest, own, .. } = self.sample;
        let (rest, own) = (rest.to_f32(), own.to_f32());
        // Divided by beta, which is in the target's exponential.
        let p = if class == target {
            1.0 / (1.0 + rest * self.beta / own)
        } else {
            let e = self.seen.get(class).map_or(0.0, |e| e.to_f32());
            e / (rest + own / self.beta)
        };
        // Rounding must not exceed 1.
        if p > 1.0 { 1.0 } else { p }
    }

    /// The softmax probabilities of all classes that there is room for, in [0, 1], in order.
    pub fn probabilities(&self) -> impl ExactSizeIterator<Item = f32> {
        let Sample { target, rest, own, .. } = self.sample;
        let (rest, own) = (rest.to_f32(), own.to_f32());
        let scale = 1.0 / (rest + own / self.beta);
        let of_target = 1.0 / (1.0 + rest * self.beta / own);
        self.seen.iter().enumerate().map(move |(class, e)| {
            let p = if class == target { of_target } else { e.to_f32() * scale };
            if p > 1.0 { 1.0 } else { p }
        })
    }
}

#[cfg(feature = "defmt")]
impl<N: Number> defmt::Format for Step<'_, N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let Prediction { class, probability } = self.prediction();
        defmt::write!(
            f,
            "Step {{ loss: {}, beta: {}, class: {}, probability: {} }}",
            self.loss(),
            self.beta,
            class,
            probability
        );
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::heads::storage::StoredVelocity;
    use crate::lengths::steps;
    use crate::{LinearHead, MomentumHead, Velocity};

    const PLAIN: FineTuner = FineTuner::new(BetaSchedule::linear(0.1, 2.0, 10), Sgd::new(0.5));
    const MOMENTUM: FineTuner =
        FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.5).with_momentum(0.9).with_weight_decay(0.01));

    type Head<V> = LinearHead<3, 2, crate::Libm, V>;
    type Trained<V> = (Head<V>, State<<Head<V> as Train>::Work>);

    fn trained<V: StoredVelocity>(tuner: &FineTuner) -> Trained<V> {
        let (mut head, mut state) = (Head::<V>::new(), State::new());
        for i in 0..30 {
            tuner.step(&mut head, &mut state, &[i as f32 * 0.1 - 1.0, 0.5], i % 3).unwrap();
        }
        (head, state)
    }

    #[test]
    fn a_step_is_the_loss_and_the_update() {
        let (mut head, mut state) = trained::<()>(&PLAIN);
        let before = head.clone();
        let features = [0.25, -1.5];
        let step = PLAIN.step(&mut head, &mut state, &features, 2).unwrap();

        let loss: GradientDecay = PLAIN.schedule().at(30);
        let (mut logits, mut gradient, mut p) = ([0.0; 3], [0.0; 3], [0.0; 3]);
        before.logits(&features, &mut logits).unwrap();
        assert_eq!(Ok(step.loss()), loss.loss_and_gradient(&logits, 2, &mut gradient));
        assert_eq!((step.beta(), step.learned()), (2.0, true));
        let prediction = before.predict(&features).unwrap();
        assert_eq!(step.class(), prediction.class);
        assert!((step.prediction().probability - prediction.probability).abs() < 1e-6);
        loss.probabilities(&logits, &mut p).unwrap();
        assert_eq!(step.probabilities().len(), 3);
        for (class, (p, found)) in p.iter().zip(step.probabilities()).enumerate() {
            assert!((p - found).abs() < 1e-6 && found == step.probability(class), "{p} {found}");
        }
        assert_eq!(step.probability(3), 0.0);
        assert_eq!(state.steps(), 31);
        for (class, g) in gradient.iter().enumerate() {
            let rate = 0.5 * g;
            assert_eq!(head.storage.bias[class], before.storage.bias[class] - rate);
            for (feature, x) in features.iter().enumerate() {
                assert_eq!(head.storage.weights[class][feature], before.storage.weights[class][feature] - rate * x);
            }
        }
    }

    fn errors_change_nothing<V: StoredVelocity + Clone + PartialEq + core::fmt::Debug>(tuner: &FineTuner) {
        let (mut head, mut state) = trained::<V>(tuner);
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

    #[test]
    fn an_error_changes_nothing() {
        errors_change_nothing::<()>(&PLAIN);
        errors_change_nothing::<Velocity<3, 2>>(&MOMENTUM);
    }

    fn stays_finite<V: StoredVelocity>(tuner: &FineTuner) {
        let (mut head, mut state) = (Head::<V>::new(), State::new());
        let mut parameters = [0.0; 9];
        let mut features = 1e20;
        while features < 3e38_f32 {
            let _ = tuner.step(&mut head, &mut state, &[features, -features], 1);
            head.export(&mut parameters).unwrap();
            assert!(parameters.iter().all(|w| w.is_finite()), "features of {features}");
            features *= 2.0;
        }
        let (mut head, mut state) = (Head::<V>::new(), State::new());
        let mut parameters = [f32::MAX; 9];
        head.import(&parameters).unwrap();
        // The largest f32 as weights, with features of 0: the logits are the biases.
        let _ = tuner.step(&mut head, &mut state, &[0.0, 0.0], 1);
        head.export(&mut parameters).unwrap();
        assert!(parameters.iter().all(|w| w.is_finite()));
    }

    #[test]
    fn the_largest_numbers_that_are_taken_leave_finite_parameters() {
        stays_finite::<()>(&PLAIN);
        stays_finite::<Velocity<3, 2>>(&MOMENTUM);
    }

    #[test]
    fn a_clipped_step_has_the_stated_norm() {
        let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(1.0).with_clip_norm(0.01));
        for features in [[0.25, -1.5], [0.0, 0.0], [1e19, 1e19], [3e25, 0.0]] {
            let (mut head, mut state) = (LinearHead::<3, 2>::new(), State::new());
            tuner.step(&mut head, &mut state, &features, 1).unwrap();
            let mut moved = [0.0; 9];
            head.export(&mut moved).unwrap();
            let norm = moved.iter().map(|w| f64::from(*w) * f64::from(*w)).sum::<f64>().sqrt();
            assert!((norm - 0.01).abs() < 5e-9, "norm {norm} at {features:?}");
        }
    }

    #[test]
    fn no_probability_exceeds_1() {
        let mut seed = 1_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 262_144.0 - 32.0
        };
        for beta in [1e-4, 0.5, 3.0, 1e6] {
            for _ in 0..steps(20, 10_000) {
                let mut logits = [next(), next() - 20.0, next() - 20.0];
                let sample = GradientDecay::<crate::Libm>::new(beta).sample(&mut logits, &mut [0.0; 3], 1);
                let step = Step { sample, beta, learned: true, seen: &logits };
                assert!(step.probabilities().all(|p| (0.0..=1.0).contains(&p)), "{logits:?}");
            }
        }
    }

    /// With only one class, that class is certain, whatever its logit and beta.
    #[test]
    fn one_class_alone_is_learned_without_a_nan() {
        let tuner = FineTuner::new(BetaSchedule::constant(f32::from_bits(1)), Sgd::new(1.0));
        let mut alone: LinearHead<1, 1> = LinearHead::new();
        let mut one_of_three: LinearHead<3, 1> = LinearHead::new();
        alone.import(&[0.0, f32::MIN]).unwrap();
        one_of_three.import(&[0.0, 0.0, 0.0, f32::MIN, 0.0, 0.0]).unwrap();
        one_of_three.truncate(1).unwrap();
        let (before, mut state) = (alone.clone(), State::new());
        let step = tuner.step(&mut alone, &mut state, &[1.0], 0).unwrap();
        assert_eq!((step.loss(), step.probability(0)), (0.0, 1.0));
        assert_eq!(alone, before);
        let (before, mut state) = (one_of_three.clone(), State::new());
        let step = tuner.step(&mut one_of_three, &mut state, &[1.0], 0).unwrap();
        assert_eq!((step.loss(), step.probability(0), step.probability(1)), (0.0, 1.0, 0.0));
        assert_eq!(one_of_three, before);
    }

    #[test]
    fn steps_saturate() {
        let (mut head, mut state) = (MomentumHead::<3, 2>::new(), State::new());
        state.set_steps(u32::MAX);
        PLAIN.step(&mut head, &mut state, &[1.0, 1.0], 0).unwrap();
        assert_eq!(state.steps(), u32::MAX);
    }
}
