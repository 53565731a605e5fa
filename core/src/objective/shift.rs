//! The numerically critical part of the loss: logits relative to their maximum.

use crate::numeric::math::{Math, ln_1p};

/// The logits of a sample relative to their maximum, with ln(beta) folded into the target before the maximum is taken.
///
/// Differences are taken first, and ln(beta) is added second: added to a large logit itself, it would be rounded away.
#[derive(Clone, Copy)]
pub(crate) struct Shift {
    /// The largest logit except the target's, and the first class that has it.
    pub(crate) top_other: f32,
    top_other_class: usize,
    /// The target's logit without and with ln(beta), relative to `top_other`.
    plain_target: f32,
    target: f32,
    /// `target` if that is positive, since it is then the maximum; otherwise 0.
    pub(crate) maximum: f32,
}

impl Shift {
    /// Of finite logits.
    pub(crate) fn new(logits: &[f32], target: usize, ln_beta: f32) -> Self {
        let own = logits.get(target).copied().unwrap_or_default();
        let others = logits.iter().enumerate().map(|(class, z)| if class == target { &f32::NEG_INFINITY } else { z });
        Self::with_others(others, own, ln_beta)
    }

    /// As [`new`](Self::new), but leaves -inf in the target's place, so that loops over all classes need no exception for it:
    /// its exponential is 0.
    #[inline]
    pub(crate) fn take_target(logits: &mut [f32], target: usize, ln_beta: f32) -> Self {
        let own = logits.get_mut(target).map(|own| core::mem::replace(own, f32::NEG_INFINITY)).unwrap_or_default();
        Self::with_others(logits.iter(), own, ln_beta)
    }

    /// `others` are the logits with -inf in the place of the target.
    #[inline]
    fn with_others<'a>(others: impl Iterator<Item = &'a f32>, own: f32, ln_beta: f32) -> Self {
        let (mut top_other, mut top_other_class) = (f32::NEG_INFINITY, 0);
        for (class, z) in others.enumerate() {
            if *z > top_other {
                (top_other, top_other_class) = (*z, class);
            }
        }
        if top_other == f32::NEG_INFINITY {
            // There is no other class: the target is certain, whatever its logit and beta. 0 keeps differences to it finite.
            return Shift { top_other: 0.0, top_other_class, plain_target: 1.0, target: 1.0, maximum: 1.0 };
        }
        let plain_target = own - top_other;
        let target = plain_target + ln_beta;
        Shift { top_other, top_other_class, plain_target, target, maximum: positive_part(target) }
    }

    /// A logit of another class than the target, or -inf, relative to the maximum: at most 0.
    pub(crate) fn other(self, logit: f32) -> f32 {
        (logit - self.top_other) - self.maximum
    }

    /// The target's shifted logit, relative to the maximum: at most 0.
    pub(crate) fn target(self) -> f32 {
        if self.target > 0.0 { 0.0 } else { self.target }
    }

    /// The class with the largest logit, before ln(beta) is added; the first of equal ones.
    pub(crate) fn top_class(self, target: usize) -> usize {
        if self.plain_target > 0.0 {
            target
        } else if self.plain_target < 0.0 {
            self.top_other_class
        } else {
            target.min(self.top_other_class)
        }
    }

    /// The loss, given the sum of the others' exponentials and the target's.
    pub(crate) fn loss<M: Math>(self, rest: f32, own: f32) -> f32 {
        let loss = if self.target > 0.0 { ln_1p::<M>(rest) } else { M::ln(rest + own) - self.target };
        // An inaccurate ln may be below 0 at 1.
        loss.clamp(0.0, f32::MAX)
    }
}

/// The larger of a number and 0. `f32::max` would also handle NaN, which costs instructions.
#[inline]
fn positive_part(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}
