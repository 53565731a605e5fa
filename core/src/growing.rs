//! A head whose classes come and go at run time: room for `CLASSES`, of which some are active.
//!
//! Inactive rows take no part in logits, loss, gradient or time. A new class starts from the mean of its first features
//! (imprinting: Qi et al., 2018), so that it is recognised at once, and learns on from there.

use crate::error::{Error, Slice, check_finite, check_length};
use crate::fine_tune::{FineTuner, State, Step};
use crate::head::{LinearHead, Prediction, add_products, predict};
use crate::kernels;
use crate::loss::check_target;
use crate::math::{Libm, Math};
use crate::optimizer::VelocityStore;

/// A linear head with room for `CLASSES` classes; those in `0..active()` are in use. 4 bytes more than [`LinearHead`].
///
/// ```
/// use gradient_decay::{BetaSchedule, Error, FineTuner, GrowingHead, Sgd, State};
///
/// const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
/// let (mut head, mut state) = (GrowingHead::<3, 2>::new(), State::new());
/// head.add_class(&[[1.0, 0.0], [0.9, 0.1]])?;
/// head.add_class(&[[0.0, 1.0]])?;
/// assert_eq!(head.predict(&[0.8, 0.0])?.class, 0); // from one or two samples
/// let step = TUNER.step_growing(&mut head, &mut state, &[0.0, 0.9], 1)?;
/// assert_eq!((step.prediction.class, head.active()), (1, 2));
///
/// let class = head.add_class(&[[-1.0, -1.0]])?;
/// assert_eq!((class, head.predict(&[-0.9, -1.0])?.class), (2, 2));
/// assert_eq!(head.add_class(&[]), Err(Error::NoRoom { classes: 3 }));
/// head.remove_class(0, &mut state)?;
/// assert_eq!(head.predict(&[-0.9, -1.0])?.class, 1); // the classes above move down
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GrowingHead<const CLASSES: usize, const FEATURES: usize, M = Libm> {
    head: LinearHead<CLASSES, FEATURES, M>,
    active: usize,
}

impl<const CLASSES: usize, const FEATURES: usize, M> GrowingHead<CLASSES, FEATURES, M> {
    /// The bytes in memory.
    pub const BYTES: usize = size_of::<Self>();

    /// Without any class.
    pub const fn new() -> Self {
        GrowingHead { head: LinearHead::new(), active: 0 }
    }

    /// A trained head whose first `active` rows are in use.
    ///
    /// # Errors
    /// [`Error::Target`] if there are not that many rows.
    pub fn from_head(mut head: LinearHead<CLASSES, FEATURES, M>, active: usize) -> Result<Self, Error> {
        if active > CLASSES {
            return Err(Error::Target { target: active, classes: CLASSES });
        }
        // What is behind the active rows is zero, here and ever after.
        head.weights.iter_mut().skip(active).for_each(|row| *row = [0.0; FEATURES]);
        head.bias.iter_mut().skip(active).for_each(|bias| *bias = 0.0);
        Ok(GrowingHead { head, active })
    }

    /// The number of classes in use.
    pub const fn active(&self) -> usize {
        self.active
    }

    /// The rows in use, and zeros behind them: to save, or to infer with all of them.
    pub const fn head(&self) -> &LinearHead<CLASSES, FEATURES, M> {
        &self.head
    }

    /// The logits of the classes in use, into the slice, which is as long.
    ///
    /// # Errors
    /// [`Error::Length`] if it is not, [`Error::NotFinite`] as [`LinearHead::logits`]; the slice is then unchanged.
    pub fn logits(&self, features: &[f32; FEATURES], logits: &mut [f32]) -> Result<(), Error> {
        check_length(Slice::Logits, self.active, logits.len())?;
        let mut result = self.head.bias;
        add_products(self.rows(), features, result.get_mut(..self.active).unwrap_or_default())?;
        logits.iter_mut().zip(result).for_each(|(to, from)| *to = from);
        Ok(())
    }

    fn rows(&self) -> &[[f32; FEATURES]] {
        self.head.weights.get(..self.active).unwrap_or_default()
    }

