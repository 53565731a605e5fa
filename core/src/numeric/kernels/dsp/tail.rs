//! Rows whose length is no multiple of a block: what is behind their last block costs as much as a block does.
//!
//! # Safety
//! As for the blocks. Rows of i16 are read by whole blocks, which reach into the row before or behind, whose weights meet features that are zero;
//! none reaches before the first row or behind the last.

use core::arch::asm;

use super::{ROWS, SMALL, STRIDE, in_words, widen};
use crate::numeric::kernels::portable;

/// Adds the products of the features behind the last block, of which there are some, for all rows: there is one as long as `x` for each sum.
pub(super) fn add_i8(matrix: &[i8], x: &[i8], sums: &mut [i32]) {
    let (n, rest, ends) = (x.len(), x.len() % STRIDE, sums.as_mut_ptr_range());
    let (Some(last), false) = (x.last_chunk::<STRIDE>(), sums.is_empty()) else {
        return portable::add_dots_from(matrix, x, n - rest, sums);
    };
    // Those that the blocks have had are zero.
    let last = u64::from_le_bytes(last.map(i8::cast_unsigned)) & (u64::MAX << (8 * (STRIDE - rest)));
    // SAFETY: the matrix has these rows, whose last eight elements are read.
    unsafe {
        asm!(
            "sxtb16 {x0}, {x1}",
            "sxtb16 {x1}, {x1}, ror #8",
            "sxtb16 {x2}, {x3}",
            "sxtb16 {x3}, {x3}, ror #8",
            "2:",
            "ldr {v}, [{p}, #4]",
            "ldr {w}, [{p}]",
            "add {p}, {p}, {n}",
            "ldr {sum}, [{sums}]",
            "sxtb16 {t}, {w}",
            "smlad {sum}, {t}, {x0}, {sum}",
            "sxtb16 {w}, {w}, ror #8",
            "smlad {sum}, {w}, {x1}, {sum}",
            "sxtb16 {t}, {v}",
            "smlad {sum}, {t}, {x2}, {sum}",
            "sxtb16 {v}, {v}, ror #8",
            "smlad {sum}, {v}, {x3}, {sum}",
            "str {sum}, [{sums}], #4",
            "cmp {sums}, {sums_end}",
            "bne 2b",
            p = inout(reg) matrix.as_ptr().add(n - STRIDE) => _,
            n = in(reg) n,
            sums = inout(reg) ends.start => _,
            sums_end = in(reg) ends.end,
            x0 = out(reg) _,
            x1 = inout(reg) last as u32 => _,
            x2 = out(reg) _,
            x3 = inout(reg) (last >> 32) as u32 => _,
            sum = out(reg) _,
            v = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            options(nostack),
        );
    }
}

/// Four features into two registers: of whole words, or from any address.
macro_rules! load_four {
    (aligned) => {
        "ldrd {x0}, {x1}, [{x}], #8\n"
    };
    (any) => {
        "ldr {x0}, [{x}], #4\nldr {x1}, [{x}], #4\n"
    };
}

/// A function that adds the dot products of several rows, `distance` apart, with the features from `x` to `x_end`, to sums that are `step`
/// apart. The assembly finds the rows behind the first itself: their addresses would be spilled before it.
macro_rules! dots {
    ($name:ident $features:ident: $first:ident $($sum:ident $index:literal $row:ident)* $(, $next:ident behind $before:ident)*) => {
        /// # Safety
        /// There are whole blocks of features, one at least, from `x` on; from each of the rows on, which begin at multiples of 4, as many weights;
        /// and a sum for each.
        #[inline]
        unsafe fn $name(rows: *const i16, distance: usize, x: *const i16, x_end: *const i16, sums: *mut i32, step: usize) {
            // SAFETY: the caller's.
            unsafe {
                $(let mut $sum = sums.add($index * step).read();)*
                asm!(
                    $(concat!("add {", stringify!($next), "}, {", stringify!($before), "}, {w}"),)*
                    // Two blocks by turns, beginning with the second if their number is odd.
                    "sub {w}, {x_end}, {x}",
                    "lsls {w}, {w}, #27",
                    "bmi 3f",
                    "2:",
                    load_four!($features),
                    $(dots!(of $row $sum),)*
                    load_four!($features),
                    $(dots!(of $row $sum),)*
                    "3:",
                    load_four!($features),
                    $(dots!(of $row $sum),)*
                    load_four!($features),
                    $(dots!(of $row $sum),)*
                    "cmp {x}, {x_end}",
                    "bne 2b",
                    $first = inout(reg) rows => _,
                    $($next = out(reg) _,)*
                    x = inout(reg) x => _,
                    x_end = in(reg) x_end,
                    $($sum = inout(reg) $sum,)*
                    x0 = out(reg) _,
                    x1 = out(reg) _,
                    w = inout(reg) 2 * distance => _,
                    t = out(reg) _,
                    options(nostack, readonly),
                );
                $(sums.add($index * step).write($sum);)*
            }
        }
    };
    (of $row:ident $sum:ident) => {
        concat!(
            "ldrd {w}, {t}, [{", stringify!($row), "}], #8\n",
            "smlad {", stringify!($sum), "}, {w}, {x0}, {", stringify!($sum), "}\n",
            "smlad {", stringify!($sum), "}, {t}, {x1}, {", stringify!($sum), "}\n",
        )
    };
}

