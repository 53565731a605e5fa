//! The backends of `exp`, `ln` and `sqrt`.
//!
//! The caller picks one by the type parameter of [`LinearHead`](crate::LinearHead) or
//! [`GradientDecay`](crate::GradientDecay); the default is [`Libm`]. Any zero-sized type can implement [`Math`], so
//! that a device's own hardware functions can serve.

pub use crate::numeric::exp::exp;

/// The functions that `core` does not have.
///
/// Implementations are zero-sized markers: no value of the type is ever stored.
pub trait Math: Copy {
    /// e^x for x in [-inf, 0], the only arguments that softmax has. The result must lie in [0, 1], with 0 for -inf and 1
    /// for 0. For other x it may be anything.
    fn exp(x: f32) -> f32;
    /// The natural logarithm of a positive, finite x.
    fn ln(x: f32) -> f32;
    /// The square root of a non-negative x.
    fn sqrt(x: f32) -> f32;
}

/// The default: an [`exp`](fn@exp) of this crate's own, and `ln` and `sqrt` of the `libm` crate, a port of musl's functions
/// to pure Rust. The same bits on every target.
///
/// At most 0.989 ulp of error in `exp` and 0.996 in `ln`, seen over every number of their domains; `sqrt` is correctly rounded. A call of
/// `exp` takes at most 36 instructions on a Cortex-M4F, where libm's takes 75: `cargo xtask footprint` counts both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Libm;

#[cfg(feature = "libm")]
impl Math for Libm {
    #[inline]
    fn exp(x: f32) -> f32 {
        exp(x)
    }

    fn ln(x: f32) -> f32 {
        libm::logf(x)
    }

    fn sqrt(x: f32) -> f32 {
        // Both are correctly rounded; the FPU's is one instruction.
        #[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
        return crate::numeric::sqrt::sqrt(x);
        #[cfg(not(all(feature = "asm", target_arch = "arm", target_abi = "eabihf")))]
        return libm::sqrtf(x);
    }
}

/// The `micromath` crate: visibly less accurate.
///
/// Tested bounds: `exp` on [-20, 0] within a relative error of 2.5e-3, `ln` on (0, 1) within an absolute error of 0.12,
/// `sqrt` within a relative error of 4e-6 for normal numbers, by two steps of Newton's on micromath's guess.
/// So probabilities are good to two or three digits, and a *loss* may be off by 0.12: use it to learn, not to report
/// the loss. It is not cheaper here either: a call of `exp` takes up to 96 instructions on a Cortex-M4F, [`Libm`]'s takes 36, and a
/// whole trainer under `opt-level = "s"` is smaller by less than 1 %. It is for programs that use micromath anyway.
#[cfg(feature = "micromath")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Micromath;

#[cfg(feature = "micromath")]
impl Math for Micromath {
    fn exp(x: f32) -> f32 {
        // micromath scales by writing the exponent field, which cannot represent numbers below the smallest normal
        // one.
        if x < -87.0 { 0.0 } else { micromath::F32(x).exp().0 }
    }

    fn ln(x: f32) -> f32 {
        // Method syntax on an f32 would silently pick std's function where std is linked.
        micromath::F32(x).ln().0
    }

    fn sqrt(x: f32) -> f32 {
        if x <= 0.0 {
            return 0.0;
        }
        // micromath's guess is up to 6 % off; each step of Newton's squares the relative error and halves it.
        let guess = micromath::F32(x).sqrt().0;
        let guess = 0.5 * (guess + x / guess);
        0.5 * (guess + x / guess)
    }
}

/// `ln(1 + 2^-k)` for k from 1 on, in units of 2^-56.
const LOGARITHMS: [u64; 20] = [
    0x67_cc8f_b2fe_6130,
    0x39_1fef_8f35_3443,
    0x1e_2707_6e2a_f2e6,
    0xf_8518_6008_b153,
    0x7_e0a6_c39e_0cc0,
    0x3_f815_161f_807c,
    0x1_fe02_a6b1_0679,
    0xff80_5515_885e,
    0x7fe0_0aa6_ac44,
    0x3ff8_0155_1562,
    0x1ffe_002a_a6ab,
    0xfff_8005_5515,
    0x7ff_e000_aaa7,
    0x3ff_f800_1555,
    0x1ff_fe00_02ab,
    0xff_ff80_0055,
    0x7f_ffe0_000b,
    0x3f_fff8_0001,
    0x1f_fffe_0000,
    0xf_ffff_8000,
];

/// `-ln(y)` for y in [1/2, 1), given in units of 2^-64, in those of 2^-56.
///
/// y is multiplied by each `1 + 2^-k` with which it stays below 1, by a shift and an addition, which leaves 1 - r with r below 2^-20:
/// `-ln(1 - r) = r + r^2 / 2`, and r^3 / 3 is less than a unit. The last bit is set for whatever is lost, so that no tie is rounded to even.
const fn minus_ln(y: u64) -> i64 {
    let (mut y, mut sum, mut k) = (y, 0, 0);
    while k < LOGARITHMS.len() {
        let logarithm = LOGARITHMS[k];
        k += 1;
        if let Some(product) = y.checked_add(y >> k) {
            (y, sum) = (product, sum + logarithm);
        }
    }
    let r = y.wrapping_neg();
    let square = (r >> 12) * (r >> 12);
    ((sum + (r >> 8) + (square >> 49)) | 1) as i64
}

