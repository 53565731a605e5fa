//! The gradient-decay Softmax: probabilities, loss and gradient.
//!
//! With logits `z`, target `c`, `p = softmax(z)` and the gradient decay coefficient `beta`, the loss is cross-entropy
//! with `ln(beta)` added to the target's logit (S. Zhang, L. Xie, Y. Chen, arXiv 2210.17145; Neural Networks 2024, doi
//! 10.1016/j.neunet.2024.106457):
//!
//! ```text
//! L(z, c; beta) = -ln( beta e^{z_c} / ( sum_{i != c} e^{z_i} + beta e^{z_c} ) )
//! dL/dz = q - onehot(c),   q = softmax(z + ln(beta) onehot(c))
//! ```
//!
//! The paper's `J` is `L + ln(beta)`. `L` has the same gradient, is never negative, has the infimum 0 for every beta,
//! and so stays comparable while beta changes.
//!
//! Beta is an additive margin of `-ln(beta)` on the target: a beta below 1 asks for a large margin and keeps the
//! gradient up until a sample is well separated; above 1 the gradient fades early. `beta = 1` is plain cross-entropy,
//! to the bit.

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_finite, check_length, check_logits, check_target, expect_in_range};
use crate::numeric::kernels;
use crate::numeric::math::{LN_UNIT, Libm, Math, fixed_ln};
use crate::objective::beta::Beta;
use crate::objective::sample::Sample;
use crate::objective::shift::Shift;
use crate::objective::softmax::{copy, softmax};

/// The gradient-decay Softmax with one beta.
///
/// 8 bytes: beta and its logarithm. `M` is the math backend.
///
/// ```
/// use gradient_decay::GradientDecay;
///
/// const LOSS: GradientDecay = GradientDecay::new(0.1);
/// let mut gradient = [0.0; 3];
/// let loss = LOSS.loss_and_gradient(&[2.0, 1.0, -1.0], 0, &mut gradient)?;
/// assert!((loss - 1.644_161).abs() < 1e-5);
/// assert!((gradient[0] + 0.806_825).abs() < 1e-5);
/// assert!(gradient.iter().sum::<f32>().abs() < 1e-6);
/// # Ok::<(), gradient_decay::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct GradientDecay<M = Libm> {
    beta: Beta,
    math: PhantomData<M>,
}

impl GradientDecay {
    /// The loss with this beta, in (0, 1e6], and the default math backend.
    ///
    /// # Panics
    /// If beta is out of range; in a const, when it is compiled:
    ///
    /// ```compile_fail
    /// const LOSS: gradient_decay::GradientDecay = gradient_decay::GradientDecay::new(0.0);
    /// assert_eq!(LOSS.beta(), 0.0);
    /// ```
    pub const fn new(beta: f32) -> Self {
        expect_in_range(Self::try_new(beta))
    }

    /// [`new`](Self::new), with an error in place of a panic.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if beta is not in (0, 1e6].
    pub const fn try_new(beta: f32) -> Result<Self, Error> {
        Self::try_with_math(beta)
    }
}

impl<M> GradientDecay<M> {
    /// [`try_new`](GradientDecay::try_new) with the math backend `M`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if beta is not in (0, 1e6].
    ///
    /// ```
    /// # #[cfg(feature = "micromath")] {
    /// use gradient_decay::{GradientDecay, Micromath};
    ///
    /// let loss = GradientDecay::<Micromath>::try_with_math(2.0)?;
    /// assert_eq!(loss.beta(), 2.0);
    /// # }
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub const fn try_with_math(beta: f32) -> Result<Self, Error> {
        match Beta::try_new(beta) {
            Ok(beta) => Ok(Self::from_beta(beta)),
            Err(error) => Err(error),
        }
    }

    pub(crate) const fn from_beta(beta: Beta) -> Self {
        GradientDecay { beta, math: PhantomData }
    }

    /// Beta, in (0, 1e6].
    pub const fn beta(&self) -> f32 {
        self.beta.value
    }

    /// ln(beta); the additive margin on the target's logit is its negative.
    pub const fn ln_beta(&self) -> f32 {
        self.beta.ln
    }

