//! The kernels in assembly for the FPU of a Cortex-M4F, M7, M33 and their like. With `dsp` and `numeric::sqrt` all that is `unsafe`.
//!
//! The gain over the compiler: it loads numbers one by one, where `vldm` loads eight by one instruction.
//! The operations and their order are those of [`portable`](crate::kernels::portable), so the bits are the same. There is no fused
//! `vfma`, which rounds once where a product and a sum round twice; and no `vmla`, which has the right bits and is one
//! instruction where there are two, but takes three cycles of a Cortex-M4 where these take two.
//!
//! # Safety
//! Each block of assembly reads and writes as many elements as its counts say, from pointers that its caller vouches for; the
//! safe functions take slices, and count in whole rows and blocks of what these hold. It touches no other memory, nor the
//! stack.
#![allow(unsafe_code)]

/// The same instruction for several registers.
macro_rules! each {
    ($instruction:literal; $($operands:literal)*) => { concat!($($instruction, " ", $operands, "\n"),*) };
}

mod diagonal;
mod dot;
mod standardize;
mod triangle;
mod update;

pub(super) use diagonal::{gain, subtract, update_diagonal};
pub(super) use dot::{add_dot_rows, dot_matrix};
pub(super) use standardize::standardize;
pub(super) use triangle::{product, transposed_product, update_product};
pub(super) use update::{update_matrix, update_matrix_with_momentum, update_rows};

use core::arch::asm;

use crate::numeric::kernels::portable;

/// The features that a loop takes at once.
const STRIDE: usize = 8;

/// See [`kernels::all_within`](crate::kernels::all_within).
#[inline]
pub(super) fn all_within(values: &[f32], limit: f32) -> bool {
    // Even rounded, the sum is at least each of the magnitudes, and it is NaN if one value is: it decides all but rare cases.
    sum_of_magnitudes(values) <= limit || portable::all_within(values, limit)
}

/// The sum of the absolute values, in order.
#[inline(never)]
pub(super) fn sum_of_magnitudes(values: &[f32]) -> f32 {
    let (blocks, rest) = values.as_chunks::<STRIDE>();
    let mut sum = 0_u32;
    if !blocks.is_empty() {
        // SAFETY: the loop reads block after block, and there is at least one.
        unsafe {
            asm!(
                "vmov s8, {sum}",
                "2:",
                "vldmia {x}!, {{s0-s7}}",
                "vabs.f32 s0, s0",
                "vabs.f32 s1, s1",
                "vadd.f32 s8, s8, s0",
                "vabs.f32 s2, s2",
                "vadd.f32 s8, s8, s1",
                "vabs.f32 s3, s3",
                "vadd.f32 s8, s8, s2",
                "vabs.f32 s4, s4",
                "vadd.f32 s8, s8, s3",
                "vabs.f32 s5, s5",
                "vadd.f32 s8, s8, s4",
                "vabs.f32 s6, s6",
                "vadd.f32 s8, s8, s5",
                "vabs.f32 s7, s7",
                "vadd.f32 s8, s8, s6",
                "cmp {x}, {x_end}",
                "vadd.f32 s8, s8, s7",
                "bne 2b",
                "vmov {sum}, s8",
                x = inout(reg) blocks.as_ptr() => _,
                x_end = in(reg) blocks.as_ptr_range().end,
                sum = inout(reg) sum,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _,
                options(nostack, readonly),
            );
        }
    }
    rest.iter().fold(f32::from_bits(sum), |sum, x| sum + x.abs())
}
