//! Stacking: the weights of two heads' logits, learned from what both said of each sample before it was learned.
//!
//! Wolpert (1992) combines models by another one, fitted on predictions for samples that they had not seen. A device has such predictions for
//! nothing: those before each label. The logits are `z = a z_1 + b z_2`; the weights `a` and `b` follow the cross-entropy of `z` by an online
//! Newton step (Hazan, Agarwal and Kale, 2007) with the exact curvature, `H <- 0.98 H + 0.02 H_0 + sum_k p_k (u_k - u)(u_k - u)^T`, where `u_k` are
//! the two logits of class `k` and `u` their mean under `p`, and `w <- w + H^-1 (u_y - u)`. Because the curvature forgets, the weights follow
//! heads that become better.

use crate::heads::number::Number;
use crate::numeric::math::Math;

/// The weights before the first label.
const FIRST: [f32; 2] = [1.0, 0.5];
/// The curvature that they start from, of each.
const PRIOR: f32 = 4.0;
/// The share of the curvature that remains after each label.
const KEEP: f32 = 0.98;
/// The range of the first weight, above 0 so that its logits can be told from the sum, and of the second.
const RANGES: [(f32, f32); 2] = [(1.0 / 16.0, 16.0), (0.0, 16.0)];

/// The two weights and what is known of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Stacking {
    /// The weights `a` and `b`.
    pub(crate) weights: [f32; 2],
    /// The curvature: of `a`, of both, of `b`.
    pub(crate) curvature: [f32; 3],
}

impl Stacking {
    /// The weights before the first label.
    pub(crate) const NEW: Self = Stacking { weights: FIRST, curvature: [PRIOR, 0.0, PRIOR] };

    /// Whether a checkpoint's numbers can be those of weights that learned.
    pub(crate) fn is_sound(&self) -> bool {
        let [aa, ab, bb] = self.curvature;
        let within = self.weights.iter().zip(RANGES).all(|(weight, (low, high))| (low..=high).contains(weight));
        within && aa > 0.0 && bb > 0.0 && determinant(self.curvature) > 0.0 && (aa + bb + ab.abs()).is_finite()
    }

    /// Learns from the `sums` of both logits and those of the `second` head, and the class that was right, whose sum must be finite. Classes whose
    /// sum is minus infinity take no part.
    pub(crate) fn learn<M: Math>(&mut self, sums: &[f32], second: &[f32], class: usize) {
        let [a, b] = self.weights;
        let both = |(z, second): (&f32, &f32)| [(*z - b * second) / a, *second];
        let Some(right) = sums.get(class).zip(second.get(class)).map(both) else { return };
        let largest = f32::top(sums);
        let (mut sum, mut means, mut squares) = (0.0, [0.0; 2], [0.0; 3]);
        for pair in sums.iter().zip(second).filter(|(z, _)| **z > f32::NONE) {
            let p = M::exp(*pair.0 - largest);
            // Differences from the right class, so that large logits do not cancel.
            let [x, y] = both(pair);
            let (x, y) = (x - right[0], y - right[1]);
            sum += p;
            means = [means[0] + p * x, means[1] + p * y];
            squares = [squares[0] + p * x * x, squares[1] + p * x * y, squares[2] + p * y * y];
        }
        let [x, y] = means.map(|mean| mean / sum);
        let [xx, xy, yy] = squares.map(|square| square / sum);
        let spread = [(xx - x * x).max(0.0), xy - x * y, (yy - y * y).max(0.0)];
        let mut curvature = self.curvature;
        for ((own, first), new) in curvature.iter_mut().zip(Self::NEW.curvature).zip(spread) {
            *own = KEEP * *own + (1.0 - KEEP) * first + new;
        }
        let ([aa, ab, bb], determinant) = (curvature, determinant(curvature));
        let mut weights = [a + (ab * y - bb * x) / determinant, b + (ab * x - aa * y) / determinant];
        for (weight, (low, high)) in weights.iter_mut().zip(RANGES) {
            *weight = weight.clamp(low, high);
        }
        let learned = Stacking { weights, curvature };
        // If a square overflowed, or nothing is left of the determinant, this label teaches the weights nothing.
        if learned.is_sound() {
            *self = learned;
        }
    }
}

const fn determinant([aa, ab, bb]: [f32; 3]) -> f32 {
    aa * bb - ab * ab
}