dots!(three aligned: p a 0 p b 1 q c 2 r, q behind p, r behind q);
dots!(two aligned: p a 0 p b 1 q, q behind p);
dots!(one aligned: p a 0 p);
dots!(three_within any: p a 0 p b 1 q c 2 r, q behind p, r behind q);
dots!(two_within any: p a 0 p b 1 q, q behind p);
dots!(one_within any: p a 0 p);

/// Adds the dot products of `count` rows that begin alike, of every row or of every second, by `step`: with a word, or within one.
///
/// # Safety
/// As for the functions above, of each of these rows.
#[inline]
unsafe fn dot_rows<const WITHIN: bool>(
    count: usize,
    rows: *const i16,
    distance: usize,
    x: *const i16,
    x_end: *const i16,
    sums: *mut i32,
    step: usize,
) {
    let (mut left, mut row, mut sum) = (count, rows, sums);
    // SAFETY: the caller's.
    unsafe {
        while left >= ROWS && !SMALL {
            let dot = if WITHIN { three_within } else { three };
            dot(row, distance, x, x_end, sum, step);
            (left, row, sum) = (left - ROWS, row.add(ROWS * distance), sum.add(ROWS * step));
        }
        if left == 2 && !SMALL {
            let dot = if WITHIN { two_within } else { two };
            return dot(row, distance, x, x_end, sum, step);
        }
        while left > 0 {
            let dot = if WITHIN { one_within } else { one };
            dot(row, distance, x, x_end, sum, step);
            (left, row, sum) = (left - 1, row.add(distance), sum.add(step));
        }
    }
}

/// Adds the dot products of rows whose length is no multiple of a block.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16 and two blocks of them.
#[inline(never)]
pub(super) unsafe fn dot_matrix_i16(matrix: &[i16], x: &[i8], wide: *mut i16, sums: &mut [i32]) {
    let (n, count, (blocks, rest)) = (x.len(), sums.len(), x.as_chunks::<STRIDE>());
    // Rows of odd length begin within a word every second time, and end with one.
    let odd = n % 2;
    let (step, even) = (1 + odd, n - odd);
    // The last row is not read beyond its end, but from before its beginning on.
    let alone = odd == 0 || count % 2 == 1;
    let (Some(last), true, false) = (x.last_chunk::<STRIDE>(), in_words(matrix, x, sums), alone && count <= 1) else {
        return portable::add_dots_from(matrix, x, 0, sums);
    };
    let (together, missing) = (count - usize::from(alone), STRIDE - rest.len());
    let last = u64::from_le_bytes(last.map(i8::cast_unsigned)) >> (8 * missing);
    // SAFETY: the caller's, and what is said of the rows above.
    unsafe {
        wide.cast::<[i16; STRIDE]>().write([0; STRIDE]);
        let features = wide.add(STRIDE);
        let end = widen(blocks, features).cast_mut();
        let end = widen(&[last.to_le_bytes().map(u8::cast_signed)], end);
        let (features, row, sum) = (features.cast_const(), matrix.as_ptr(), sums.as_mut_ptr());
        dot_rows::<false>(together.div_ceil(step), row, step * n, features, end, sum, step);
        if odd == 1 {
            let (row, features, end) = (row.add(n).sub(missing), features.sub(missing), end.sub(missing));
            dot_rows::<true>(together / 2, row, step * n, features, end, sum.add(1), step);
        }
        if alone {
            let (row, sum, before) = (row.add(together * n), sum.add(together), even.next_multiple_of(STRIDE) - even);
            one(row.sub(before), n, features.sub(before), features.add(even), sum, step);
            if odd == 1 {
                *sum = sum.read().wrapping_add(i32::from(row.add(even).read()) * i32::from(features.add(even).read()));
            }
        }
    }
}
