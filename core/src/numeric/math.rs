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

/// The natural logarithm of a positive, finite f32, in f64, usable in a const.
///
/// `x = m 2^e` with m in [0.70, 1.42) and `ln m = 2 artanh((m - 1) / (m + 1))`, a series in at most 0.0295 of which
/// twelve terms leave a relative error below 1e-15. Slow where f64 is done in software: settings call it, steps do not.
pub(crate) const fn const_ln(x: f32) -> f64 {
    const SQRT_2: f64 = core::f64::consts::SQRT_2;
    let bits = (x as f64).to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut series = 0.0;
    let mut term = 12;
    while term > 0 {
        term -= 1;
        series = series * square + 1.0 / (2 * term + 1) as f64;
    }
    2.0 * s * series + exponent as f64 * core::f64::consts::LN_2
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
    fn const_ln_is_the_logarithm() {
        for i in 0..2000_u32 {
            let x = f32::from_bits(1 + i * 1_060_000);
            let exact = f64::from(x).ln();
            assert!((const_ln(x) - exact).abs() <= 1e-15 * exact.abs().max(1e-3), "ln({x})");
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
