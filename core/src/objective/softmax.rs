//! Softmax with the top class apart, so that no probability next to 1 hides what is left.

use crate::numeric::kernels;
use crate::numeric::math::Math;

/// The softmax of checked logits. Returns the class of the largest and the sum of the probabilities of all others.
pub(crate) fn softmax<M: Math>(logits: &[f32], probabilities: &mut [f32]) -> (usize, f32) {
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
pub(crate) fn copy(from: &[f32], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
