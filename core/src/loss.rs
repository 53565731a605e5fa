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

mod expected;
mod shift;
#[cfg(all(test, feature = "libm"))]
mod tests;

use core::marker::PhantomData;

use crate::error::{Error, Number, Slice, check_finite, check_length, expect_in_range};
use crate::kernels;
use crate::math::{Libm, Math, const_ln};
use crate::target::{Target, TargetOptions};
use shift::Shift;

/// The largest beta.
const BETA_MAX: f32 = 1e6;

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

/// A valid beta with its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Beta {
    pub(crate) value: f32,
    pub(crate) ln: f32,
}

impl Beta {
    pub(crate) const fn try_new(value: f32) -> Result<Self, Error> {
        // Written so that NaN is refused.
        if value > 0.0 && value <= BETA_MAX {
            Ok(Beta { value, ln: const_ln(value) as f32 })
        } else {
            Err(Error::OutOfRange { number: Number::Beta, value })
        }
    }
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
    /// G(1) = 1/2, and a smaller beta has simply larger gradients: divide the learning rate by `G(beta) / G(1)` to
    /// compare betas at equal mean step. Relative error at most 1e-6.
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// assert!((GradientDecay::new(0.1).mean_gradient() - 0.827).abs() < 1e-3);
    /// ```
    pub const fn mean_gradient(&self) -> f32 {
        let u = self.beta.value as f64 - 1.0;
        if u.abs() < 1e-3 {
            // The series around beta = 1, where the closed form is 0 / 0.
            (0.5 + u * (u / 12.0 - 1.0 / 6.0)) as f32
        } else {
            (((1.0 + u) * const_ln(self.beta.value) - u) / (u * u)) as f32
        }
    }
}

impl<M: Math> GradientDecay<M> {
    /// The softmax of `logits` into `probabilities`, both of the same length K >= 1. Independent of beta.
    ///
    /// For beta other than 1 the loss does not calibrate these: see
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

    /// The class probabilities that this loss is consistent with, into `probabilities`; both slices of the same length
    /// K >= 1.
    ///
    /// A head that minimises the loss under true class probabilities pi arrives at a softmax p other than pi (for a
    /// small beta overconfident, for a large one underconfident). The relation inverts in closed form:
    ///
    /// ```text
    /// pi_k = p_k (1 + (beta - 1) p_k) / sum_j p_j (1 + (beta - 1) p_j)
    /// ```
    ///
    /// The order of the classes stays, and at beta = 1 this is the softmax. It removes the bias of the loss, not that
    /// of overfitting. Nothing ties the beta of this call to the beta of training: as a calibrator it may be fitted
    /// on held-out samples like a temperature.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// // Trained at beta = 0.01, softmax says 0.999 where 0.9 was learned.
    /// let logits = [0.0, -(0.001_f32 / 0.999).ln()];
    /// let mut p = [0.0; 2];
    /// GradientDecay::new(0.01).consistent_probabilities(&logits, &mut p)?;
    /// assert!((p[1] - 0.916).abs() < 1e-3);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn consistent_probabilities(&self, logits: &[f32], probabilities: &mut [f32]) -> Result<(), Error> {
        check_logits(logits)?;
        check_length(Slice::Probabilities, logits.len(), probabilities.len())?;
        let (top, others) = softmax::<M>(logits, probabilities);
        let beta = self.beta.value;
        let mut sum = 0.0;
        for (class, p) in probabilities.iter_mut().enumerate() {
            // 1 - p without cancellation: only the top class can be near 1, and there the others' sum is at hand.
            let complement = if class == top { others } else { 1.0 - *p };
            *p *= complement + beta * *p;
            sum += *p;
        }
        for p in probabilities {
            *p = (*p / sum).min(1.0);
        }
        Ok(())
    }

    /// The loss `L >= 0` of one sample: `logits` of length K >= 1, `target` in 0..K.
    ///
    /// Differs from the paper's `J` by the constant ln(beta); see the [module](self). A loss beyond the range of f32,
    /// which takes logits as far apart as 3.4e38, is reported as [`f32::MAX`].
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

    /// The loss and its gradient `q - onehot(target)` with respect to the logits, fused: one `exp` a class.
    ///
    /// `logits` and `gradient` of length K >= 1, `target` in 0..K. Every element of the gradient lies in [-1, 1], and
    /// they sum to 0 within rounding.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), and [`Error::Length`] if the lengths differ; `gradient` is then unchanged.
    pub fn loss_and_gradient(&self, logits: &[f32], target: usize, gradient: &mut [f32]) -> Result<f32, Error> {
        check_logits(logits)?;
        check_target(logits.len(), target)?;
        check_length(Slice::Gradient, logits.len(), gradient.len())?;
        copy(logits, gradient);
        Ok(self.sample(gradient, target).loss)
    }

    /// The loss of one sample and its gradient for a target of any kind: see [`target`](crate::target). `None`, with a gradient
    /// of 0, if the target is ignored.
    ///
    /// `logits` and `gradient` of length K >= 1. No element of the gradient exceeds the sum of the coefficients a.
    ///
    /// # Errors
    /// As [`loss_and_gradient`](Self::loss_and_gradient); and [`Error::Length`] if a distribution or the class weights are not
    /// K long, [`Error::OutOfRange`] if a distribution is none. `gradient` is then unchanged.
    pub fn loss_and_gradient_with(
        &self,
        logits: &[f32],
        target: &Target<'_>,
        options: &TargetOptions<'_>,
        gradient: &mut [f32],
    ) -> Result<Option<f32>, Error> {
        check_logits(logits)?;
        check_length(Slice::Gradient, logits.len(), gradient.len())?;
        let Some(coefficients) = options.coefficients(target, logits.len())? else {
            gradient.fill(0.0);
            return Ok(None);
        };
        Ok(Some(self.sample_with(logits, &coefficients, gradient).loss))
    }

    /// The mean loss over a batch: `logits` are `targets.len()` >= 1 rows of K >= 1 logits, row after row.
    ///
    /// # Errors
    /// As [`loss`](Self::loss), with the index counted over the whole of `logits`; [`Error::Length`] if there is no
    /// target or `logits` is not a whole number of rows (the length given as right is the nearest below that is, at
    /// least one logit a row).
    pub fn batch_loss(&self, logits: &[f32], targets: &[usize]) -> Result<f32, Error> {
        let classes = check_batch(logits, targets)?;
        let rows = logits.chunks_exact(classes).zip(targets);
        Ok(mean(rows.map(|(row, &target)| self.loss_of_checked(row, target)), targets.len()))
    }

    /// The mean loss over a batch, and its gradient with respect to every logit, so each row's divided by the number of
    /// rows. Shapes as in [`batch_loss`](Self::batch_loss), `gradient` as long as `logits`.
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
            let loss = self.sample(gradient, target).loss;
            gradient.iter_mut().for_each(|g| *g *= scale);
            loss
        });
        Ok(mean(losses, count))
    }

    /// Loss and prediction of one sample, and the gradient of the logits in their place. They have been checked: finite, target
    /// in range.
    // Inlined where the number of classes is known when it is compiled, its loops become half as long.
    #[inline(always)]
    pub(crate) fn sample(&self, logits: &mut [f32], target: usize) -> Sample {
        let shift = Shift::take_target(logits, target, self.beta.ln);
        let gradient = logits;
        let rest = kernels::exp_and_sum::<M>(gradient, shift.top_other, shift.maximum);
        let own = M::exp(shift.target());
        let scale = 1.0 / (rest + own);
        for g in gradient.iter_mut() {
            *g *= scale;
        }
        if let Some(g) = gradient.get_mut(target) {
            // q_c - 1 without cancellation, so that the sum over the classes stays 0.
            *g = -rest * scale;
        }

        // Undoing the shift gives softmax(z) from the same exponentials.
        let class = shift.top_class(target);
        let probability = if class == target {
            1.0 / (1.0 + rest * self.beta.value / own)
        } else {
            let q = gradient.get(class).copied().unwrap_or_default();
            q * (rest + own) / (rest + own / self.beta.value)
        };
        // Rounding must not step over 1.
        let probability = if probability > 1.0 { 1.0 } else { probability };
        Sample { loss: shift.loss::<M>(rest, own), class, probability }
    }

    fn loss_of_checked(&self, logits: &[f32], target: usize) -> f32 {
        let shift = Shift::new(logits, target, self.beta.ln);
        let others = logits.iter().enumerate().filter(|(class, _)| *class != target);
        let rest = others.fold(0.0, |sum, (_, z)| sum + M::exp(shift.other(*z)));
        shift.loss::<M>(rest, M::exp(shift.target()))
    }
}

