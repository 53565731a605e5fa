//! The kernels in plain Rust: the specification, and the implementation where there is no assembly.
//!
//! [`add_dot_rows`], [`update_rows`], [`sum_of_magnitudes`], [`standardize`] and the loops over a triangle have an equivalent in assembly for Arm's FPU, of
//! the same bits. Four rows share the load of a feature; rows that are left over go one by one. The loops take four features at once,
//! written out, so that they stay fast where the compiler is asked for small code and unrolls nothing.

mod diagonal;
mod integers;
mod triangle;

#[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
pub(super) use diagonal::{Progress, add_gain, add_subtract};
pub use diagonal::{gain, subtract, update_diagonal};
pub use integers::{
    add_dot_matrix_i16, add_dot_rows_i8, add_dot_rows_i16, dot_and_square_i8, update_matrix_i16, update_rows_i16,
};
#[cfg(all(feature = "asm", target_arch = "arm", arm_dsp))]
pub(super) use integers::{add_dots_from, update_row_i16};
pub use triangle::{product, transposed_product, update_product};
#[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
pub(super) use triangle::{transposed_triangle, triangle_product, update_triangle};

use crate::numeric::kernels::SMALL;
use crate::numeric::kernels::scalar::{MomentumFactors, add_products, dot, finish, update, update_with_momentum};

/// Whether each row goes by itself: for less flash, and where the processor has vector registers, since the compiler makes vectors of a row's
/// loop but not of four rows'. In unit tests rows go together, as on a device: no other test on the host runs these loops.
const ALONE: bool = SMALL || cfg!(all(not(test), any(target_arch = "x86_64", target_arch = "aarch64")));

/// Both slices, shortened to the shorter one; always `Some`.
#[inline(always)]
fn pair<'a, A, B>(a: &'a [A], b: &'a mut [B]) -> Option<(&'a [A], &'a mut [B])> {
    let n = a.len().min(b.len());
    Some((a.get(..n)?, b.get_mut(..n)?))
}

/// See [`kernels::add_dot_rows`](crate::kernels::add_dot_rows).
pub fn add_dot_rows<const N: usize>(rows: &[[f32; N]], x: &[f32; N], sums: &mut [f32]) {
    let Some((rows, sums)) = pair(rows, sums) else { return };
    if ALONE {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum += dot(row, x);
        }
        return;
    }
    let (row_blocks, row_rest) = rows.as_chunks::<4>();
    let (sum_blocks, sum_rest) = sums.as_chunks_mut::<4>();
    for (sums, rows) in sum_blocks.iter_mut().zip(row_blocks) {
        add_dot_block(rows, x, sums);
    }
    for (sum, row) in sum_rest.iter_mut().zip(row_rest) {
        *sum += dot(row, x);
    }
}

fn add_dot_block<const N: usize>(rows: &[[f32; N]; 4], x: &[f32; N], sums: &mut [f32; 4]) {
    let (x, x_rest) = x.as_chunks::<4>();
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = rows.each_ref().map(|row| row.as_chunks::<4>());
    let (mut a_lanes, mut b_lanes, mut c_lanes, mut d_lanes) = ([0.0; 4], [0.0; 4], [0.0; 4], [0.0; 4]);
    for ((x, (a, b)), (c, d)) in x.iter().zip(a.iter().zip(b)).zip(c.iter().zip(d)) {
        add_products(&mut a_lanes, a, x);
        add_products(&mut b_lanes, b, x);
        add_products(&mut c_lanes, c, x);
        add_products(&mut d_lanes, d, x);
    }
    let [a_sum, b_sum, c_sum, d_sum] = sums;
    *a_sum += finish(a_lanes, a_rest, x_rest);
    *b_sum += finish(b_lanes, b_rest, x_rest);
    *c_sum += finish(c_lanes, c_rest, x_rest);
    *d_sum += finish(d_lanes, d_rest, x_rest);
}

/// See [`kernels::add_dot_matrix`](crate::kernels::add_dot_matrix). Two rows share the load of a feature: of rows whose length is not
/// known, four take more registers than there are.
pub fn add_dot_matrix(matrix: &[f32], x: &[f32], sums: &mut [f32]) {
    let mut matrix = matrix;
    for sums in sums.chunks_mut(2) {
        let Some((a, below)) = matrix.split_at_checked(x.len()) else { return };
        let pair = below.split_at_checked(x.len()).filter(|_| !ALONE);
        match (sums, pair) {
            ([a_sum, b_sum], Some((b, below))) => {
                let (a_dot, b_dot) = dot_pair(a, b, x);
                *a_sum += a_dot;
                *b_sum += b_dot;
                matrix = below;
            }
            ([a_sum, b_sum], None) => {
                *a_sum += dot(a, x);
                let Some((b, below)) = below.split_at_checked(x.len()) else { return };
                *b_sum += dot(b, x);
                matrix = below;
            }
            (sums, _) => sums.iter_mut().for_each(|sum| *sum += dot(a, x)),
        }
    }
}

/// The dot products of two rows as long as `x`.
#[inline(always)]
fn dot_pair(a: &[f32], b: &[f32], x: &[f32]) -> (f32, f32) {
    let ((a, a_rest), (b, b_rest), (x, x_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>(), x.as_chunks::<4>());
    let (mut a_lanes, mut b_lanes) = ([0.0; 4], [0.0; 4]);
    for (x, (a, b)) in x.iter().zip(a.iter().zip(b)) {
        add_products(&mut a_lanes, a, x);
        add_products(&mut b_lanes, b, x);
    }
    (finish(a_lanes, a_rest, x_rest), finish(b_lanes, b_rest, x_rest))
}

/// See [`kernels::sum_of_magnitudes`](crate::kernels::sum_of_magnitudes).
pub fn sum_of_magnitudes(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |sum, x| sum + x.abs())
}