    /// The magnitude of the gradient of the target's logit when its probability is `p`:
    /// `g(p) = (1 - p) / (1 - (1 - beta) p)`, in [0, 1].
    ///
    /// It falls from g(0) = 1 to g(1) = 0 and is concave for beta < 1, straight for 1, convex for beta > 1.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `p` is not in [0, 1].
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// assert_eq!(GradientDecay::new(4.0).gradient_magnitude(0.5)?, 0.2); // 1 / (1 + beta)
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn gradient_magnitude(&self, p: f32) -> Result<f32, Error> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::OutOfRange { number: Number::Probability, value: p });
        }
        let rest = 1.0 - p;
        Ok(rest / (rest + self.beta.value * p))
    }

    /// The mean gradient `G(beta) = integral of g(p) over [0, 1] = (beta ln beta - beta + 1) / (beta - 1)^2`.
    ///
    /// G(1) = 1/2, and a smaller beta has larger gradients: divide the learning rate by `G(beta) / G(1)` to
    /// compare betas at an equal mean step. The relative error is at most 1e-6.
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// assert!((GradientDecay::new(0.1).mean_gradient() - 0.827).abs() < 1e-3);
    /// ```
    pub const fn mean_gradient(&self) -> f32 {
        let u = self.beta.value as f64 - 1.0;
        if u.abs() < 1e-3 {
            // A series around beta = 1, where the closed form is 0 / 0.
            (0.5 + u * (u / 12.0 - 1.0 / 6.0)) as f32
        } else {
            let ln = fixed_ln(self.beta.value) as f64 / LN_UNIT as f64;
            (((1.0 + u) * ln - u) / (u * u)) as f32
        }
    }
}

