//! Vectors of channels, and the instructions that they are computed with.

use pulp::NullaryFnOnce;

/// The channels of a vector: those of a register of AVX2.
pub const LANES: usize = 8;

/// A number of each of [`LANES`] channels.
pub type Lanes = [f32; LANES];

/// Does work with AVX2 and fused multiplication and addition where the processor has them. The program is compiled for any
/// x86-64; whatever the work calls must be `#[inline(always)]`, since the instructions are chosen for a whole function.
pub fn vectorized<W: NullaryFnOnce>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(simd, work);
    }
    work.call()
}

/// `a + b`.
#[inline(always)]
pub fn add(mut a: Lanes, b: Lanes) -> Lanes {
    for lane in 0..LANES {
        a[lane] += b[lane];
    }
    a
}

/// `a - b`.
#[inline(always)]
pub fn sub(mut a: Lanes, b: Lanes) -> Lanes {
    for lane in 0..LANES {
        a[lane] -= b[lane];
    }
    a
}

/// `factor * a`.
#[inline(always)]
pub fn scale(factor: f32, mut a: Lanes) -> Lanes {
    for a in &mut a {
        *a *= factor;
    }
    a
}

/// `a + factor * b`, rounded once.
#[inline(always)]
pub fn add_scaled(mut a: Lanes, factor: f32, b: Lanes) -> Lanes {
    for lane in 0..LANES {
        a[lane] = b[lane].mul_add(factor, a[lane]);
    }
    a
}