/// The natural logarithm of a positive, finite f32 in units of 2^-56, usable in a const. Its error is at most 1e-15 of it and 2^-54.
///
/// In integers: f64, which is software on most cores, would take ten times the flash in a program that sets beta.
pub(crate) const fn fixed_ln(x: f32) -> i64 {
    /// In this way the logarithm of 1 is exactly 0.
    const LN_2: i64 = minus_ln(1 << 63);
    let bits = x.to_bits();
    // x = y 2^exponent, and y has its first bit.
    let (mut y, mut exponent) = ((bits << 8) | (1 << 31), (bits >> 23) as i32 - 126);
    if exponent == -126 {
        // Subnormal.
        let zeros = bits.leading_zeros();
        (y, exponent) = (bits << zeros, -117 - zeros as i32);
    }
    exponent as i64 * LN_2 - minus_ln((y as u64) << 32)
}

/// 1 in the units of [`fixed_ln`].
pub(crate) const LN_UNIT: f32 = (1_u64 << 56) as f32;

/// The natural logarithm of a positive, finite f32, rounded to the nearest f32.
pub(crate) const fn const_ln(x: f32) -> f32 {
    // A division by a power of two is exact.
    fixed_ln(x) as f32 / LN_UNIT
}

/// ln(1 + x) for x >= 0, accurate even where 1 + x is rounded.
pub(crate) fn ln_1p<M: Math>(x: f32) -> f32 {
    let sum = 1.0 + x;
    let rounded = sum - 1.0;
    if rounded == 0.0 {
        x
    } else {
        // Rounding 1 + x changes the argument by the factor x / rounded, and near 1 the logarithm is linear in it.
        M::ln(sum) * (x / rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(any(feature = "libm", feature = "micromath"))]
    use crate::lengths::steps;

    #[test]
    #[cfg_attr(miri, ignore = "Miri's own logarithm is made inexact on purpose")]
    fn const_ln_is_the_logarithm_rounded_once() {
        for i in 0..2_000_000_u32 {
            let x = f32::from_bits(1 + i * 1069);
            assert_eq!(const_ln(x), f64::from(x).ln() as f32, "ln({x:e})");
            let (found, exact) = (fixed_ln(x) as f64 / f64::from(LN_UNIT), f64::from(x).ln());
            assert!((found - exact).abs() <= 1e-15 * exact.abs() + 2_f64.powi(-54), "ln({x:e})");
        }
        const { assert!(const_ln(1.0) == 0.0) };
    }

    #[cfg(feature = "libm")]
    #[test]
    fn libm_is_within_one_ulp() {
        let ulps = |found: f32, exact: f64| {
            let nearest = exact as f32;
            let spacing = if nearest == 0.0 { f32::from_bits(1) } else { nearest.abs().next_up() - nearest.abs() };
            (f64::from(found) - exact).abs() / f64::from(spacing)
        };
        // Two million of each, over all magnitudes; above 104 the exponential is 0.
        for i in (0..2_000_000_u32).step_by(steps(9973, 1)) {
            let x = -f32::from_bits(i * 561);
            if x >= -104.0 {
                assert!(ulps(Libm::exp(x), f64::from(x).exp()) <= 1.0, "exp({x})");
            }
            let y = f32::from_bits(1 + i * 1069);
            assert!(ulps(Libm::ln(y), f64::from(y).ln()) <= 1.0, "ln({y})");
        }
        assert_eq!((Libm::exp(0.0), Libm::exp(f32::NEG_INFINITY), Libm::ln(1.0)), (1.0, 0.0, 0.0));
    }

    #[cfg(feature = "libm")]
    #[test]
    fn ln_1p_keeps_what_rounding_loses() {
        for x in [0.0, 1e-45, 1e-20, 1e-9, 3e-8, 1e-7, 1e-4, 0.3, 1.0, 7.0, 1e3, 1e9, 3e38_f32] {
            let exact = f64::from(x).ln_1p();
            assert!((f64::from(ln_1p::<Libm>(x)) - exact).abs() <= 4e-7 * exact, "ln_1p({x})");
        }
    }

    #[cfg(feature = "micromath")]
    #[test]
    fn micromath_is_within_its_stated_error() {
        for i in (0..=200_000_u32).step_by(steps(997, 1)) {
            let x = -20.0 * i as f32 / 200_000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(Micromath::exp(x)) / exact - 1.0).abs() <= 2.5e-3, "exp({x})");
            let p = (i + 1) as f32 / 200_002.0;
            assert!((f64::from(Micromath::ln(p)) - f64::from(p).ln()).abs() <= 0.12, "ln({p})");
        }
        // All magnitudes of normal numbers.
        for i in (0..200_000_u32).step_by(steps(997, 1)) {
            let x = f32::from_bits(f32::MIN_POSITIVE.to_bits() + i * 10_600);
            let exact = f64::from(x).sqrt();
            assert!((f64::from(Micromath::sqrt(x)) / exact - 1.0).abs() <= 4e-6, "sqrt({x:e})");
        }
        assert_eq!((Micromath::sqrt(0.0), Micromath::sqrt(-0.0)), (0.0, 0.0));
        assert_eq!((Micromath::exp(0.0), Micromath::exp(f32::NEG_INFINITY)), (1.0, 0.0));
        assert_eq!(Micromath::exp(-3e38), 0.0);
    }
}