impl<M: Math> GradientDecay<M> {
    /// Writes the softmax of `logits` to `probabilities`, both of the same length K >= 1. It does not depend on beta.
    ///
    /// Training with a beta other than 1 does not make these calibrated: see
    /// [`consistent_probabilities`](Self::consistent_probabilities).
    ///
    /// # Errors
    /// [`Error::Length`] if a slice is empty or the lengths differ, [`Error::NotFinite`] if a logit is NaN or infinite;
    /// `probabilities` is then unchanged.
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// let mut p = [0.0; 2];
    /// GradientDecay::new(1.0).probabilities(&[0.0, 3.0_f32.ln()], &mut p)?;
    /// assert!((p[0] - 0.25).abs() < 1e-6 && (p[1] - 0.75).abs() < 1e-6);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn probabilities(&self, logits: &[f32], probabilities: &mut [f32]) -> Result<(), Error> {
        check_logits(logits)?;
        check_length(Slice::Probabilities, logits.len(), probabilities.len())?;
        softmax::<M>(logits, probabilities);
        Ok(())
    }

    /// The loss `L >= 0` of one sample, in nats: `logits` of length K >= 1, `target` in 0..K.
    ///
    /// It differs from the paper's `J` by the constant ln(beta); see the [module](self). A loss beyond the range of f32,
    /// which needs logits 3.4e38 apart, is reported as [`f32::MAX`].
    ///
    /// # Errors
    /// [`Error::Length`] if `logits` is empty, [`Error::NotFinite`] if a logit is NaN or infinite, [`Error::Target`] if
    /// the target is not below K.
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// let loss = GradientDecay::new(1.0).loss(&[0.0, 0.0], 1)?;
    /// assert!((loss - core::f32::consts::LN_2).abs() < 1e-6);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn loss(&self, logits: &[f32], target: usize) -> Result<f32, Error> {
        check_logits(logits)?;
        check_target(logits.len(), target)?;
        Ok(self.loss_of_checked(logits, target))
    }

    /// The loss in nats and its gradient `q - onehot(target)` with respect to the logits, fused: one `exp` for each class.
    ///
    /// `logits` and `gradient` have the length K >= 1, `target` is in 0..K. Every element of the gradient is in [-1, 1], and
    /// their sum is 0 up to rounding.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and [`Error::Length`] if the lengths differ; `gradient` is then unchanged.
    pub fn loss_and_gradient(&self, logits: &[f32], target: usize, gradient: &mut [f32]) -> Result<f32, Error> {
        check_logits(logits)?;
        check_target(logits.len(), target)?;
        check_length(Slice::Gradient, logits.len(), gradient.len())?;
        copy(logits, gradient);
        Ok(self.sample_in_place(gradient, target).loss)
    }

    /// The mean loss over a batch: `logits` are `targets.len()` >= 1 rows of K >= 1 logits, row after row.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), with the index counted over the whole of `logits`; [`Error::Length`] if there is no
    /// target or `logits` is not a whole number of rows (`expected` is then the nearest smaller length that is, with at
    /// least one logit for each row).
    pub fn batch_loss(&self, logits: &[f32], targets: &[usize]) -> Result<f32, Error> {
        let classes = check_batch(logits, targets)?;
        let rows = logits.chunks_exact(classes).zip(targets);
        Ok(mean(rows.map(|(row, &target)| self.loss_of_checked(row, target)), targets.len()))
    }

    /// The mean loss over a batch, and its gradient with respect to every logit; because of the mean, each row's gradient is divided by the
    /// number of rows. Shapes as in [`batch_loss`](Self::batch_loss); `gradient` is as long as `logits`.
    ///
    /// # Errors
    /// As [`batch_loss`](Self::batch_loss), and [`Error::Length`] if `gradient` is not as long as `logits`; it is then
    /// unchanged.
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// let logits = [0.0, 0.0, 200.0, 0.0];
    /// let mut gradient = [0.0; 4];
    /// let loss = GradientDecay::new(1.0).batch_loss_and_gradient(&logits, &[0, 0], &mut gradient)?;
    /// assert!((loss - 0.5 * core::f32::consts::LN_2).abs() < 1e-6);
    /// assert_eq!(gradient, [-0.25, 0.25, 0.0, 0.0]);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn batch_loss_and_gradient(
        &self,
        logits: &[f32],
        targets: &[usize],
        gradient: &mut [f32],
    ) -> Result<f32, Error> {
        let classes = check_batch(logits, targets)?;
        check_length(Slice::Gradient, logits.len(), gradient.len())?;
        let count = targets.len();
        let scale = 1.0 / count as f32;
        let rows = logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).zip(targets);
        let losses = rows.map(|((row, gradient), &target)| {
            copy(row, gradient);
            let loss = self.sample_in_place(gradient, target).loss;
            gradient.iter_mut().for_each(|g| *g *= scale);
            loss
        });
        Ok(mean(losses, count))
    }

    /// The pass over one sample that has been checked: finite logits, or minus infinity for a row that is not in use; a target in use.
    ///
    /// Replaces the logits by the exponentials of their softmax, and writes their gradient to `gradient`, which is as long.
    // Inlined where the number of classes is known at compile time, since that halves its loops.
    #[inline(always)]
    pub(crate) fn sample(&self, logits: &mut [f32], gradient: &mut [f32], target: usize) -> Sample<f32> {
        let sample = self.exponentials(logits, target);
        let scale = 1.0 / (sample.rest + sample.own);
        for (g, e) in gradient.iter_mut().zip(&*logits) {
            *g = e * scale;
        }
        // q_c - 1 without cancellation, so that the gradient's sum over the classes stays 0.
        set(gradient, target, -sample.rest * scale);
        sample
    }

    /// As [`sample`](Self::sample), but replaces the logits by the gradient.
    pub(crate) fn sample_in_place(&self, logits: &mut [f32], target: usize) -> Sample<f32> {
        let sample = self.exponentials(logits, target);
        let scale = 1.0 / (sample.rest + sample.own);
        logits.iter_mut().for_each(|g| *g *= scale);
        set(logits, target, -sample.rest * scale);
        sample
    }

    /// Replaces the logits by their exponentials, the target's by 0.
    #[inline(always)]
    fn exponentials(&self, logits: &mut [f32], target: usize) -> Sample<f32> {
        let shift = Shift::take_target(logits, target, self.beta.ln);
        let rest = kernels::exp_and_sum::<M>(logits, shift.top_other, shift.maximum);
        // By the loop over the others where flash counts more than time: the exponential is then there once.
        let own = if kernels::SMALL {
            kernels::exp_and_sum::<M>(&mut [shift.target()], 0.0, 0.0)
        } else {
            M::exp(shift.target())
        };
        Sample { loss: shift.loss::<M>(rest, own), class: shift.top_class(target), target, rest, own }
    }

    /// The loss of logits and a target that have been checked.
    pub(crate) fn loss_of_checked(&self, logits: &[f32], target: usize) -> f32 {
        let shift = Shift::new(logits, target, self.beta.ln);
        let others = logits.iter().enumerate().filter(|(class, _)| *class != target);
        let rest = others.fold(0.0, |sum, (_, z)| sum + M::exp(shift.other(*z)));
        shift.loss::<M>(rest, M::exp(shift.target()))
    }
}

#[inline(always)]
fn set(values: &mut [f32], index: usize, value: f32) {
    if let Some(to) = values.get_mut(index) {
        *to = value;
    }
}

fn mean(losses: impl Iterator<Item = f32>, count: usize) -> f32 {
    // Scaled before they are added, so that the sum cannot overflow if the mean does not.
    let scale = 1.0 / count as f32;
    losses.fold(0.0, |sum, loss| sum + loss * scale).min(f32::MAX)
}

/// The number of classes of a valid batch.
#[inline(always)] // So that the compiler knows that it is not 0, for which `chunks` would panic.
fn check_batch(logits: &[f32], targets: &[usize]) -> Result<usize, Error> {
    let rows = targets.len();
    check_length(Slice::Targets, rows.max(1), rows)?;
    let classes = (logits.len() / rows).max(1);
    check_length(Slice::Logits, classes * rows, logits.len())?;
    check_finite(Slice::Logits, logits)?;
    targets.iter().try_for_each(|&target| check_target(classes, target))?;
    Ok(classes)
}
