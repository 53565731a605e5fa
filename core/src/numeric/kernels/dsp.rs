//! The kernels over integers in assembly for the DSP extension of a Cortex-M4, M7 and their like: `smlad` adds two products of 16 bits to a
//! sum of 32, modulo 2^32, so that the bits are those of [`portable`](crate::kernels::portable) in any order.
//!
//! # Safety
//! Each block of assembly reads as many elements as its counts say, from pointers that its caller vouches for; the safe functions
//! take slices, and count in whole rows and blocks of what these hold. `ldr` takes any address, as in what the compiler makes
//! of these targets; `ldrd` takes whole words, which is checked. Blocks write the room that they are lent, or
//! the rows of a slice that is theirs. None touches the stack.
#![allow(unsafe_code)]

mod bytes;

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::numeric::kernels::{SMALL, portable};
use crate::numeric::random::Random;

pub(super) use bytes::add_dot_rows_i8;

/// The rows whose dot products share the load of a feature: the registers hold no more.
const ROWS: usize = 3;
/// The features that a loop takes at once.
const STRIDE: usize = 8;
/// The most features whose number is known only at run time that are taken in assembly: 1 kB of the stack.
const WIDEST: usize = 512;

/// The sums of rows that go together, and those of the others.
#[inline]
fn rows_together(sums: &mut [i32]) -> (&mut [[i32; ROWS]], &mut [i32]) {
    if SMALL { (&mut [], sums) } else { sums.as_chunks_mut() }
}

/// Room for features of 16 bits, in whole words.
#[repr(C, align(4))]
struct Wide<const N: usize>(MaybeUninit<[i16; N]>);

impl<const N: usize> Wide<N> {
    /// The room for these features; null if it is too small.
    fn room(&mut self, x: &[i8]) -> *mut i16 {
        if x.len() > N { core::ptr::null_mut() } else { self.0.as_mut_ptr().cast() }
    }
}

/// See [`kernels::add_dot_rows_i16`](crate::kernels::add_dot_rows_i16).
#[inline]
pub(super) fn add_dot_rows_i16<const COUNT: usize, const N: usize>(
    rows: &[[i16; N]; COUNT],
    x: &[i8; N],
    sums: &mut [i32; COUNT],
    add: impl Fn(i32, i32) -> i32,
) {
    let (mut dots, mut wide) = ([0; COUNT], Wide::<N>(MaybeUninit::uninit()));
    // SAFETY: there is room for N features.
    unsafe { dot_matrix_i16(rows.as_flattened(), x, wide.0.as_mut_ptr().cast(), &mut dots) };
    for (sum, dot) in sums.iter_mut().zip(dots) {
        *sum = add(*sum, dot);
    }
}

/// See [`kernels::add_dot_matrix_i16`](crate::kernels::add_dot_matrix_i16). Not inlined, so that its room is off the stack when the update's is on it.
#[inline(never)]
pub(super) fn add_dot_matrix_i16(matrix: &[i16], x: &[i8], sums: &mut [i32]) {
    let mut wide = Wide::<WIDEST>(MaybeUninit::uninit());
    // SAFETY: there is room for the features, or it is null.
    unsafe { dot_matrix_i16(matrix, x, wide.room(x), sums) };
}