/// What [`GradientDecay::sample`] finds out in one pass.
pub(crate) struct Sample {
    pub(crate) loss: f32,
    /// The class with the largest logit, the first of equal ones.
    pub(crate) class: usize,
    /// Its softmax probability.
    pub(crate) probability: f32,
}

/// The softmax of checked logits. Returns the class of the largest and the sum of the probabilities of all others.
fn softmax<M: Math>(logits: &[f32], probabilities: &mut [f32]) -> (usize, f32) {
    let (top, maximum) = kernels::largest(logits).unwrap_or_default();
    // The top class apart: its exponential is 1, and the sum of the others is kept where adding 1 would round it away.
    for (class, (p, z)) in probabilities.iter_mut().zip(logits).enumerate() {
        *p = if class == top { f32::NEG_INFINITY } else { *z };
    }
    let others = kernels::exp_and_sum::<M>(probabilities, maximum, 0.0);
    let scale = 1.0 / (1.0 + others);
    for p in probabilities.iter_mut() {
        *p *= scale;
    }
    if let Some(p) = probabilities.get_mut(top) {
        *p = scale;
    }
    (top, others * scale)
}

/// A copy of slices of equal length, without the panic that a check of it would end in.
fn copy(from: &[f32], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

fn mean(losses: impl Iterator<Item = f32>, count: usize) -> f32 {
    // Scaled before they are added, so that the sum cannot overflow where the mean does not.
    let scale = 1.0 / count as f32;
    losses.fold(0.0, |sum, loss| sum + loss * scale).min(f32::MAX)
}

fn check_logits(logits: &[f32]) -> Result<(), Error> {
    check_length(Slice::Logits, logits.len().max(1), logits.len())?;
    check_finite(Slice::Logits, logits)
}

pub(crate) fn check_target(classes: usize, target: usize) -> Result<(), Error> {
    if target < classes { Ok(()) } else { Err(Error::Target { target, classes }) }
}

/// The number of classes of a valid batch.
#[inline(always)] // So that it is known not to be 0, of which chunks would panic.
fn check_batch(logits: &[f32], targets: &[usize]) -> Result<usize, Error> {
    let rows = targets.len();
    check_length(Slice::Targets, rows.max(1), rows)?;
    let classes = (logits.len() / rows).max(1);
    check_length(Slice::Logits, classes * rows, logits.len())?;
    check_finite(Slice::Logits, logits)?;
    targets.iter().try_for_each(|&target| check_target(classes, target))?;
    Ok(classes)
}
