//! The updates of rows, plain, with weight decay and with momentum.

use core::arch::asm;

use super::STRIDE;
use crate::numeric::kernels::scalar::{MomentumFactors, update_with_momentum};
use crate::numeric::kernels::{SMALL, portable};

/// The rows whose updates share the load of a feature: five, since there are no more registers for pointers.
const ROWS: usize = 5;

/// See [`kernels::update_rows`](crate::kernels::update_rows).
#[inline]
pub(in crate::numeric::kernels) fn update_rows<const N: usize>(
    rows: &mut [[f32; N]],
    keep: f32,
    rates: &[f32],
    features: &[f32; N],
) {
    let count = rates.len().min(rows.len());
    update_matrix(rows.as_flattened_mut(), keep, rates.get(..count).unwrap_or_default(), features);
}

/// See [`kernels::update_matrix`](crate::kernels::update_matrix): one function for all shapes with weight decay, and one without, of which a
/// program that has one kind of settings holds one.
#[inline]
pub(in crate::numeric::kernels) fn update_matrix(matrix: &mut [f32], keep: f32, rates: &[f32], x: &[f32]) {
    if keep == 1.0 {
        update_plain(matrix, rates, x);
    } else {
        update_with_decay(matrix, keep, rates, x);
    }
}

#[inline(never)]
fn update_plain(matrix: &mut [f32], rates: &[f32], x: &[f32]) {
    update_all::<false>(matrix, 1.0, rates, x, plain_blocks, plain_singles);
}

#[inline(never)]
fn update_with_decay(matrix: &mut [f32], keep: f32, rates: &[f32], x: &[f32]) {
    update_all::<true>(matrix, keep, rates, x, decay_blocks, decay_singles);
}

/// Several rows by `blocks`, what is left of them by `singles`, and what is behind the whole blocks of each by the plain loop.
#[inline(always)]
fn update_all<const DECAY: bool>(
    matrix: &mut [f32],
    keep: f32,
    rates: &[f32],
    x: &[f32],
    blocks: Kernel,
    singles: Kernel,
) {
    let (rows, n) = (rates.len(), x.len());
    // In 64 bits the product cannot overflow.
    if (matrix.len() as u64) < rows as u64 * n as u64 {
        return;
    }
    let rest = n % STRIDE;
    if n >= STRIDE {
        // SAFETY: the matrix has rows * n elements, x has n, and there are as many rates as rows.
        unsafe {
            let mut at = (matrix.as_mut_ptr(), rates.as_ptr());
            let together = if SMALL { 0 } else { rows / ROWS };
            if together > 0 {
                at = blocks(at.0, keep, x, rest, together, at.1);
            }
            let alone = rows - together * ROWS;
            if alone > 0 {
                singles(at.0, keep, x, rest, alone, at.1);
            }
        }
    }
    if rest > 0 {
        update_rests::<DECAY>(matrix, keep, rates, x);
    }
}

/// The elements of each row that are behind its last whole block.
#[inline(never)]
fn update_rests<const DECAY: bool>(matrix: &mut [f32], keep: f32, rates: &[f32], x: &[f32]) {
    let whole = x.len() - x.len() % STRIDE;
    let mut matrix = matrix;
    for rate in rates {
        let Some((row, others)) = matrix.split_at_mut_checked(x.len()) else { return };
        for (w, x) in row.get_mut(whole..).unwrap_or_default().iter_mut().zip(x.get(whole..).unwrap_or_default()) {
            *w = if DECAY { keep * *w } else { *w } - rate * x;
        }
        matrix = others;
    }
}

/// Updates rows, at least one, but for the `rest` last elements of each: `count` of them, or `count` times [`ROWS`]. Returns what is behind
/// the rows and their rates.
///
/// # Safety
/// There are that many rows of the length of `x`, one behind the other, and that many rates; `x` is longer than `rest` by a
/// multiple of 8 above 0.
type Kernel = unsafe fn(*mut f32, f32, &[f32], usize, usize, *const f32) -> (*mut f32, *const f32);

