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

mod diagonal;
mod standardize;
mod triangle;
mod update;

pub(super) use diagonal::{gain, subtract, update_diagonal};
pub(super) use standardize::standardize;
pub(super) use triangle::{product, transposed_product, update_product};
pub(super) use update::{update_matrix, update_matrix_with_momentum, update_rows};

use core::arch::asm;

use crate::numeric::kernels::portable;

/// The rows whose dot products share the load of a feature. Four lanes of three rows, eight features and eight weights take 28
/// of the 32 registers; with a fourth row, more rows would be left over, at the sizes that heads have.
const DOT_ROWS: usize = 3;
/// The features that a loop takes at once.
const STRIDE: usize = 8;

/// See [`kernels::add_dot_rows`](crate::kernels::add_dot_rows).
#[inline]
pub(super) fn add_dot_rows<const N: usize>(rows: &[[f32; N]], x: &[f32; N], sums: &mut [f32]) {
    let count = sums.len().min(rows.len());
    dot_matrix(rows.as_flattened(), x, sums.get_mut(..count).unwrap_or_default());
}

/// See [`kernels::add_dot_matrix`](crate::kernels::add_dot_matrix): one function for all shapes.
#[inline(never)]
pub(super) fn dot_matrix(matrix: &[f32], x: &[f32], sums: &mut [f32]) {
    let (rows, n) = (sums.len(), x.len());
    // In 64 bits the product cannot overflow.
    if (matrix.len() as u64) < rows as u64 * n as u64 {
        return;
    }
    // Rows that end with a broken block go one by one.
    let blocks = if n % STRIDE == 0 && n > 0 { rows / DOT_ROWS } else { 0 };
    let mut row = matrix.as_ptr();
    let (block_sums, single_sums) = sums.split_at_mut_checked(blocks * DOT_ROWS).unwrap_or_default();
    if blocks > 0 {
        // SAFETY: the matrix has rows * n elements, so at least that many rows, and there are as many sums.
        row = unsafe { dot_blocks(row, x, blocks, block_sums.as_mut_ptr()) };
    }
    let (whole, rest) = x.as_chunks::<STRIDE>();
    for sum in single_sums {
        let mut lanes = [0.0; 4];
        if !whole.is_empty() {
            // SAFETY: one row is left for each sum, as long as x.
            row = unsafe { dot_lanes(row, whole, &mut lanes) };
        }
        for (lane, x) in rest.iter().enumerate() {
            // SAFETY: as above.
            let product = unsafe { row.read() } * x;
            // SAFETY: at most the end of the matrix.
            row = unsafe { row.add(1) };
            if let Some(lane) = lanes.get_mut(lane % 4) {
                *lane += product;
            }
        }
        let [l0, l1, l2, l3] = lanes;
        *sum += (l0 + l2) + (l1 + l3);
    }
}

/// Loads eight weights of a row, and adds their products with the features in s16 to s23 to the row's lanes.
macro_rules! multiply_and_add {
    ($row:literal, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {",
            $row,
            "}!, {{s24-s31}}\n",
            "vmul.f32 s24, s24, s16\n",
            "vmul.f32 s25, s25, s17\n",
            "vmul.f32 s26, s26, s18\n",
            "vmul.f32 s27, s27, s19\n",
            "vmul.f32 s28, s28, s20\n",
            "vmul.f32 s29, s29, s21\n",
            "vmul.f32 s30, s30, s22\n",
            "vmul.f32 s31, s31, s23\n",
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s24\n",
            "vadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s25\n",
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s26\n",
            "vadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s27\n",
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s28\n",
            "vadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s29\n",
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s30\n",
            "vadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s31\n",
        )
    };
}

/// Adds the dot products of three rows times `blocks`, at least 1, with `x`, whose length is a multiple of 8 above 0. Returns
/// what is behind the rows.
///
/// # Safety
/// There are that many rows of the length of `x`, one behind the other, and that many sums.
#[inline]
unsafe fn dot_blocks(rows: *const f32, x: &[f32], blocks: usize, sums: *mut f32) -> *const f32 {
    let rows_end;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "add {row_1}, {row_0}, {bytes}",
            "add {row_2}, {row_1}, {bytes}",
            "movs {x}, #0",
            "vmov d0, {x}, {x}",
            "vmov d1, {x}, {x}",
            "vmov d2, {x}, {x}",
            "vmov d3, {x}, {x}",
            "vmov d4, {x}, {x}",
            "vmov d5, {x}, {x}",
            "sub {x}, {x_end}, {bytes}",
            "3:",
            "vldmia {x}!, {{s16-s23}}",
            multiply_and_add!("row_0", "s0", "s1", "s2", "s3"),
            multiply_and_add!("row_1", "s4", "s5", "s6", "s7"),
            multiply_and_add!("row_2", "s8", "s9", "s10", "s11"),
            "cmp {x}, {x_end}",
            "bne 3b",
            "vadd.f32 s0, s0, s2",
            "vadd.f32 s1, s1, s3",
            "vadd.f32 s4, s4, s6",
            "vadd.f32 s5, s5, s7",
            "vadd.f32 s8, s8, s10",
            "vadd.f32 s9, s9, s11",
            "vldmia {sums}, {{s16-s18}}",
            "vadd.f32 s0, s0, s1",
            "vadd.f32 s4, s4, s5",
            "vadd.f32 s8, s8, s9",
            "vadd.f32 s16, s16, s0",
            "vadd.f32 s17, s17, s4",
            "vadd.f32 s18, s18, s8",
            "vstmia {sums}!, {{s16-s18}}",
            "mov {row_0}, {row_2}",
            "subs {blocks}, {blocks}, #1",
            "bne 2b",
            row_0 = inout(reg) rows => rows_end,
            row_1 = out(reg) _,
            row_2 = out(reg) _,
            x = out(reg) _,
            x_end = in(reg) x.as_ptr_range().end,
            bytes = in(reg) size_of_val(x),
            blocks = inout(reg) blocks => _,
            sums = inout(reg) sums => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(nostack),
        );
    }
    rows_end
}

/// The lanes of one row as long as `x`, which has at least one block. Returns what is behind it.
///
/// # Safety
/// The row is as long as `x`.
#[inline]
unsafe fn dot_lanes(row: *const f32, x: &[[f32; STRIDE]], lanes: &mut [f32; 4]) -> *const f32 {
    let row_end;
    // SAFETY: the caller's, and all four lanes are written.
    unsafe {
        asm!(
            "vmov d0, {zero}, {zero}",
            "vmov d1, {zero}, {zero}",
            "2:",
            "vldmia {x}!, {{s16-s23}}",
            multiply_and_add!("row", "s0", "s1", "s2", "s3"),
            "cmp {x}, {x_end}",
            "bne 2b",
            "vstmia {lanes}, {{s0-s3}}",
            zero = in(reg) 0,
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            row = inout(reg) row => row_end,
            lanes = in(reg) lanes.as_mut_ptr(),
            out("d0") _, out("d1") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(nostack),
        );
    }
    row_end
}

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
