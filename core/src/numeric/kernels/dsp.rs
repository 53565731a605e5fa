//! The kernels over integers in assembly for the DSP extension of a Cortex-M4, M7 and their like: `smlad` adds two products of 16 bits to a
//! sum of 32, modulo 2^32, so that the bits are those of [`portable`](crate::kernels::portable) in any order.
//!
//! # Safety
//! Each block of assembly reads as many elements as its counts say, from pointers that its caller vouches for; the safe functions
//! take slices, and count in whole rows and blocks of what these hold. `ldr` takes any address, as in what the compiler makes
//! of these targets; `ldrd` takes whole words, which is checked. Blocks write the room that they are lent, or
//! the rows of a slice that is theirs. None touches the stack.
#![allow(unsafe_code)]

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::numeric::kernels::{SMALL, portable};
use crate::numeric::random::Random;

mod tail;
mod update;

pub(super) use square::dot_and_square_i8;

/// The rows whose dot products share the load of a feature: the registers hold no more.
const ROWS: usize = 3;
/// The features that a loop takes at once.
const STRIDE: usize = 8;
/// The most features whose number is known only at run time that are taken in assembly: 1 kB of the stack.
const WIDEST: usize = 512;

/// See [`kernels::add_dot_rows_i8`](crate::kernels::add_dot_rows_i8).
#[inline]
pub(super) fn add_dot_rows_i8<const N: usize>(rows: &[[i8; N]], x: &[i8; N], sums: &mut [i32]) {
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
        tail::add_i8(matrix, x, sums);
    }
}

/// The sums of rows that go together, and those of the others.
#[inline]
fn rows_together(sums: &mut [i32]) -> (&mut [[i32; ROWS]], &mut [i32]) {
    if SMALL { (&mut [], sums) } else { sums.as_chunks_mut() }
}

/// Four features into two registers of two each: 0 and 2, 1 and 3.
macro_rules! load_features {
    () => {
        "ldr {x1}, [{x}], #4\nsxtb16 {x0}, {x1}\nsxtb16 {x1}, {x1}, ror #8\n"
    };
}

// After the macro, which it uses.
mod square;

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

/// Room for features of 16 bits, in whole words, and for a block of zeros on either side.
#[repr(C, align(4))]
struct Wide<const N: usize>(MaybeUninit<Padded<N>>);

#[repr(C)]
struct Padded<const N: usize>([i16; STRIDE], [i16; N], [i16; STRIDE]);

/// See [`kernels::add_dot_rows_i16`](crate::kernels::add_dot_rows_i16).
#[inline]
pub(super) fn add_dot_rows_i16<const COUNT: usize, const N: usize>(
    rows: &[[i16; N]; COUNT],
    x: &[i8; N],
    sums: &mut [i32; COUNT],
    add: impl Fn(i32, i32) -> i32,
) {
    let (mut dots, mut wide) = ([0; COUNT], Wide::<N>(MaybeUninit::uninit()));
    // SAFETY: there is room for N features and two blocks.
    unsafe { dot_matrix_i16(rows.as_flattened(), x, wide.0.as_mut_ptr().cast(), &mut dots) };
    for (sum, dot) in sums.iter_mut().zip(dots) {
        *sum = add(*sum, dot);
    }
}

/// See [`kernels::add_dot_matrix_i16`](crate::kernels::add_dot_matrix_i16). Not inlined, so that its room is off the stack when the update's is on it.
#[inline(never)]
pub(super) fn add_dot_matrix_i16(matrix: &[i16], x: &[i8], sums: &mut [i32]) {
    if x.len() > WIDEST {
        return portable::add_dot_matrix_i16(matrix, x, sums);
    }
    let mut wide = Wide::<WIDEST>(MaybeUninit::uninit());
    // SAFETY: there is room for the features and two blocks.
    unsafe { dot_matrix_i16(matrix, x, wide.0.as_mut_ptr().cast(), sums) };
}

/// Chooses where the length of rows is known when this is compiled: a program of whole blocks has no code for others.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16 and two blocks of them.
#[inline]
unsafe fn dot_matrix_i16(matrix: &[i16], x: &[i8], wide: *mut i16, sums: &mut [i32]) {
    if x.len().is_multiple_of(STRIDE) {
        // SAFETY: the caller's.
        unsafe { dot_blocks_i16(matrix, x, wide, sums) };
    } else {
        // SAFETY: the caller's.
        unsafe { tail::dot_matrix_i16(matrix, x, wide, sums) };
    }
}

