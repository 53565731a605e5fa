//! The score of a prediction against its label.

use core::borrow::Borrow;

use crate::heads::number::Number;
use crate::numeric::math::Math;

/// The figures of one prediction that calibration counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Whether the most probable class, the first of equal ones, was the target.
    pub(crate) right: bool,
    /// The probability of the most probable class.
    pub(crate) confidence: f32,
    /// The probability of the target.
    pub(crate) p_target: f32,
    /// The squared distance of the probabilities from the one-hot target.
    pub(crate) brier: f32,
}

impl Score {
    /// The score of probabilities, at least one, with the target among them.
    #[inline]
    pub(crate) fn of(probabilities: impl Iterator<Item: Borrow<f32>>, target: usize) -> Self {
        let (mut top, mut confidence, mut p_target, mut brier) = (0, -1.0, 0.0, 0.0);
        for (class, p) in probabilities.enumerate() {
            let p = *p.borrow();
            if p > confidence {
                (top, confidence) = (class, p);
            }
            let error = if class == target { 1.0 - p } else { p };
            brier += error * error;
            if class == target {
                p_target = p;
            }
        }
        Score { right: top == target, confidence, p_target, brier }
    }

    /// The score of logits at a temperature.
    pub(crate) fn of_logits<N: Number, M: Math>(logits: &[N], temperature: f32, target: usize) -> Self {
        Self::of_distances::<M>(distances(logits), temperature, target)
    }

    /// Of the [`distances`] of logits, of which the top one's is 0, at a temperature.
    pub(crate) fn of_distances<M: Math>(distances: impl Iterator<Item = f32>, temperature: f32, target: usize) -> Self {
        let (mut class, mut sum, mut squares, mut own) = (usize::MAX, 0.0, 0.0, 0.0);
        for (k, distance) in distances.enumerate() {
            let e = M::exp(distance / temperature);
            sum += e;
            squares += e * e;
            own = if k == target { e } else { own };
            class = if distance == 0.0 { class.min(k) } else { class };
        }
        let (p_target, scale) = (own / sum, 1.0 / sum);
        let brier = squares * scale * scale - 2.0 * p_target + 1.0;
        let brier = if brier > 0.0 { brier } else { 0.0 };
        Score { right: class == target, confidence: scale, p_target, brier }
    }
}

/// How far each logit is above the largest, in nats: at most 0.
pub fn distances<N: Number>(logits: &[N]) -> impl Iterator<Item = f32> {
    let top = N::top(logits);
    logits.iter().map(move |z| z.above(top))
}

/// The probability of the most probable class by the [`distances`] of logits of which one at least is in use.
pub fn confidence<M: Math>(distances: impl Iterator<Item = f32>, temperature: f32) -> f32 {
    1.0 / distances.fold(0.0, |sum, distance| sum + M::exp(distance / temperature))
}
