//! Registers of channels, and the instructions that they are computed with.

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Arch, Simd, WithSimd};

/// Does work with the widest registers that the processor has, and fused multiplication and addition: AVX-512, AVX2, NEON, or none of them.
/// The program is compiled for any processor of its architecture; whatever the work calls must be `#[inline(always)]`, since the
/// instructions are chosen for a whole function.
pub fn vectorized<W: WithSimd>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

/// Arithmetic with factors that are the same for all channels.
pub trait Scale: Simd {
    /// `factor * a`.
    #[inline(always)]
    fn scale(self, factor: f32, a: Self::f32s) -> Self::f32s {
        self.mul_f32s(self.splat_f32s(factor), a)
    }

    /// `a + factor * b`, rounded once.
    #[inline(always)]
    fn add_scaled(self, a: Self::f32s, factor: f32, b: Self::f32s) -> Self::f32s {
        self.mul_add_f32s(self.splat_f32s(factor), b, a)
    }
}

impl<S: Simd> Scale for S {}

/// The registers of a slice, whose length is a multiple of theirs.
#[inline(always)]
pub fn registers<S: Simd>(numbers: &[f32]) -> &[S::f32s] {
    S::as_simd_f32s(numbers).0
}

/// The same, to be written.
#[inline(always)]
pub fn registers_mut<S: Simd>(numbers: &mut [f32]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(numbers).0
}

/// The numbers of a register, one of each channel.
#[inline(always)]
pub fn lanes<S: Simd>(register: &S::f32s) -> &[f32] {
    cast_slice(std::slice::from_ref(register))
}

/// The same, to be written.
#[inline(always)]
pub fn lanes_mut<S: Simd>(register: &mut S::f32s) -> &mut [f32] {
    cast_slice_mut(std::slice::from_mut(register))
}
