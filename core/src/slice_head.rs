//! A linear head whose shape is known only at run time.
//!
//! For a head that comes over a wire or from a file, and for other languages; where the shape is known when it is compiled,
//! [`LinearHead`](crate::LinearHead) is smaller and checks more by its types. The bits are the same.

use core::marker::PhantomData;

use crate::error::{Error, Slice, check_finite, check_length};
use crate::fine_tune::{FineTuner, State, Step};
use crate::head::{Prediction, check_logits, predict};
use crate::kernels;
use crate::loss::check_target;
use crate::math::{Libm, Math};

/// A dense layer from features to logits over the caller's parameters: the weights row by row (a row is a class), then the biases. `M`
/// is the math backend.
///
/// ```
/// use gradient_decay::{BetaSchedule, FineTuner, Sgd, SliceHead, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 20), Sgd::new(0.5));
///
/// let mut parameters = [0.0; 2 * (3 + 1)]; // 2 classes, 3 features
/// let mut scratch = [0.0; 2];
/// let mut head = SliceHead::new(&mut parameters, 2, 3)?;
/// let mut state = State::new();
/// for _ in 0..50 {
///     TUNER.step_slices(&mut head, &mut state, &[1.0, 0.0, 0.5], 1, &mut scratch)?;
///     TUNER.step_slices(&mut head, &mut state, &[0.0, 1.0, 0.5], 0, &mut scratch)?;
/// }
/// let prediction = head.predict(&[1.0, 0.1, 0.5], &mut scratch)?;
/// assert!(prediction.class == 1 && prediction.probability > 0.9);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SliceHead<'a, M = Libm> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) bias: &'a mut [f32],
    features: usize,
    math: PhantomData<M>,
}

impl<'a> SliceHead<'a> {
    /// A head over parameters, of which there are `classes * (features + 1)`.
    ///
    /// # Errors
    /// As [`with_math`](Self::with_math).
    pub fn new(parameters: &'a mut [f32], classes: usize, features: usize) -> Result<Self, Error> {
        Self::with_math(parameters, classes, features)
    }
}

impl<'a, M> SliceHead<'a, M> {
    /// [`new`](SliceHead::new) with the math backend `M`.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `classes * (features + 1)` parameters, or the shape has no class or no feature.
    ///
    /// It looks at no parameter, so that it costs nothing to make a head for each call: one that is NaN or infinite is found by
    /// [`logits`](Self::logits), and all of them by [`check`](Self::check).
    pub fn with_math(parameters: &'a mut [f32], classes: usize, features: usize) -> Result<Self, Error> {
        let expected = features.saturating_add(1).saturating_mul(classes);
        let shape = if classes > 0 && features > 0 { expected } else { usize::MAX };
        check_length(Slice::Parameters, shape, parameters.len())?;
        let (weights, bias) = parameters.split_at_mut_checked(classes * features).unwrap_or_default();
        Ok(SliceHead { weights, bias, features, math: PhantomData })
    }

    /// Whether all parameters are finite.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the first that is NaN or infinite.
    pub fn check(&self) -> Result<(), Error> {
        check_finite(Slice::Parameters, self.weights)?;
        match self.bias.iter().position(|bias| !bias.is_finite()) {
            None => Ok(()),
            Some(class) => Err(Error::NotFinite { slice: Slice::Parameters, index: self.weights.len() + class }),
        }
    }

    /// The number of classes.
    pub const fn classes(&self) -> usize {
        self.bias.len()
    }

    /// The number of features of a sample.
    pub const fn features(&self) -> usize {
        self.features
    }

    /// The logits of a sample.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many features or logits as the head has; they are then unchanged.
    /// [`Error::NotFinite`] naming the feature that is NaN or infinite, or the logit that leaves the range of f32; `logits` may
    /// then be anything.
    pub fn logits(&self, features: &[f32], logits: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Features, self.features, features.len())?;
        check_length(Slice::Logits, self.bias.len(), logits.len())?;
        logits.iter_mut().zip(&*self.bias).for_each(|(logit, bias)| *logit = *bias);
        kernels::add_dot_matrix(self.weights, features, logits);
        check_logits(features, logits)
    }
}

impl<M: Math> SliceHead<'_, M> {
    /// The most probable class of a sample and its softmax probability; `scratch`, one number a class, may be anything before and
    /// after.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn predict(&self, features: &[f32], scratch: &mut [f32]) -> Result<Prediction, Error> {
        self.logits(features, scratch)?;
        Ok(predict::<M>(scratch))
    }
}

