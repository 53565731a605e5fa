//! Stacking: the weights of two heads' logits, learned from what both said of each sample before it was learned.
//!
//! Stacking combines models by another one that is fitted to predictions for samples that they had not seen (Wolpert, 1992). A device gets such
//! predictions for nothing: those before each label. The logits are `z = a z_1 + b z_2`; the weights `w = (a, b)` follow the cross-entropy of `z` by
//! Newton's step on each label `y`,
//!
//! `w <- w + t H^-1 (u_y - u)`, `H <- 0.98 H + 0.02 H_0 + t sum_k p_k (u_k - u)(u_k - u)^T`,
//!
//! where `u_k` are the two logits of class `k`, `p = softmax(z)`, `u` the mean of `u_k` under `p`, and `H_0` four times the identity. `H` forgets, so that the
//! weights follow heads that become better. The trust `t = p_y / (p_y + 0.02)` is near 1 unless both heads call the label all but impossible: it is
//! then more likely wrong. Without it one wrong label in ten makes all probabilities too small, by some 18 points.

use crate::heads::number::Number;
use crate::numeric::math::Math;

/// The weights before the first label.
const FIRST: [f32; 2] = [1.0, 0.5];
/// The curvature that they start from, of each.
const PRIOR: f32 = 4.0;
/// The share of the curvature that remains after each label.
const KEEP: f32 = 0.98;
/// The probability at which a label is half trusted.
const DOUBT: f32 = 0.02;
/// The range of the first weight, above 0 so that its logits can be told from the sum, and of the second.
const RANGES: [(f32, f32); 2] = [(1.0 / 16.0, 16.0), (0.0, 16.0)];

/// The two weights and what is known of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Stacking {
    /// The weights `a` and `b`.
    pub(crate) weights: [f32; 2],
    /// The curvature `H`: of `a`, of both, of `b`.
    pub(crate) curvature: [f32; 3],
}

impl Stacking {
    /// The weights before the first label.
    pub(crate) const NEW: Self = Stacking { weights: FIRST, curvature: [PRIOR, 0.0, PRIOR] };

    /// Whether these can be weights that learned, so that a step from them is finite.
    pub(crate) fn is_sound(&self) -> bool {
        let [aa, ab, bb] = self.curvature;
        let within = self.weights.iter().zip(RANGES).all(|(weight, (low, high))| (low..=high).contains(weight));
        let determinant = determinant(self.curvature);
        within && aa > 0.0 && bb > 0.0 && determinant > 0.0 && (determinant + ab.abs()).is_finite()
    }

    /// Learns from the `sums` `z`, the `second` logits `z_2`, and the class that was right, whose sum must be finite. Classes whose sum is minus
    /// infinity take no part.
    pub(crate) fn learn<M: Math>(&mut self, sums: &[f32], second: &[f32], class: usize) {
        let [a, b] = self.weights;
        let both = |z: f32, second: f32| [(z - b * second) / a, second];
        let Some((z, near)) = sums.get(class).zip(second.get(class)) else { return };
        let (right, largest) = (both(*z, *near), f32::top(sums));
        let (mut sum, mut means, mut squares) = (0.0, [0.0; 2], [0.0; 3]);
        for (z, second) in sums.iter().zip(second).filter(|(z, _)| **z > f32::NONE) {
            let p = M::exp(*z - largest);
            // Differences from the right class, so that large logits do not cancel.
            let [x, y] = both(*z, *second);
            let (x, y) = (x - right[0], y - right[1]);
            sum += p;
            means = [means[0] + p * x, means[1] + p * y];
            squares = [squares[0] + p * x * x, squares[1] + p * x * y, squares[2] + p * y * y];
        }
        let own = M::exp(*z - largest) / sum;
        let trust = own / (own + DOUBT);
        let [x, y] = means.map(|mean| mean / sum);
        let [xx, xy, yy] = squares.map(|square| square / sum);
        let spread = [(xx - x * x).max(0.0), xy - x * y, (yy - y * y).max(0.0)];
        let mut curvature = self.curvature;
        for ((own, first), new) in curvature.iter_mut().zip(Self::NEW.curvature).zip(spread) {
            *own = KEEP * *own + (1.0 - KEEP) * first + trust * new;
        }
        let ([aa, ab, bb], share) = (curvature, trust / determinant(curvature));
        let mut weights = [a + share * (ab * y - bb * x), b + share * (ab * x - aa * y)];
        for (weight, (low, high)) in weights.iter_mut().zip(RANGES) {
            // `clamp` would leave a path to a panic, for a range that is empty.
            *weight = if *weight < low {
                low
            } else if *weight > high {
                high
            } else {
                *weight
            };
        }
        let learned = Stacking { weights, curvature };
        // If a square overflowed, or rounding left nothing of the determinant, this label teaches the weights nothing.
        if learned.is_sound() {
            *self = learned;
        }
    }
}