/// Takes the products of `rate` with the features in s0 to s7 away from eight weights of a row, which are multiplied by s29 where there is weight
/// decay.
macro_rules! update_eight {
    ($row:literal $rate:literal $($decay:tt)?) => {
        concat!(
            "vldmia {", $row, "}, {{s8-s15}}\n",
            "vmul.f32 s16, s0, ", $rate, "\n",
            "vmul.f32 s17, s1, ", $rate, "\n",
            "vmul.f32 s18, s2, ", $rate, "\n",
            "vmul.f32 s19, s3, ", $rate, "\n",
            "vmul.f32 s20, s4, ", $rate, "\n",
            "vmul.f32 s21, s5, ", $rate, "\n",
            "vmul.f32 s22, s6, ", $rate, "\n",
            "vmul.f32 s23, s7, ", $rate, "\n",
            $(decay_eight!($decay),)?
            each!("vsub.f32"; "s8, s8, s16" "s9, s9, s17" "s10, s10, s18" "s11, s11, s19"
                "s12, s12, s20" "s13, s13, s21" "s14, s14, s22" "s15, s15, s23"),
            "vstmia {", $row, "}!, {{s8-s15}}\n",
        )
    };
}

macro_rules! decay_eight {
    (decay) => {
        each!("vmul.f32"; "s8, s8, s29" "s9, s9, s29" "s10, s10, s29" "s11, s11, s29"
            "s12, s12, s29" "s13, s13, s29" "s14, s14, s29" "s15, s15, s29")
    };
}

/// The register is free until the features are counted in it.
macro_rules! take_keep {
    (decay) => {
        "vmov s29, {x}"
    };
}

/// The two [`Kernel`]s with or without weight decay: five rows at a time, and row by row.
macro_rules! kernels {
    ($blocks:ident $singles:ident $($decay:tt)?) => {
        #[inline(always)]
        unsafe fn $blocks(
            rows: *mut f32,
            keep: f32,
            x: &[f32],
            rest: usize,
            count: usize,
            rates: *const f32,
        ) -> (*mut f32, *const f32) {
            let (rows_end, rates_end);
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    $(take_keep!($decay),)?
                    "2:",
                    "add {row_1}, {row_0}, {bytes}",
                    "add {row_2}, {row_1}, {bytes}",
                    "add {row_3}, {row_2}, {bytes}",
                    "add {row_4}, {row_3}, {bytes}",
                    "mov {x}, {x_start}",
                    "vldmia {rates}!, {{s24-s28}}",
                    "3:",
                    "vldmia {x}!, {{s0-s7}}",
                    update_eight!("row_0" "s24" $($decay)?),
                    update_eight!("row_1" "s25" $($decay)?),
                    update_eight!("row_2" "s26" $($decay)?),
                    update_eight!("row_3" "s27" $($decay)?),
                    update_eight!("row_4" "s28" $($decay)?),
                    "cmp {x}, {x_end}",
                    "bne 3b",
                    "add {row_0}, {row_4}, {rest}",
                    "subs {count}, {count}, #1",
                    "bne 2b",
                    row_0 = inout(reg) rows => rows_end,
                    row_1 = out(reg) _,
                    row_2 = out(reg) _,
                    row_3 = out(reg) _,
                    row_4 = out(reg) _,
                    x = inout(reg) keep.to_bits() => _,
                    x_start = in(reg) x.as_ptr(),
                    x_end = in(reg) x.as_ptr().add(x.len() - rest),
                    bytes = in(reg) size_of_val(x),
                    rest = in(reg) rest * size_of::<f32>(),
                    count = inout(reg) count => _,
                    rates = inout(reg) rates => rates_end,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                    out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                    out("d12") _, out("d13") _, out("d14") _,
                    options(nostack),
                );
            }
            (rows_end, rates_end)
        }

        #[inline(always)]
        unsafe fn $singles(
            rows: *mut f32,
            keep: f32,
            x: &[f32],
            rest: usize,
            count: usize,
            rates: *const f32,
        ) -> (*mut f32, *const f32) {
            let (rows_end, rates_end);
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    $(take_keep!($decay),)?
                    "2:",
                    "mov {x}, {x_start}",
                    "vldmia {rates}!, {{s24}}",
                    "3:",
                    "vldmia {x}!, {{s0-s7}}",
                    update_eight!("row" "s24" $($decay)?),
                    "cmp {x}, {x_end}",
                    "bne 3b",
                    "add {row}, {row}, {rest}",
                    "subs {count}, {count}, #1",
                    "bne 2b",
                    row = inout(reg) rows => rows_end,
                    x = inout(reg) keep.to_bits() => _,
                    x_start = in(reg) x.as_ptr(),
                    x_end = in(reg) x.as_ptr().add(x.len() - rest),
                    rest = in(reg) rest * size_of::<f32>(),
                    count = inout(reg) count => _,
                    rates = inout(reg) rates => rates_end,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                    out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                    out("d12") _, out("d14") _,
                    options(nostack),
                );
            }
            (rows_end, rates_end)
        }
    };
}

