//! The exponential of non-positive numbers, all that softmax needs.

/// 2^23 times 1.5. Adding it to a small number rounds that to an integer, which is then in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts: the product of the first part and an 8-bit integer is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// The exponent of the result times 2^64. With that factor the result is never subnormal before the last rounding.
const EXPONENT: u32 = (127 + 64) << 23;
const UNDO: f32 = 1.0 / 18_446_744_073_709_551_616.0;

/// e^x for x in [-inf, 0]; in [0, 1], exactly 1 for 0 and exactly 0 below -104.
///
/// `x = n ln 2 + r` with n an integer and |r| at most 0.35, `e^r = 1 + r + r^2 q(r)` (Cody and Waite, 1980). The polynomial q, of
/// degree 4, is a minimax fit with a largest relative error of e^r of 3.1e-9. The error is at most 0.99 ulp, subnormal results
/// included. For x > 0 the result is meaningless.
///
/// ```
/// use gradient_decay::math::exp;
///
/// assert_eq!((exp(0.0), exp(-1.0), exp(-200.0)), (1.0, 0.367_879_45, 0.0));
/// ```
#[inline]
pub fn exp(x: f32) -> f32 {
    // Below -104 the result is 0. x is not NaN, so one comparison is enough.
    let x = if x < -104.0 { -104.0 } else { x };
    let shifted = x * core::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let q = 0.001_381_458_1_f32;
    let q = q * r + 0.008_368_725;
    let q = q * r + 0.041_668_39;
    let q = q * r + 0.166_665_2;
    let q = q * r + 0.499_999_94;
    let power = 1.0 + (r + q * (r * r));
    // Of the bits of `shifted` only those of n remain.
    power * f32::from_bits((shifted.to_bits() << 23).wrapping_add(EXPONENT)) * UNDO
}
