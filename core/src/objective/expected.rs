//! The loss of a target that is more than one class: the sum of the losses of the classes, each with its coefficient.

use crate::error::{Error, Slice, check_length, check_logits};
use crate::numeric::math::{Math, ln_1p};
use crate::objective::loss::GradientDecay;
use crate::objective::sample::Sample;
use crate::objective::softmax::{copy, softmax};
use crate::objective::target::{Coefficients, Target, TargetOptions};

impl<M: Math> GradientDecay<M> {
    /// The loss of one sample for a target of any kind, and its gradient with respect to the logits: see [`target`](crate::target). `None`,
    /// with a gradient of 0, if the target is ignored.
    ///
    /// `logits` and `gradient` have the length K >= 1. No element of the gradient exceeds the sum of the coefficients `a_k` in magnitude.
    ///
    /// # Errors
    /// As [`loss_and_gradient`](Self::loss_and_gradient); and [`Error::Length`] if a distribution or the class weights are not
    /// K long, [`Error::OutOfRange`] if the target is not a valid distribution. `gradient` is then unchanged.
    pub fn loss_and_gradient_with(
        &self,
        logits: &[f32],
        target: &Target<'_>,
        options: &TargetOptions<'_>,
        gradient: &mut [f32],
    ) -> Result<Option<f32>, Error> {
        check_logits(logits)?;
        check_length(Slice::Gradient, logits.len(), gradient.len())?;
        let Some(coefficients) = options.coefficients(target, logits.len())? else {
            gradient.fill(0.0);
            return Ok(None);
        };
        if let Some((class, weight)) = coefficients.one_class() {
            copy(logits, gradient);
            let loss = self.sample_in_place(gradient, class).loss;
            return Ok(Some(weighted(loss, gradient, weight)));
        }
        let pass = self.expect(logits, &coefficients, gradient);
        self.pull(&pass, &coefficients, gradient);
        Ok(Some(pass.loss))
    }

    /// As [`sample`](Self::sample), for any target that has been checked. The logits are replaced by the exponentials if the target is one
    /// class, by the probabilities if it is more than one.
    pub(crate) fn sample_with(
        &self,
        logits: &mut [f32],
        coefficients: &Coefficients<'_>,
        gradient: &mut [f32],
    ) -> Sample<f32> {
        if let Some((class, weight)) = coefficients.one_class() {
            let sample = self.sample(logits, gradient, class);
            return Sample { loss: weighted(sample.loss, gradient, weight), ..sample };
        }
        let pass = self.expect(logits, coefficients, gradient);
        copy(gradient, logits);
        self.pull(&pass, coefficients, gradient);
        Sample { loss: pass.loss, class: pass.top, target: usize::MAX, rest: 1.0, own: 0.0 }
    }

    /// Replaces the logits by the probabilities; loss and gradient are 0.
    pub(crate) fn probabilities_in_place(&self, logits: &mut [f32], gradient: &mut [f32]) -> Sample<f32> {
        let (class, _) = softmax::<M>(logits, gradient);
        copy(gradient, logits);
        gradient.fill(0.0);
        Sample { loss: 0.0, class, target: usize::MAX, rest: 1.0, own: 0.0 }
    }

    /// The first pass: the probabilities of the logits, and the loss.
    fn expect(&self, logits: &[f32], coefficients: &Coefficients<'_>, probabilities: &mut [f32]) -> Pass {
        let (top, others) = softmax::<M>(logits, probabilities);
        let beta = self.beta();
        let (maximum, p_top) = (at(logits, top), at(probabilities, top));
        let ln_p_top = -ln_1p::<M>(others / p_top);
        let mut pass = Pass { loss: 0.0, top, others, sum_of_others: 0.0 };
        let mut loss = 0.0;
        for (class, (p, z)) in probabilities.iter().zip(logits).enumerate() {
            let a = coefficients.of(class);
            if a > 0.0 {
                let (complement, d) = pass.terms(beta, class, *p);
                let odds = complement / (beta * p);
                loss += a * if odds < 1e30 {
                    ln_1p::<M>(odds)
                } else {
                    // The probability underflows to 0, but its logarithm is finite.
                    M::ln(d) - ((z - maximum) + ln_p_top) - self.ln_beta()
                };
                if class != top {
                    pass.sum_of_others += a / d;
                }
            }
        }
        pass.loss = loss.clamp(0.0, f32::MAX);
        pass
    }

    /// The second pass: replaces the probabilities by the gradient.
    fn pull(&self, pass: &Pass, coefficients: &Coefficients<'_>, probabilities: &mut [f32]) {
        let (top, beta) = (pass.top, self.beta());
        let a_top = coefficients.of(top);
        let (_, d_top) = pass.terms(beta, top, at(probabilities, top));
        for (class, g) in probabilities.iter_mut().enumerate() {
            let (p, a) = (*g, coefficients.of(class));
            let (complement, d) = pass.terms(beta, class, p);
            // The top class is treated apart, since its D may be near 0: p / D is at most 1 even where 1 / D overflows.
            let pull = if class == top {
                p * pass.sum_of_others
            } else {
                a_top * (p / d_top) + p * (pass.sum_of_others - a / d)
            };
            *g = pull - a * (complement / d);
        }
    }
}

/// The results of the first pass.
struct Pass {
    loss: f32,
    /// The most probable class, and the sum of the probabilities of all others.
    top: usize,
    others: f32,
    /// The sum of a / D over all classes but the top.
    sum_of_others: f32,
}

impl Pass {
    /// 1 - p and D of a class, without cancellation: only the top class can be near 1, and for it the sum of the others is known.
    fn terms(&self, beta: f32, class: usize, p: f32) -> (f32, f32) {
        let complement = if class == self.top { self.others } else { 1.0 - p };
        (complement, complement + beta * p)
    }
}

/// The loss and the gradient of a class with a weight.
fn weighted(loss: f32, gradient: &mut [f32], weight: f32) -> f32 {
    gradient.iter_mut().for_each(|g| *g *= weight);
    (loss * weight).min(f32::MAX)
}

fn at(values: &[f32], index: usize) -> f32 {
    values.get(index).copied().unwrap_or_default()
}