kernels!(plain_blocks plain_singles);
kernels!(decay_blocks decay_singles decay);

/// See [`kernels::update_matrix_with_momentum`](crate::kernels::update_matrix_with_momentum): one function for all shapes, and one more with
/// Nesterov's look-ahead.
#[inline]
pub(in crate::numeric::kernels) fn update_matrix_with_momentum(
    matrix: &mut [f32],
    velocity: &mut [f32],
    factors: &MomentumFactors,
    gradient: &[f32],
    x: &[f32],
) {
    if x.len() < 2 * STRIDE {
        // One block gains less than the call of its assembly costs.
        portable::update_matrix_with_momentum(matrix, velocity, factors, gradient, x);
    } else if factors.nesterov {
        update_ahead(matrix, velocity, factors, gradient, x);
    } else {
        update_heavy(matrix, velocity, factors, gradient, x);
    }
}

#[inline(never)]
fn update_ahead(matrix: &mut [f32], velocity: &mut [f32], factors: &MomentumFactors, gradient: &[f32], x: &[f32]) {
    momentum_all(matrix, velocity, factors, gradient, x, ahead_row);
}

#[inline(never)]
fn update_heavy(matrix: &mut [f32], velocity: &mut [f32], factors: &MomentumFactors, gradient: &[f32], x: &[f32]) {
    momentum_all(matrix, velocity, factors, gradient, x, heavy_row);
}

/// The whole blocks of each row by `kernel`, what is behind them by the plain loop.
#[inline(always)]
fn momentum_all(
    matrix: &mut [f32],
    velocity: &mut [f32],
    factors: &MomentumFactors,
    gradient: &[f32],
    x: &[f32],
    kernel: unsafe fn(*mut f32, *mut f32, &MomentumFactors, f32, &[[f32; STRIDE]]),
) {
    let (mut matrix, mut velocity) = (matrix, velocity);
    let (blocks, rest) = x.as_chunks::<STRIDE>();
    for g in gradient {
        let Some((row, below)) = matrix.split_at_mut_checked(x.len()) else { return };
        let Some((row_velocity, velocity_below)) = velocity.split_at_mut_checked(x.len()) else { return };
        (matrix, velocity) = (below, velocity_below);
        if !blocks.is_empty() {
            // SAFETY: the rows are as long as x, which has a block at least.
            unsafe { kernel(row.as_mut_ptr(), row_velocity.as_mut_ptr(), factors, *g, blocks) };
        }
        if !rest.is_empty() {
            let whole = x.len() - rest.len();
            let (row, row_velocity) = (row.get_mut(whole..), row_velocity.get_mut(whole..));
            update_with_momentum(row.unwrap_or_default(), row_velocity.unwrap_or_default(), factors, *g, rest);
        }
    }
}