/// Whether rows are read in whole words: there are as many as sums, a block of features at least, and they begin at a multiple of 4.
#[inline]
fn in_words(matrix: &[i16], x: &[i8], sums: &[i32]) -> bool {
    // In 64 bits the product cannot overflow.
    let whole = matrix.len() as u64 >= sums.len() as u64 * x.len() as u64;
    whole && x.len() >= STRIDE && matrix.as_ptr().cast::<u32>().is_aligned()
}

/// One function for all shapes of whole blocks.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16.
#[inline(never)]
unsafe fn dot_blocks_i16(matrix: &[i16], x: &[i8], wide: *mut i16, sums: &mut [i32]) {
    if !in_words(matrix, x, sums) {
        return portable::add_dots_from(matrix, x, 0, sums);
    }
    // SAFETY: the caller's.
    let x_end = unsafe { widen(x.as_chunks().0, wide) };
    let (mut row, n) = (matrix.as_ptr(), x.len());
    let (threes, ones) = rows_together(sums);
    for sums in threes {
        // SAFETY: there is a row as long as x for each sum, in whole words.
        row = unsafe { dot_three_i16(row, n, wide, x_end, sums) };
    }
    for sum in ones {
        // SAFETY: as above.
        row = unsafe { dot_one_i16(row, wide, x_end, sum) };
    }
}

/// Features as i16, in their order. Returns where they end.
///
/// # Safety
/// `wide`, a multiple of 4, has room for them, and there are some.
#[inline]
unsafe fn widen(x: &[[i8; STRIDE]], wide: *mut i16) -> *const i16 {
    let end: *mut i16;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "ldr {odd}, [{x}], #4",
            "sxtb16 {even}, {odd}",
            "sxtb16 {odd}, {odd}, ror #8",
            "pkhbt {low}, {even}, {odd}, lsl #16",
            "pkhtb {odd}, {odd}, {even}, asr #16",
            "strd {low}, {odd}, [{wide}], #8",
            "ldr {odd}, [{x}], #4",
            "sxtb16 {even}, {odd}",
            "sxtb16 {odd}, {odd}, ror #8",
            "pkhbt {low}, {even}, {odd}, lsl #16",
            "pkhtb {odd}, {odd}, {even}, asr #16",
            "strd {low}, {odd}, [{wide}], #8",
            "cmp {x}, {x_end}",
            "bne 2b",
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            wide = inout(reg) wide => end,
            even = out(reg) _,
            odd = out(reg) _,
            low = out(reg) _,
            options(nostack),
        );
    }
    end
}

/// Adds the products of four weights with the features in x0 and x1 to a sum.
macro_rules! add_halfwords {
    ($row:literal $sum:literal) => {
        concat!(
            "ldrd {w}, {t}, [{",
            $row,
            "}], #8\n",
            "smlad {",
            $sum,
            "}, {w}, {x0}, {",
            $sum,
            "}\nsmlad {",
            $sum,
            "}, {t}, {x1}, {",
            $sum,
            "}\n",
        )
    };
}

/// As [`dot_three_i8`].
///
/// # Safety
/// As there; the features from `x` to `x_end` and the rows begin at multiples of 4, and there are some, by multiples of 8.
#[inline]
unsafe fn dot_three_i16(
    rows: *const i16,
    n: usize,
    x: *const i16,
    x_end: *const i16,
    sums: &mut [i32; ROWS],
) -> *const i16 {
    let [a, b, c] = sums;
    let end;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "ldrd {x0}, {x1}, [{x}], #8",
            add_halfwords!("p" "a"),
            add_halfwords!("q" "b"),
            add_halfwords!("r" "c"),
            "ldrd {x0}, {x1}, [{x}], #8",
            add_halfwords!("p" "a"),
            add_halfwords!("q" "b"),
            add_halfwords!("r" "c"),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) rows => _,
            q = inout(reg) rows.add(n) => _,
            r = inout(reg) rows.add(2 * n) => end,
            x = inout(reg) x => _,
            x_end = in(reg) x_end,
            a = inout(reg) *a,
            b = inout(reg) *b,
            c = inout(reg) *c,
            x0 = out(reg) _,
            x1 = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            options(nostack, readonly),
        );
    }
    end
}

/// As [`dot_one_i8`].
///
/// # Safety
/// As for [`dot_three_i16`].
#[inline]
unsafe fn dot_one_i16(row: *const i16, x: *const i16, x_end: *const i16, sum: &mut i32) -> *const i16 {
    let end;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "ldrd {x0}, {x1}, [{x}], #8",
            add_halfwords!("p" "a"),
            "ldrd {x0}, {x1}, [{x}], #8",
            add_halfwords!("p" "a"),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) row => end,
            x = inout(reg) x => _,
            x_end = in(reg) x_end,
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

