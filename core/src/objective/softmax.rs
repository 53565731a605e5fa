//! Softmax with the top class treated apart, so that the sum of the other probabilities stays accurate when the top one is near 1.

use crate::numeric::kernels;
use crate::numeric::math::Math;

/// The softmax of checked logits. Returns the class of the largest and the sum of the probabilities of all others.
pub(crate) fn softmax<M: Math>(logits: &[f32], probabilities: &mut [f32]) -> (usize, f32) {
    let (top, maximum) = kernels::largest(logits).unwrap_or_default();
    // The top class is treated apart: its exponential is 1, and adding that would round the sum of the others away.
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

/// Copies between slices of equal length, without the panic path of `copy_from_slice`.
pub(crate) fn copy(from: &[f32], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