/// A row's whole blocks, updated with momentum; `kernel` is one of two, with Nesterov's look-ahead or without.
macro_rules! momentum_kernel {
    ($name:ident $($look_ahead:expr)?) => {
        /// # Safety
        /// Weights and velocities are as many as features, of which there is a block at least.
        #[inline(always)]
        unsafe fn $name(row: *mut f32, velocity: *mut f32, factors: &MomentumFactors, g: f32, x: &[[f32; STRIDE]]) {
            let factors = [g, factors.weight_decay, factors.momentum, factors.learning_rate];
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    "vldmia {factors}, {{s28-s31}}",
                    "2:",
                    "vldmia {x}!, {{s0-s7}}",
                    "vldmia {w}, {{s8-s15}}",
                    "vldmia {v}, {{s16-s23}}",
                    // d = g x + weight_decay w
                    each!("vmul.f32"; "s0, s0, s28" "s1, s1, s28" "s2, s2, s28" "s3, s3, s28" "s4, s4, s28" "s5, s5, s28" "s6, s6, s28" "s7, s7, s28"),
                    each!("vmul.f32"; "s24, s8, s29" "s25, s9, s29" "s26, s10, s29" "s27, s11, s29"),
                    each!("vadd.f32"; "s0, s0, s24" "s1, s1, s25" "s2, s2, s26" "s3, s3, s27"),
                    each!("vmul.f32"; "s24, s12, s29" "s25, s13, s29" "s26, s14, s29" "s27, s15, s29"),
                    each!("vadd.f32"; "s4, s4, s24" "s5, s5, s25" "s6, s6, s26" "s7, s7, s27"),
                    // v = momentum v + d
                    each!("vmul.f32"; "s16, s16, s30" "s17, s17, s30" "s18, s18, s30" "s19, s19, s30" "s20, s20, s30" "s21, s21, s30" "s22, s22, s30" "s23, s23, s30"),
                    each!("vadd.f32"; "s16, s16, s0" "s17, s17, s1" "s18, s18, s2" "s19, s19, s3" "s20, s20, s4" "s21, s21, s5" "s22, s22, s6" "s23, s23, s7"),
                    "vstmia {v}!, {{s16-s23}}",
                    $($look_ahead,)?
                    // w = w - learning_rate v
                    each!("vmul.f32"; "s16, s16, s31" "s17, s17, s31" "s18, s18, s31" "s19, s19, s31" "s20, s20, s31" "s21, s21, s31" "s22, s22, s31" "s23, s23, s31"),
                    each!("vsub.f32"; "s8, s8, s16" "s9, s9, s17" "s10, s10, s18" "s11, s11, s19" "s12, s12, s20" "s13, s13, s21" "s14, s14, s22" "s15, s15, s23"),
                    "vstmia {w}!, {{s8-s15}}",
                    "cmp {x}, {x_end}",
                    "bne 2b",
                    w = inout(reg) row => _,
                    v = inout(reg) velocity => _,
                    x = inout(reg) x.as_ptr() => _,
                    x_end = in(reg) x.as_ptr_range().end,
                    factors = in(reg) &raw const factors,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                    out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                    out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                    out("d12") _, out("d13") _, out("d14") _, out("d15") _,
                    options(nostack),
                );
            }
        }
    };
}

momentum_kernel!(heavy_row);
// The direction is d + momentum v.
momentum_kernel!(ahead_row concat!(
    each!("vmul.f32"; "s16, s16, s30" "s17, s17, s30" "s18, s18, s30" "s19, s19, s30" "s20, s20, s30" "s21, s21, s30" "s22, s22, s30" "s23, s23, s30"),
    each!("vadd.f32"; "s16, s16, s0" "s17, s17, s1" "s18, s18, s2" "s19, s19, s3" "s20, s20, s4" "s21, s21, s5" "s22, s22, s6" "s23, s23, s7"),
));