const fn determinant([aa, ab, bb]: [f32; 3]) -> f32 {
    aa * bb - ab * ab
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::numeric::math::Libm;
    use crate::numeric::random::Random;

    /// The weights after `labels` labels of 3 classes, where the first logits are `scales[0]`, the second `scales[1]` times those that labels are drawn by,
    /// and one label in `wrong` is drawn without them.
    fn after(labels: u32, scales: [f32; 2], wrong: u32) -> [f32; 2] {
        let (mut stacking, mut random) = (Stacking::NEW, Random::new(7));
        let mut uniform = || (random.below(1 << 20) as f32 + 0.5) / (1 << 20) as f32;
        for label in 1..=labels {
            let truth: [[f32; 3]; 2] = core::array::from_fn(|_| core::array::from_fn(|_| 6.0 * uniform() - 3.0));
            // The largest logit with Gumbel's noise is a draw from the softmax.
            let noisy: [f32; 3] =
                core::array::from_fn(|k| truth[0][k] + truth[1][k] - libm::logf(-libm::logf(uniform())));
            let mut class = (0..3).max_by(|a, b| noisy[*a].total_cmp(&noisy[*b])).unwrap();
            if label % wrong == 0 {
                class = (uniform() * 3.0) as usize;
            }
            let logits = [0, 1].map(|head| truth[head].map(|z| z / scales[head]));
            let [a, b] = stacking.weights;
            let sums: [f32; 3] = core::array::from_fn(|k| a * logits[0][k] + b * logits[1][k]);
            stacking.learn::<Libm>(&sums, &logits[1], class);
            assert!(stacking.is_sound());
        }
        stacking.weights
    }

    #[test]
    fn the_weights_come_to_what_the_labels_were_drawn_by() {
        for scales in [[1.0, 1.0], [0.5, 2.0], [3.0, 0.25]] {
            for (weight, scale) in after(3000, scales, u32::MAX).into_iter().zip(scales) {
                assert!((weight / scale - 1.0).abs() < 0.35, "{weight} for {scale}");
            }
        }
        // The second says nothing: its logits are a millionth of what they would have to be, and noise beside the first.
        let [first, _] = after(3000, [1.0, 1e6], u32::MAX);
        assert!((first - 0.7).abs() < 0.35, "{first}");
    }

    #[test]
    fn wrong_labels_do_not_ruin_the_weights() {
        let [a, b] = after(3000, [1.0, 1.0], 10);
        assert!(a > 0.5 && b > 0.5, "{a}, {b}");
    }

    #[test]
    fn whatever_the_logits_the_weights_stay_sound() {
        let extremes = [f32::MAX, f32::MIN, 1e30, -1e30, 1e-40, 0.0];
        for x in extremes {
            for y in extremes {
                let mut stacking = Stacking::NEW;
                for class in [0, 1, 5] {
                    stacking.learn::<Libm>(&[x, y, f32::NONE], &[y, x, f32::NAN], class);
                    assert!(stacking.is_sound(), "{stacking:?} by {x}, {y}");
                }
            }
        }
    }
}
