//! The types of a logit.

use crate::heads::prediction::Prediction;
use crate::numeric::fixed_point::{self, ONE};
use crate::numeric::kernels;
use crate::numeric::math::Math;
use crate::objective::loss::GradientDecay;
use crate::objective::{Beta, fixed_point as loss};

/// A logit: f32, or i32 in units of 2^-16 where there is no FPU.
pub trait Number: Copy + Default + PartialEq {
    /// The logit of a row that is not in use: its exponential is 0.
    const NONE: Self;

    /// The logit as a float.
    fn to_f32(self) -> f32;

    /// The largest logit; [`NONE`](Self::NONE) if the slice is empty.
    fn top(logits: &[Self]) -> Self;

    /// The difference `self - other` in nats; at most 0 if `other` is the top logit. Exact even where both would round to the same f32.
    fn above(self, other: Self) -> f32;

    /// The most probable class, and its probability at a temperature. At least one logit must be in use. Afterwards `logits` may hold
    /// anything.
    fn predict<M: Math>(logits: &mut [Self], temperature: f32) -> Prediction;

    /// The plain cross-entropy of the logits and a target in use, in nats.
    fn cross_entropy<M: Math>(logits: &[Self], target: usize) -> f32;
}

impl Number for f32 {
    const NONE: f32 = f32::NEG_INFINITY;

    #[inline]
    fn to_f32(self) -> f32 {
        self
    }

    fn top(logits: &[f32]) -> f32 {
        kernels::largest(logits).map_or(Self::NONE, |(_, top)| top)
    }

    #[inline]
    fn above(self, other: f32) -> f32 {
        self - other
    }

    #[inline]
    fn predict<M: Math>(logits: &mut [f32], temperature: f32) -> Prediction {
        let (class, top) = kernels::largest(logits).unwrap_or_default();
        let sum = if temperature == 1.0 {
            kernels::exp_and_sum::<M>(logits, top, 0.0)
        } else {
            logits.iter_mut().for_each(|z| *z = (*z - top) / temperature);
            kernels::exp_and_sum::<M>(logits, 0.0, 0.0)
        };
        Prediction { class, probability: 1.0 / sum }
    }

    fn cross_entropy<M: Math>(logits: &[f32], target: usize) -> f32 {
        GradientDecay::<M>::from_beta(Beta::ONE).loss_of_checked(logits, target)
    }
}

impl Number for i32 {
    const NONE: i32 = i32::MIN;

    #[inline]
    fn to_f32(self) -> f32 {
        if self == Self::NONE { f32::NONE } else { self as f32 / ONE as f32 }
    }

    fn top(logits: &[i32]) -> i32 {
        fixed_point::top(logits)
    }

    fn above(self, other: i32) -> f32 {
        if self == Self::NONE { f32::NONE } else { (i64::from(self) - i64::from(other)) as f32 / ONE as f32 }
    }

    fn predict<M: Math>(logits: &mut [i32], temperature: f32) -> Prediction {
        let class = fixed_point::largest(logits);
        let top = logits.get(class).copied().unwrap_or_default();
        let sum = if temperature == 1.0 {
            logits.iter().fold(0, |sum, z| sum + fixed_point::exp(top.wrapping_sub(*z).cast_unsigned()))
        } else {
            // Only 1/T needs floating point, once for each call, in units of 2^-16. Subtract first: logits that are multiplied could saturate.
            let sharpness = i64::from(fixed_point::nearest(ONE as f32 / temperature, i32::MAX));
            logits.iter().fold(0, |sum, z| {
                let distance = ((i64::from(top) - i64::from(*z)) * sharpness) >> 16;
                sum + fixed_point::exp(u32::try_from(distance).unwrap_or(u32::MAX))
            })
        };
        Prediction { class, probability: ONE as f32 / sum as f32 }
    }

    fn cross_entropy<M: Math>(logits: &[i32], target: usize) -> f32 {
        loss::cross_entropy(logits, target).to_f32()
    }
}
