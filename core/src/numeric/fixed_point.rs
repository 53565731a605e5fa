//! `exp` and `ln` in fixed point, in units of 2^-16.

/// 1.0.
pub(crate) const ONE: i32 = 1 << 16;
/// The largest logit, 16,000.
pub(crate) const LOGIT_MAX: i32 = 16_000 << 16;
/// From this distance on, `exp` is 0 in 16 bits.
const LOWEST: u32 = 16 << 16;

/// e^-distance, both in units of 2^-16; within 4e-5.
pub(crate) fn exp(distance: u32) -> u32 {
    if distance >= LOWEST {
        return 0;
    }
    // Multiplied by log2(e), 1477.32 / 1024, so that the product has 26 fractional bits and does not overflow.
    let octaves = distance * 1477 + ((distance * 327) >> 10);
    let (whole, fraction) = (octaves >> 26, (octaves >> 11) & 0x7fff);
    // 2^-f: a polynomial of degree 4, fitted to a relative error of 3e-6.
    let times = |factor: u32| (fraction * factor) >> 15;
    (65_536 - times(45_421 - times(15_693 - times(3_488 - times(448))))) >> whole
}

/// The natural logarithm of a number >= 1, both in units of 2^-16; within 8e-5.
pub(crate) fn ln(x: u32) -> i32 {
    let whole = 31 - x.max(1).leading_zeros();
    // The fraction of the mantissa, in 15 bits.
    let mantissa = if whole > 15 { x >> (whole - 15) } else { x << (15 - whole) };
    let fraction = mantissa & 0x7fff;
    // log2(1 + f): a polynomial of degree 5, fitted to an error of 1.5e-5. In 64 bits, which is affordable once for each step.
    let f = i64::from(fraction);
    let times = |factor: i64| (f * factor) >> 15;
    let log2 = times(94_501 + times(-46_508 + times(27_368 + times(-12_863 + times(3_040)))));
    let octaves = i64::from(whole as i32 - 16) * i64::from(ONE) + log2;
    // Multiplied by ln 2 in 15 bits.
    ((octaves * 22_713) >> 15) as i32
}

/// The index of the largest value, the first of equal ones.
pub(crate) fn largest(values: &[i32]) -> usize {
    let mut best = (0, i32::MIN);
    for (class, z) in values.iter().enumerate() {
        if *z > best.1 {
            best = (class, *z);
        }
    }
    best.0
}

/// The largest; [`i32::MIN`] if there is none.
pub(crate) fn top(values: &[i32]) -> i32 {
    values.iter().fold(i32::MIN, |top, z| if *z > top { *z } else { top })
}

/// Replaces logits in units of 2^-16, of which one is in use, by their softmax probabilities in units of 2^-15; returns the class with the
/// largest, the first of equal ones.
pub(crate) fn softmax(logits: &mut [i32]) -> usize {
    let class = largest(logits);
    let top = logits.get(class).copied().unwrap_or_default();
    let mut sum = 0_u32;
    for z in logits.iter_mut() {
        *z = exp(top.wrapping_sub(*z).cast_unsigned()).cast_signed();
        sum += z.cast_unsigned();
    }
    let inverse = inverse(sum);
    logits.iter_mut().for_each(|z| *z = share(*z, inverse));
    class
}

/// The factor of [`share`]: at most 2^15, since the largest exponential alone is 2^16.
pub(crate) fn inverse(sum: u32) -> u32 {
    (1_u32 << 31) / sum.max(1)
}

/// The share of an exponential in the sum of all, in units of 2^-15.
pub(crate) fn share(exponential: i32, inverse: u32) -> i32 {
    ((exponential.cast_unsigned() * inverse) >> 16) as i32
}

/// Rounds to the nearest integer and clamps to +-limit.
pub(crate) fn nearest(x: f32, limit: i32) -> i32 {
    // The conversion truncates and saturates.
    ((x + if x < 0.0 { -0.5 } else { 0.5 }) as i32).clamp(-limit, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lengths::steps;

    #[test]
    fn exp_and_ln_are_within_their_stated_error() {
        let mut worst = (0.0_f64, 0.0_f64);
        for distance in (0..LOWEST + 1000).step_by(steps(99_991, 7)) {
            let exact = (-f64::from(distance) / 65_536.0).exp();
            worst.0 = worst.0.max((f64::from(exp(distance)) / 65_536.0 - exact).abs());
        }
        for x in (65_536..8_000_000_u32).step_by(steps(99_991, 97)) {
            let exact = (f64::from(x) / 65_536.0).ln();
            worst.1 = worst.1.max((f64::from(ln(x)) / 65_536.0 - exact).abs());
        }
        assert!(worst.0 <= 4e-5 && worst.1 <= 8e-5, "{worst:?}");
        assert_eq!((exp(0), exp(u32::MAX), ln(65_536)), (65_536, 0, 0));
    }
}