/// See [`kernels::update_rows`](crate::kernels::update_rows).
pub fn update_rows<const N: usize>(rows: &mut [[f32; N]], keep: f32, rates: &[f32], features: &[f32; N]) {
    let Some((rates, rows)) = pair(rates, rows) else { return };
    if ALONE || keep != 1.0 {
        for (row, rate) in rows.iter_mut().zip(rates) {
            update(row, keep, *rate, features);
        }
        return;
    }
    let (row_blocks, row_rest) = rows.as_chunks_mut::<4>();
    let (rate_blocks, rate_rest) = rates.as_chunks::<4>();
    for (rows, rates) in row_blocks.iter_mut().zip(rate_blocks) {
        update_block(rows, rates, features);
    }
    for (row, rate) in row_rest.iter_mut().zip(rate_rest) {
        update(row, 1.0, *rate, features);
    }
}

/// See [`kernels::update_matrix`](crate::kernels::update_matrix).
pub fn update_matrix(matrix: &mut [f32], keep: f32, rates: &[f32], features: &[f32]) {
    let (mut matrix, n) = (matrix, features.len());
    for rates in rates.chunks(2) {
        let Some((a, below)) = matrix.split_at_mut_checked(n) else { return };
        match rates {
            [a_rate, b_rate] if !ALONE && keep == 1.0 && below.len() >= n => {
                let Some((b, below)) = below.split_at_mut_checked(n) else { return };
                update_pair(a, b, *a_rate, *b_rate, features);
                matrix = below;
            }
            [a_rate, others @ ..] => {
                update(a, keep, *a_rate, features);
                let Some(b_rate) = others.first() else { return };
                let Some((b, below)) = below.split_at_mut_checked(n) else { return };
                update(b, keep, *b_rate, features);
                matrix = below;
            }
            [] => return,
        }
    }
}

/// See [`kernels::update_matrix_with_momentum`](crate::kernels::update_matrix_with_momentum).
pub fn update_matrix_with_momentum(
    matrix: &mut [f32],
    velocity: &mut [f32],
    factors: &MomentumFactors,
    gradient: &[f32],
    features: &[f32],
) {
    // Chunks must not have the length 0; there is then nothing to update.
    let n = features.len().max(1);
    for ((row, velocity), g) in matrix.chunks_exact_mut(n).zip(velocity.chunks_exact_mut(n)).zip(gradient) {
        update_with_momentum(row, velocity, factors, *g, features);
    }
}

/// See [`kernels::all_within`](crate::kernels::all_within).
pub fn all_within(values: &[f32], limit: f32) -> bool {
    // Without the sign bit, the bits of floats are in the order of their magnitudes, and below those of NaN. Comparing integers is fast
    // where there is no FPU.
    values.iter().all(|x| x.to_bits() << 1 <= limit.to_bits() << 1)
}

/// See [`kernels::standardize`](crate::kernels::standardize).
pub fn standardize(features: &[f32], mean: &[f32], scale: &[f32], to: &mut [f32]) {
    for ((to, x), (mean, scale)) in to.iter_mut().zip(features).zip(mean.iter().zip(scale)) {
        *to = (x - mean) * scale;
    }
}

/// Updates two rows as long as the features, which are loaded once for both.
#[inline(always)]
fn update_pair(a: &mut [f32], b: &mut [f32], a_rate: f32, b_rate: f32, features: &[f32]) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks_mut::<4>(), b.as_chunks_mut::<4>());
    let (x, x_rest) = features.as_chunks::<4>();
    for (x, (a, b)) in x.iter().zip(a.iter_mut().zip(b)) {
        subtract_products(a, a_rate, *x);
        subtract_products(b, b_rate, *x);
    }
    for (x, (a, b)) in x_rest.iter().zip(a_rest.iter_mut().zip(b_rest)) {
        *a -= a_rate * x;
        *b -= b_rate * x;
    }
}

fn update_block<const N: usize>(rows: &mut [[f32; N]; 4], rates: &[f32; 4], features: &[f32; N]) {
    let [a_rate, b_rate, c_rate, d_rate] = *rates;
    let (x, x_rest) = features.as_chunks::<4>();
    let [(a, a_rest), (b, b_rest), (c, c_rest), (d, d_rest)] = rows.each_mut().map(|row| row.as_chunks_mut::<4>());
    for ((x, (a, b)), (c, d)) in x.iter().zip(a.iter_mut().zip(b)).zip(c.iter_mut().zip(d)) {
        subtract_products(a, a_rate, *x);
        subtract_products(b, b_rate, *x);
        subtract_products(c, c_rate, *x);
        subtract_products(d, d_rate, *x);
    }
    for ((x, (a, b)), (c, d)) in x_rest.iter().zip(a_rest.iter_mut().zip(b_rest)).zip(c_rest.iter_mut().zip(d_rest)) {
        *a -= a_rate * x;
        *b -= b_rate * x;
        *c -= c_rate * x;
        *d -= d_rate * x;
    }
}

/// Takes the products of four features with `rate` away from four weights. The features come by value: by reference they are loaded anew
/// for every row wherever the compiler forgets that no row overlaps them.
#[inline(always)]
fn subtract_products(row: &mut [f32; 4], rate: f32, x: [f32; 4]) {
    let ([w0, w1, w2, w3], [x0, x1, x2, x3]) = (row, x);
    *w0 -= rate * x0;
    *w1 -= rate * x1;
    *w2 -= rate * x2;
    *w3 -= rate * x3;
}