impl FineTuner {
    /// [`step`](Self::step) of a head whose shape is known only at run time, to the same bits. Without momentum. `scratch`, one
    /// number a class, may be anything before and after.
    ///
    /// # Errors
    /// As `step`; [`Error::Length`] if there are not as many features, or scratch, as the head has; and [`Error::NoVelocity`] if
    /// the optimizer has momentum. Head and state are then as before.
    pub fn step_slices<M: Math>(
        &self,
        head: &mut SliceHead<'_, M>,
        state: &mut State,
        features: &[f32],
        target: usize,
        scratch: &mut [f32],
    ) -> Result<Step, Error> {
        check_target(head.bias.len(), target)?;
        if self.optimizer().momentum() != 0.0 {
            return Err(Error::NoVelocity);
        }
        head.logits(features, scratch)?;
        let loss = self.schedule().at::<M>(state.steps());
        let sample = loss.sample(scratch, target);
        // As in `step`: no feature is larger, nor that of the bias, nor a gradient of a logit than 1.
        let magnitude = kernels::sum_of_magnitudes(features) + 1.0;
        self.clip::<M>(scratch, features, magnitude);
        if !self.stays_finite(magnitude) {
            return Err(Error::UpdateTooLarge);
        }
        let keep = self.write_biases(head.bias, scratch);
        kernels::update_matrix(head.weights, keep, scratch, features);
        state.count();
        Ok(Step::new(&loss, &sample))
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{BetaSchedule, LinearHead, Sgd};

    /// Steps of both kinds of head, which must agree in every bit.
    fn same_bits<const CLASSES: usize, const FEATURES: usize>(tuner: &FineTuner, parameters: &mut [f32]) {
        let mut fixed = LinearHead::<CLASSES, FEATURES>::new();
        let (mut fixed_state, mut state) = (State::new(), State::new());
        let mut scratch = [0.0; CLASSES];
        parameters.fill(0.0);
        for step in 0..40 {
            let features: [f32; FEATURES] = core::array::from_fn(|i| ((i * 31 + step * 17) % 29) as f32 / 9.0 - 1.5);
            let target = (step * 7) % CLASSES;
            let mut head = SliceHead::new(parameters, CLASSES, FEATURES).unwrap();
            assert_eq!(head.predict(&features, &mut scratch), fixed.predict(&features));
            let expected = tuner.step(&mut fixed, &mut fixed_state, &features, target);
            assert_eq!(tuner.step_slices(&mut head, &mut state, &features, target, &mut scratch), expected);
            assert_eq!((head.classes(), head.features()), (CLASSES, FEATURES));
        }
        let mut expected = std::vec![0.0; parameters.len()];
        fixed.export(&mut expected).unwrap();
        assert_eq!(parameters, expected);
        assert_eq!(state, fixed_state);
    }

    #[test]
    fn the_bits_are_those_of_a_head_of_fixed_shape() {
        let schedule = BetaSchedule::geometric(0.05, 2.0, 25);
        for sgd in [Sgd::new(0.3), Sgd::new(0.3).with_weight_decay(0.02), Sgd::new(0.3).with_clip_norm(0.2)] {
            let tuner = FineTuner::new(schedule, sgd);
            same_bits::<1, 1>(&tuner, &mut [0.0; 2]);
            same_bits::<2, 8>(&tuner, &mut [0.0; 18]);
            same_bits::<7, 13>(&tuner, &mut [0.0; 98]);
        }
    }

    fn head_of(parameters: &mut [f32]) -> SliceHead<'_> {
        SliceHead::new(parameters, 2, 2).unwrap()
    }

    #[test]
    fn bad_input_is_refused_and_changes_nothing() {
        const PLAIN: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
        const MOMENTUM: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5).with_momentum(0.5));
        let (mut parameters, mut state, mut scratch) = ([0.5; 6], State::new(), [0.0; 2]);
        let mut head = SliceHead::new(&mut parameters, 2, 2).unwrap();
        assert_eq!(MOMENTUM.step_slices(&mut head, &mut state, &[1.0, 1.0], 0, &mut scratch), Err(Error::NoVelocity));
        for (features, target) in [
            (&[1.0][..], 0),
            (&[1.0, 1.0, 1.0], 0),
            (&[1.0, 1.0], 2),
            (&[f32::NAN, 1.0], 0),
            (&[3e38, 3e38], 0),
            (&[1e31, 0.0], 0),
        ] {
            assert!(PLAIN.step_slices(&mut head, &mut state, features, target, &mut scratch).is_err(), "{features:?}");
        }
        assert!(PLAIN.step_slices(&mut head, &mut state, &[1.0, 1.0], 0, &mut [0.0; 3]).is_err());
        assert_eq!((parameters, state.steps()), ([0.5; 6], 0));
        for (length, classes, features) in [(6, 2, 3), (6, 0, 2), (6, 2, 0), (0, 0, 0), (6, usize::MAX, usize::MAX)] {
            assert!(SliceHead::new(&mut [0.0; 6][..length], classes, features).is_err(), "{classes} {features}");
        }
        for index in 0..6 {
            let mut parameters = [0.5; 6];
            parameters[index] = f32::NAN;
            let mut head = SliceHead::new(&mut parameters, 2, 2).unwrap();
            assert_eq!(head.check(), Err(Error::NotFinite { slice: Slice::Parameters, index }));
            // Whatever it is multiplied with.
            assert!(PLAIN.step_slices(&mut head, &mut state, &[0.0, 0.0], 0, &mut scratch).is_err());
        }
        assert_eq!((head_of(&mut [0.5; 6]).check(), state.steps()), (Ok(()), 0));
    }
}
