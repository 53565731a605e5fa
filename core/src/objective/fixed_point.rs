//! The loss in fixed point: logits and losses in units of 2^-16, gradients in units of 2^-15.

use crate::numeric::fixed_point::{LOGIT_MAX, ONE, exp, inverse, largest, ln, nearest, share, top};
use crate::objective::sample::Sample;

/// A gradient of 1.
pub(crate) const CERTAIN: i32 = 1 << 15;

/// The logarithm of beta in units of 2^-16.
pub(crate) fn from_f32(ln_beta: f32) -> i32 {
    nearest(ln_beta * ONE as f32, LOGIT_MAX)
}

/// As [`GradientDecay::sample`](crate::GradientDecay), for logits in fixed point, [`i32::MIN`] for rows that are not in use, and
/// a logarithm of beta of at most +-16,000.
#[inline]
pub(crate) fn sample(logits: &mut [i32], gradient: &mut [i32], target: usize, ln_beta: i32) -> Sample<i32> {
    let class = largest(logits);
    let mut most = logits.get(class).copied().unwrap_or(i32::MIN);
    let mut own_logit = 0;
    if let Some(own) = logits.get_mut(target) {
        *own = own.saturating_add(ln_beta);
        own_logit = *own;
    }
    // The largest logit changes only if it was the target's, which was lowered.
    most = if class == target && ln_beta < 0 { top(logits) } else { most.max(own_logit) };
    let mut sum = 0_u32;
    for z in logits.iter_mut() {
        // No logit is above the top: a distance beyond i32 still fits in an u32.
        *z = exp(most.wrapping_sub(*z).cast_unsigned()) as i32;
        sum += *z as u32;
    }
    let loss = most.saturating_sub(own_logit).saturating_add(ln(sum));
    let inverse = inverse(sum);
    let mut all = 0;
    for (g, e) in gradient.iter_mut().zip(&*logits) {
        *g = share(*e, inverse);
        all += *g;
    }
    if let Some(g) = gradient.get_mut(target) {
        // The sum over the classes is 0.
        *g = -(all - *g).min(CERTAIN);
    }
    let own = logits.get(target).copied().unwrap_or_default();
    Sample { loss, class, target, rest: sum as i32 - own, own }
}

/// Plain cross-entropy.
pub(crate) fn cross_entropy(logits: &[i32], target: usize) -> i32 {
    let top = top(logits);
    let own = logits.get(target).copied().unwrap_or_default();
    let sum = logits.iter().fold(0_u32, |sum, z| sum + exp(top.wrapping_sub(*z).cast_unsigned()));
    top.saturating_sub(own).saturating_add(ln(sum))
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::GradientDecay;

    #[test]
    fn loss_and_gradient_are_those_of_the_float_loss() {
        for beta in [0.01_f32, 0.1, 1.0, 5.0] {
            for case in 0..50_i32 {
                let z: [f32; 5] = core::array::from_fn(|i| ((case * 37 + i as i32 * 101) % 97) as f32 / 8.0 - 6.0);
                let target = case as usize % 5;
                let mut gradient = [0.0; 5];
                let loss = GradientDecay::new(beta).loss_and_gradient(&z, target, &mut gradient).unwrap();
                let mut values = z.map(|z| nearest(z * 65_536.0, i32::MAX));
                if beta == 1.0 {
                    let plain = cross_entropy(&values, target) as f32 / 65_536.0;
                    assert!((plain - loss).abs() < 5e-4, "plain {plain} for {loss}");
                }
                let mut found = [0; 5];
                let sample = sample(&mut values, &mut found, target, from_f32(beta.ln()));
                let found_loss = sample.loss as f32 / 65_536.0;
                assert!((found_loss - loss).abs() < 5e-4, "loss {found_loss} for {loss}");
                for (g, exact) in found.iter().zip(gradient) {
                    assert!((*g as f32 / 32_768.0 - exact).abs() < 5e-4, "{g} for {exact}");
                }
                assert_eq!(found.iter().sum::<i32>(), 0);
            }
        }
    }
}
