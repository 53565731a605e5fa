//! The loss of a target that is more than a class: the sum of the losses of the classes, each with its coefficient.

use super::{GradientDecay, Sample, copy, softmax};
use crate::math::{Math, ln_1p};
use crate::target::Coefficients;

impl<M: Math> GradientDecay<M> {
    /// As [`sample`](Self::sample), for any target, and not in place.
    pub(crate) fn sample_with(&self, logits: &[f32], coefficients: &Coefficients<'_>, gradient: &mut [f32]) -> Sample {
        if let Some((class, weight)) = coefficients.one_class() {
            copy(logits, gradient);
            let sample = self.sample(gradient, class);
            gradient.iter_mut().for_each(|g| *g *= weight);
            return Sample { loss: (sample.loss * weight).min(f32::MAX), ..sample };
        }
        let (top, others) = softmax::<M>(logits, gradient);
        let beta = self.beta.value;
        let (maximum, p_top) = (at(logits, top), at(gradient, top));
        let ln_p_top = -ln_1p::<M>(others / p_top);
        // 1 - p and D of a class, without cancellation: only the top class can be near 1, and there the others' sum is at
        // hand.
        let terms = |class: usize, p: f32| {
            let complement = if class == top { others } else { 1.0 - p };
            (complement, complement + beta * p)
        };
        let (mut loss, mut sum_of_others) = (0.0, 0.0);
        for (class, (p, z)) in gradient.iter().zip(logits).enumerate() {
            let a = coefficients.of(class);
            if a > 0.0 {
                let (complement, d) = terms(class, *p);
                let odds = complement / (beta * p);
                loss += a * if odds < 1e30 {
                    ln_1p::<M>(odds)
                } else {
                    // The probability vanishes, but its logarithm does not.
                    M::ln(d) - ((z - maximum) + ln_p_top) - self.beta.ln
                };
                if class != top {
                    sum_of_others += a / d;
                }
            }
        }
        let a_top = coefficients.of(top);
        let (_, d_top) = terms(top, p_top);
        for (class, g) in gradient.iter_mut().enumerate() {
            let (p, a) = (*g, coefficients.of(class));
            let (complement, d) = terms(class, p);
            // The top class apart, whose D may be next to 0: p / D is at most 1 where 1 / D is not in range.
            let pull = if class == top { p * sum_of_others } else { a_top * (p / d_top) + p * (sum_of_others - a / d) };
            *g = pull - a * (complement / d);
        }
        Sample { loss: loss.clamp(0.0, f32::MAX), class: top, probability: p_top }
    }
}

fn at(values: &[f32], index: usize) -> f32 {
    values.get(index).copied().unwrap_or_default()
}