/// See [`kernels::update_rows_i16`](crate::kernels::update_rows_i16).
#[inline]
pub(super) fn update_rows_i16<const N: usize>(
    rows: &mut [[i16; N]],
    rates: &[i32],
    x: &[i8; N],
    shift: u32,
    random: u32,
) -> u32 {
    let mut wide = Wide::<N>(MaybeUninit::uninit());
    // SAFETY: there is room for N features.
    unsafe { update_widened_i16(rows.as_flattened_mut(), rates, x, shift, wide.0.as_mut_ptr().cast(), random) }
}

/// See [`kernels::update_matrix_i16`](crate::kernels::update_matrix_i16). Not inlined, for the same reason.
#[inline(never)]
pub(super) fn update_matrix_i16(matrix: &mut [i16], rates: &[i32], x: &[i8], shift: u32, random: u32) -> u32 {
    if x.len() > WIDEST {
        return portable::update_matrix_i16(matrix, rates, x, shift, random);
    }
    let mut wide = Wide::<WIDEST>(MaybeUninit::uninit());
    // SAFETY: there is room for the features.
    unsafe { update_widened_i16(matrix, rates, x, shift, wide.0.as_mut_ptr().cast(), random) }
}

/// One function for all shapes.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16.
#[inline(never)]
unsafe fn update_widened_i16(
    matrix: &mut [i16],
    rates: &[i32],
    x: &[i8],
    shift: u32,
    wide: *mut i16,
    random: u32,
) -> u32 {
    let (mut matrix, mut random) = (matrix, Random(random));
    let (blocks, rest) = x.as_chunks::<STRIDE>();
    // As many bits as are not rounded off stand above 16 that are: of these a feature takes 8 at most, a rate the others.
    let free = 16 - shift.min(16);
    let (of_features, of_rates) = (free.min(8), free.saturating_sub(8));
    // SAFETY: the caller's.
    let x_end = if blocks.is_empty() { wide.cast_const() } else { unsafe { widen_scaled(blocks, wide, of_features) } };
    // SAFETY: as many features as are left have room behind the blocks.
    let rest_end = unsafe { update::widen_scaled(rest, x_end.cast_mut(), of_features) };
    for rate in rates {
        let Some((row, below)) = matrix.split_at_mut_checked(x.len()) else { break };
        matrix = below;
        let scaled = rate.saturating_mul(1 << of_rates);
        if *rate == 0 {
        } else if blocks.is_empty() || i16::try_from(scaled).is_err() {
            random = portable::update_row_i16(row, *rate, x, shift, random);
        } else if rest.is_empty() {
            // SAFETY: the row is as long as x, which has a block at least.
            random.0 = unsafe { update::blocks_i16(row.as_mut_ptr(), wide, x_end, scaled, random.0) };
        } else {
            // SAFETY: as above, and the last features are behind the blocks.
            random.0 = unsafe { update::all_i16(row.as_mut_ptr(), wide, x_end, rest_end, scaled, random.0) };
        }
    }
    random.0
}

/// As [`widen`], times `2^scale`, which is 2^8 at most.
///
/// # Safety
/// As there.
#[inline]
unsafe fn widen_scaled(x: &[[i8; STRIDE]], wide: *mut i16, scale: u32) -> *const i16 {
    let end: *mut i16;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "ldr {odd}, [{x}], #4",
            "sxtb16 {even}, {odd}",
            "sxtb16 {odd}, {odd}, ror #8",
            "lsl {even}, {even}, {scale}",
            "lsl {odd}, {odd}, {scale}",
            // The signs of the lower halves came into the upper ones.
            "bic {even}, {even}, {signs}",
            "bic {odd}, {odd}, {signs}",
            "pkhbt {low}, {even}, {odd}, lsl #16",
            "pkhtb {odd}, {odd}, {even}, asr #16",
            "strd {low}, {odd}, [{wide}], #8",
            "cmp {x}, {x_end}",
            "bne 2b",
            x = inout(reg) x.as_ptr() => _,
            x_end = in(reg) x.as_ptr_range().end,
            wide = inout(reg) wide => end,
            scale = in(reg) scale,
            signs = in(reg) ((1_u32 << scale) - 1) << 16,
            even = out(reg) _,
            odd = out(reg) _,
            low = out(reg) _,
            options(nostack),
        );
    }
    end
}
