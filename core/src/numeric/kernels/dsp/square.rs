//! The dot product of two rows of i8 together with that of one of them with itself.
//!
//! # Safety
//! As for the blocks.

use core::arch::asm;

use super::STRIDE;
use crate::numeric::kernels::portable;

/// See [`kernels::dot_and_square_i8`](crate::kernels::dot_and_square_i8).
#[inline(never)]
pub(in crate::numeric::kernels) fn dot_and_square_i8(row: &[i8], x: &[i8]) -> [i32; 2] {
    let ((row, row_rest), (x, x_rest)) = (row.as_chunks(), x.as_chunks());
    let mut sums = if x_rest.is_empty() { [0; 2] } else { portable::dot_and_square_i8(row_rest, x_rest) };
    if !x.is_empty() && row.len() == x.len() {
        // SAFETY: the row has as many blocks as x, one at least.
        unsafe { dot_and_square_blocks(row, x, &mut sums) };
    }
    sums
}

/// Adds the dot product of a row with `x`, and that with itself.
///
/// # Safety
/// The row is as long as `x`, which is not empty.
#[inline]
unsafe fn dot_and_square_blocks(row: &[[i8; STRIDE]], x: &[[i8; STRIDE]], sums: &mut [i32; 2]) {
    let [dot, square] = sums;
    // Two features of each register at a time: 0 and 2, 1 and 3.
    macro_rules! four {
        () => {
            concat!(
                load_features!(),
                "ldr {w}, [{p}], #4\n",
                "sxtb16 {t}, {w}\nsmlad {dot}, {t}, {x0}, {dot}\nsmlad {square}, {t}, {t}, {square}\n",
                "sxtb16 {w}, {w}, ror #8\nsmlad {dot}, {w}, {x1}, {dot}\nsmlad {square}, {w}, {w}, {square}\n",
            )
        };
    }
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            four!(),
            four!(),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) row.as_ptr() => _,
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            dot = inout(reg) *dot,
            square = inout(reg) *square,
            x0 = out(reg) _,
            x1 = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            options(nostack, readonly),
        );
    }
}
