//! The numerical heart of the loss: exponentials relative to their maximum.

use crate::math::{Math, ln_1p};

/// The logits of a sample relative to their maximum, with ln(beta) folded into the target before the maximum is taken.
///
/// Differences come first and ln(beta) second: added to a large logit itself it would be rounded away.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    /// The largest logit but the target's; -inf if there is none.
    top_other: f32,
    /// The target's logit plus ln(beta), relative to `top_other`.
    target: f32,
}

impl Shift {
    pub(super) fn new(logits: &[f32], target: usize, ln_beta: f32) -> Self {
        let others = logits.iter().enumerate().filter(|(class, _)| *class != target);
        let top_other = others.fold(f32::NEG_INFINITY, |top, (_, z)| if *z > top { *z } else { top });
        let own = logits.get(target).copied().unwrap_or_default();
        Shift { top_other, target: (own - top_other) + ln_beta }
    }

    /// The exponential of the logit of a class other than the target, relative to the maximum: in [0, 1].
    pub(super) fn exp_of_other<M: Math>(self, logit: f32) -> f32 {
        let relative = logit - self.top_other;
        M::exp(if self.target > 0.0 { relative - self.target } else { relative })
    }

    /// The exponential of the target's shifted logit, relative to the maximum: in [0, 1].
    pub(super) fn exp_of_target<M: Math>(self) -> f32 {
        if self.target > 0.0 { 1.0 } else { M::exp(self.target) }
    }

    /// The loss, given the sum of the others' exponentials and the target's.
    pub(super) fn loss<M: Math>(self, rest: f32, own: f32) -> f32 {
        let loss = if self.target > 0.0 { ln_1p::<M>(rest) } else { M::ln(rest + own) - self.target };
        // A coarse ln may be below 0 at 1.
        loss.clamp(0.0, f32::MAX)
    }
}
