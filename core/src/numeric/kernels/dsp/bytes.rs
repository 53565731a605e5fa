//! The dot products of i8 with i8. See the [folder](super) for what makes them safe.

use core::arch::asm;

use super::{ROWS, STRIDE, rows_together};
use crate::numeric::kernels::portable;

/// See [`kernels::add_dot_rows_i8`](crate::kernels::add_dot_rows_i8).
#[inline]
pub(in crate::numeric::kernels) fn add_dot_rows_i8<const N: usize>(rows: &[[i8; N]], x: &[i8; N], sums: &mut [i32]) {
    let count = sums.len().min(rows.len());
    dot_matrix_i8(rows.as_flattened(), x, sums.get_mut(..count).unwrap_or_default());
}

/// One function for all shapes.
#[inline(never)]
fn dot_matrix_i8(matrix: &[i8], x: &[i8], sums: &mut [i32]) {
    let (n, rest) = (x.len(), x.len() % STRIDE);
    // In 64 bits the product cannot overflow.
    if (matrix.len() as u64) < sums.len() as u64 * n as u64 {
        return;
    }
    let (whole, _) = x.as_chunks::<STRIDE>();
    if !whole.is_empty() {
        let mut row = matrix.as_ptr();
        let (threes, ones) = rows_together(sums);
        for sums in threes {
            // SAFETY: there is a row as long as x for each sum.
            row = unsafe { dot_three_i8(row, n, whole, sums).add(rest) };
        }
        for sum in ones {
            // SAFETY: as above.
            row = unsafe { dot_one_i8(row, whole, sum).add(rest) };
        }
    }
    if rest > 0 {
        portable::add_dots_from(matrix, x, n - rest, sums);
    }
}

/// Four features into two registers of two each: 0 and 2, 1 and 3.
macro_rules! load_features {
    () => {
        "ldr {x1}, [{x}], #4\nsxtb16 {x0}, {x1}\nsxtb16 {x1}, {x1}, ror #8\n"
    };
}

/// Adds the products of four weights with these to a sum.
macro_rules! add_bytes {
    ($load:literal $sum:literal) => {
        concat!(
            $load,
            "\nsxtb16 {t}, {w}\nsmlad {",
            $sum,
            "}, {t}, {x0}, {",
            $sum,
            "}\n",
            "sxtb16 {w}, {w}, ror #8\nsmlad {",
            $sum,
            "}, {w}, {x1}, {",
            $sum,
            "}\n",
        )
    };
}

/// Adds the dot products of three rows, `n` apart, but for what is behind the blocks of `x`. Returns where they end in the last row.
///
/// # Safety
/// The rows are as long as `x`, which is not empty, and `n` is no smaller.
#[inline]
unsafe fn dot_three_i8(rows: *const i8, n: usize, x: &[[i8; STRIDE]], sums: &mut [i32; ROWS]) -> *const i8 {
    let [a, b, c] = sums;
    let end: *const i8;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            load_features!(),
            add_bytes!("ldr {w}, [{p}, {n}]" "b"),
            add_bytes!("ldr {w}, [{p}, {n}, lsl #1]" "c"),
            add_bytes!("ldr {w}, [{p}], #4" "a"),
            load_features!(),
            add_bytes!("ldr {w}, [{p}, {n}]" "b"),
            add_bytes!("ldr {w}, [{p}, {n}, lsl #1]" "c"),
            add_bytes!("ldr {w}, [{p}], #4" "a"),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) rows => end,
            n = in(reg) n,
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            a = inout(reg) *a,
            b = inout(reg) *b,
            c = inout(reg) *c,
            x0 = out(reg) _,
            x1 = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            options(nostack, readonly),
        );
        end.add(2 * n)
    }
}

/// Adds the dot product of a row, but for what is behind the blocks of `x`. Returns where they end in it.
///
/// # Safety
/// The row is as long as `x`, which is not empty.
#[inline]
unsafe fn dot_one_i8(row: *const i8, x: &[[i8; STRIDE]], sum: &mut i32) -> *const i8 {
    let end;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            load_features!(),
            add_bytes!("ldr {w}, [{p}], #4" "a"),
            load_features!(),
            add_bytes!("ldr {w}, [{p}], #4" "a"),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) row => end,
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            a = inout(reg) *sum,
            x0 = out(reg) _,
            x1 = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            options(nostack, readonly),
        );
    }
    end
}