/// One function for all shapes.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16, or is null, and then nothing is done in assembly.
#[inline(never)]
unsafe fn dot_matrix_i16(matrix: &[i16], x: &[i8], wide: *mut i16, sums: &mut [i32]) {
    let n = x.len();
    // In 64 bits the product cannot overflow.
    if (matrix.len() as u64) < sums.len() as u64 * n as u64 {
        return;
    }
    let (whole, rest) = x.as_chunks::<STRIDE>();
    let aligned = matrix.as_ptr().cast::<u32>().is_aligned() && !wide.is_null();
    if whole.is_empty() || !n.is_multiple_of(2) || !aligned {
        return portable::add_dots_from(matrix, x, 0, sums);
    }
    // SAFETY: the caller's.
    let x_end = unsafe { widen(whole, wide) };
    let mut row = matrix.as_ptr();
    let (threes, ones) = rows_together(sums);
    for sums in threes {
        // SAFETY: there is a row as long as x for each sum, in whole words.
        row = unsafe { dot_three_i16(row, n, wide, x_end, sums).add(rest.len()) };
    }
    for sum in ones {
        // SAFETY: as above.
        row = unsafe { dot_one_i16(row, wide, x_end, sum).add(rest.len()) };
    }
    if !rest.is_empty() {
        portable::add_dots_from(matrix, x, n - rest.len(), sums);
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

/// As `dot_three_i8`, for i16.
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
    let mut wide = Wide::<WIDEST>(MaybeUninit::uninit());
    // SAFETY: there is room for the features, or it is null.
    unsafe { update_widened_i16(matrix, rates, x, shift, wide.room(x), random) }
}

/// One function for all shapes.
///
/// # Safety
/// `wide`, a multiple of 4, has room for the features as i16, or is null, and then nothing is done in assembly.
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
    let (blocks, rest) = if wide.is_null() { (&[][..], x) } else { x.as_chunks::<STRIDE>() };
    // As many bits as are not rounded off stand above 16 that are: of these a feature takes 8 at most, a rate the others.
    let free = 16 - shift.min(16);
    let (of_features, of_rates) = (free.min(8), free.saturating_sub(8));
    // SAFETY: the caller's.
    let x_end = if blocks.is_empty() { wide.cast_const() } else { unsafe { widen_scaled(blocks, wide, of_features) } };
    for rate in rates {
        let Some((row, below)) = matrix.split_at_mut_checked(x.len()) else { break };
        matrix = below;
        let scaled = rate.saturating_mul(1 << of_rates);
        if *rate == 0 {
        } else if blocks.is_empty() || i16::try_from(scaled).is_err() {
            random = portable::update_row_i16(row, *rate, x, shift, random);
        } else {
            // SAFETY: the row is as long as x, which has a block at least.
            random.0 = unsafe { update_blocks_i16(row.as_mut_ptr(), wide, x_end, scaled, random.0) };
            if !rest.is_empty() {
                let whole = x.len() - rest.len();
                random = portable::update_row_i16(row.get_mut(whole..).unwrap_or_default(), *rate, rest, shift, random);
            }
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

/// Updates two weights by the features in a register.
macro_rules! update_halfwords {
    ($x:literal) => {
        concat!(
            "eor {s}, {s}, {s}, lsl #13\n",
            "eor {s}, {s}, {s}, lsr #17\n",
            "eor {s}, {s}, {s}, lsl #5\n",
            "ldr {w}, [{p}]\n",
            "uxth {t}, {s}\n",
            "lsr {u}, {s}, #16\n",
            "smlabb {t}, {rate}, {",
            $x,
            "}, {t}\n",
            "smlabt {u}, {rate}, {",
            $x,
            "}, {u}\n",
            "pkhtb {t}, {u}, {t}, asr #16\n",
            "qsub16 {w}, {w}, {t}\n",
            "str {w}, [{p}], #4\n",
        )
    };
}

/// Updates a row but for what is behind the blocks of the features; `rate` fits 16 bits. Returns the generator's state.
///
/// # Safety
/// The features from `x` to `x_end` begin at a multiple of 4, there are some, by multiples of 8, and as many weights.
#[inline]
unsafe fn update_blocks_i16(row: *mut i16, x: *const i16, x_end: *const i16, rate: i32, random: u32) -> u32 {
    let mut state = random;
    // SAFETY: the caller's.
    unsafe {
        asm!(
            "2:",
            "ldrd {x0}, {x1}, [{x}], #8",
            update_halfwords!("x0"),
            update_halfwords!("x1"),
            "ldrd {x0}, {x1}, [{x}], #8",
            update_halfwords!("x0"),
            update_halfwords!("x1"),
            "cmp {x}, {x_end}",
            "bne 2b",
            p = inout(reg) row => _,
            x = inout(reg) x => _,
            x_end = in(reg) x_end,
            s = inout(reg) state,
            rate = in(reg) rate,
            x0 = out(reg) _,
            x1 = out(reg) _,
            w = out(reg) _,
            t = out(reg) _,
            u = out(reg) _,
            options(nostack),
        );
    }
    state
}