    /// Removes a class; those above it move down by one. The velocity that `state` stores moves with them.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use; nothing is then changed.
    pub fn remove_class<V: VelocityStore<CLASSES, FEATURES>>(
        &mut self,
        class: usize,
        state: &mut State<V>,
    ) -> Result<(), Error> {
        check_target(self.active, class)?;
        remove(&mut self.head.weights, class, [0.0; FEATURES]);
        remove(&mut self.head.bias, class, 0.0);
        if let Some(velocity) = state.velocity.velocity_mut() {
            remove(&mut velocity.weights, class, [0.0; FEATURES]);
            remove(&mut velocity.bias, class, 0.0);
        }
        self.active -= 1;
        Ok(())
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M: Math> GrowingHead<CLASSES, FEATURES, M> {
    /// Adds a class and returns its number, the count of classes before.
    ///
    /// Its row is the mean of `samples`, the first features of the class, scaled to the mean norm of the rows in use, or to 1 if
    /// there is none; its bias is what makes the mean sample's logit the largest by 1, or 0 for the first class. So it is
    /// recognised at once and takes little from the others; how much, `demo-host` shows on the digits. Without samples, or if
    /// their mean is 0, both are 0.
    ///
    /// # Errors
    /// [`Error::NoRoom`] if all classes are in use, [`Error::NotFinite`] if a feature is NaN or infinite, or the new row would
    /// leave the range of f32; nothing is then changed.
    pub fn add_class(&mut self, samples: &[[f32; FEATURES]]) -> Result<usize, Error> {
        let class = self.active;
        if class >= CLASSES {
            return Err(Error::NoRoom { classes: CLASSES });
        }
        check_finite(Slice::Features, samples.as_flattened())?;
        let (row, bias) = self.imprint(samples)?;
        if let (Some(to_row), Some(to_bias)) = (self.head.weights.get_mut(class), self.head.bias.get_mut(class)) {
            (*to_row, *to_bias) = (row, bias);
        }
        self.active += 1;
        Ok(class)
    }

    /// The row and the bias of a new class.
    fn imprint(&self, samples: &[[f32; FEATURES]]) -> Result<([f32; FEATURES], f32), Error> {
        let mut mean = [0.0; FEATURES];
        let share = 1.0 / samples.len().max(1) as f32;
        for sample in samples {
            mean.iter_mut().zip(sample).for_each(|(mean, x)| *mean += share * x);
        }
        let norm = M::sqrt(kernels::dot(&mean, &mean));
        if norm == 0.0 {
            return Ok(([0.0; FEATURES], 0.0));
        }
        let norms = self.rows().iter().fold(0.0, |sum, row| sum + M::sqrt(kernels::dot(row, row)));
        let mean_norm = norms / self.active.max(1) as f32;
        let scale = if mean_norm > 0.0 { mean_norm / norm } else { 1.0 / norm };
        let row = mean.map(|x| x * scale);
        check_finite(Slice::Parameters, &row)?;

        let mut logits = self.head.bias;
        let logits = logits.get_mut(..self.active).unwrap_or_default();
        add_products(self.rows(), &mean, logits)?;
        let bias = kernels::largest(logits).map_or(0.0, |(_, z)| z + 1.0 - kernels::dot(&row, &mean));
        check_finite(Slice::Parameters, &[bias])?;
        Ok((row, bias))
    }

    /// The most probable of the classes in use, and its softmax probability among them.
    ///
    /// # Errors
    /// [`Error::Length`] if no class is in use, [`Error::NotFinite`] as [`LinearHead::logits`].
    pub fn predict(&self, features: &[f32; FEATURES]) -> Result<Prediction, Error> {
        check_length(Slice::Logits, self.active.max(1), self.active)?;
        let mut logits = self.head.bias;
        let logits = logits.get_mut(..self.active).unwrap_or_default();
        add_products(self.rows(), features, logits)?;
        Ok(predict::<M>(logits))
    }
}

impl FineTuner {
    /// [`step`](Self::step) on the classes in use of a growing head: `target` in `0..active()`.
    ///
    /// # Errors
    /// As `step`, with the classes in use for all.
    pub fn step_growing<const CLASSES: usize, const FEATURES: usize, M: Math, V: VelocityStore<CLASSES, FEATURES>>(
        &self,
        head: &mut GrowingHead<CLASSES, FEATURES, M>,
        state: &mut State<V>,
        features: &[f32; FEATURES],
        target: usize,
    ) -> Result<Step, Error> {
        let active = head.active;
        check_target(active, target)?;
        let mut gradient = head.head.bias;
        let gradient = gradient.get_mut(..active).unwrap_or_default();
        add_products(head.rows(), features, gradient)?;
        let loss = self.schedule().at::<M>(state.steps());
        let sample = loss.sample(gradient, target);
        let LinearHead { weights, bias, .. } = &mut head.head;
        let (Some(weights), Some(bias)) = (weights.get_mut(..active), bias.get_mut(..active)) else {
            return Err(Error::Target { target, classes: CLASSES });
        };
        self.apply::<CLASSES, FEATURES, M, V>(weights, bias, state, features, gradient, 1.0)?;
        Ok(Step::new(&loss, &sample))
    }
}

impl<const CLASSES: usize, const FEATURES: usize, M> Default for GrowingHead<CLASSES, FEATURES, M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Moves what is behind `index` down by one and leaves `last` in the last place.
fn remove<T: Copy>(values: &mut [T], index: usize, last: T) {
    // From the end down, each takes what was behind it.
    let mut behind = last;
    for value in values.iter_mut().skip(index).rev() {
        behind = core::mem::replace(value, behind);
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{BetaSchedule, Sgd};

    const TUNERS: [FineTuner; 2] = [
        FineTuner::new(BetaSchedule::linear(0.1, 2.0, 10), Sgd::new(0.5)),
        FineTuner::new(BetaSchedule::constant(0.5), Sgd::new(0.5).with_momentum(0.9).with_weight_decay(0.01)),
    ];

    /// Three classes of five in use behave, to the bit, as a head with three.
    #[test]
    fn inactive_rows_take_no_part() {
        for tuner in TUNERS {
            let (mut small, mut its_state) = (LinearHead::<3, 9>::new(), State::with_velocity());
            let mut growing: GrowingHead<5, 9> = GrowingHead::new();
            let mut state = State::with_velocity();
            (0..3).for_each(|class| assert_eq!(growing.add_class(&[]), Ok(class)));
            for i in 0..40_u8 {
                let features: [f32; 9] =
                    core::array::from_fn(|j| ((usize::from(i) * 7 + j * 3) % 11) as f32 / 5.0 - 1.0);
                let step = tuner.step(&mut small, &mut its_state, &features, usize::from(i) % 3);
                assert_eq!(tuner.step_growing(&mut growing, &mut state, &features, usize::from(i) % 3), step);
                assert_eq!(growing.predict(&features), small.predict(&features));
            }
            assert_eq!(growing.head().weights[..3], small.weights);
            assert_eq!(growing.head().weights[3..], [[0.0; 9]; 2]);
        }
    }

    #[test]
    fn a_removed_class_takes_its_row_and_velocity_along() {
        let tuner = &TUNERS[1];
        let (mut head, mut state) = (GrowingHead::<4, 2>::new(), State::with_velocity());
        (0..4).for_each(|_| _ = head.add_class(&[]).unwrap());
        for i in 0..20_u8 {
            tuner.step_growing(&mut head, &mut state, &[f32::from(i) / 10.0, 1.0], usize::from(i) % 4).unwrap();
        }
        let (before, velocity) = (head.clone(), state.velocity.clone());
        head.remove_class(1, &mut state).unwrap();
        assert_eq!(head.active(), 3);
        for (now, then) in [(0, 0), (1, 2), (2, 3)] {
            assert_eq!(head.head().weights[now], before.head().weights[then]);
            assert_eq!(state.velocity.weights[now], velocity.weights[then]);
            assert_eq!(state.velocity.bias[now], velocity.bias[then]);
        }
        assert_eq!((head.head().bias[3], state.velocity.bias[3]), (0.0, 0.0));
        let before = (head.clone(), state.clone());
        assert_eq!(head.remove_class(3, &mut state), Err(Error::Target { target: 3, classes: 3 }));
        assert!(tuner.step_growing(&mut head, &mut state, &[1.0, 1.0], 3).is_err());
        assert_eq!((head, state), before);
    }

    #[test]
    fn an_imprinted_class_is_recognised_at_once() {
        let tuner = &TUNERS[0];
        let (mut head, mut state) = (GrowingHead::<3, 2>::new(), State::new());
        head.add_class(&[]).unwrap();
        head.add_class(&[]).unwrap();
        for _ in 0..50 {
            tuner.step_growing(&mut head, &mut state, &[2.0, 0.1], 0).unwrap();
            tuner.step_growing(&mut head, &mut state, &[0.1, 2.0], 1).unwrap();
        }
        head.add_class(&[[-1.0, -1.2], [-1.1, -0.8]]).unwrap();
        for (features, class) in [([-1.0, -1.0], 2), ([2.0, 0.1], 0), ([0.1, 2.0], 1)] {
            assert_eq!(head.predict(&features).unwrap().class, class);
        }
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut head: GrowingHead<2, 2> = GrowingHead::new();
        assert!(head.predict(&[0.0, 0.0]).is_err());
        head.add_class(&[[1.0, 2.0]]).unwrap();
        let before = head.clone();
        assert!(head.add_class(&[[1.0, f32::NAN]]).is_err());
        assert!(head.add_class(&[[3e38, 3e38]]).is_err());
        assert_eq!(
            head.logits(&[1.0, 1.0], &mut [0.0; 2]).unwrap_err(),
            Error::Length { slice: Slice::Logits, expected: 1, actual: 2 }
        );
        assert_eq!(head, before);
        assert!(GrowingHead::<2, 2>::from_head(LinearHead::new(), 3).is_err());
    }
}
