//! The class probabilities that a loss with a beta other than 1 is consistent with.

use crate::error::{Error, Slice, check_length, check_logits};
use crate::numeric::math::Math;
use crate::objective::loss::GradientDecay;
use crate::objective::softmax::softmax;

impl<M: Math> GradientDecay<M> {
    /// Writes the class probabilities that this loss is consistent with, in [0, 1] and with the sum 1, to `probabilities`; both slices have
    /// the same length K >= 1.
    ///
    /// A head that minimises the loss under true class probabilities pi arrives at a softmax p other than pi (for a
    /// small beta overconfident, for a large one underconfident). The relation inverts in closed form:
    ///
    /// ```text
    /// pi_k = p_k (1 + (beta - 1) p_k) / sum_j p_j (1 + (beta - 1) p_j)
    /// ```
    ///
    /// The order of the classes stays, except that rounding may tie or swap classes whose results differ by less than 1e-6 of themselves.
    /// At beta = 1 this is the softmax. It removes the bias of the loss, not that of overfitting. The beta of this call need not be the beta of
    /// training: as a calibrator it may be fitted on held-out samples like a temperature.
    ///
    /// # Errors
    /// As [`probabilities`](Self::probabilities).
    ///
    /// ```
    /// use gradient_decay::GradientDecay;
    ///
    /// // Trained at beta = 0.01, the softmax is 0.999 where the true probability is 0.9.
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
        let beta = self.beta();
        let mut sum = 0.0;
        for (class, p) in probabilities.iter_mut().enumerate() {
            // 1 - p without cancellation: only the top class can be near 1, and for it the sum of the others is known.
            let complement = if class == top { others } else { 1.0 - *p };
            *p *= complement + beta * *p;
            sum += *p;
        }
        for p in probabilities {
            *p = (*p / sum).min(1.0);
        }
        Ok(())
    }
}
