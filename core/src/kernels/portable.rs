//! The kernels in plain Rust: what they compute, and how it is computed where there is no assembly for it.
//!
//! [`add_dot_rows`], [`update_rows`] and [`sum_of_magnitudes`] have an equivalent in assembly for Arm's FPU, of the same bits.

use super::{dot, update};

/// The rows that share the load of a feature; what is left over goes one by one. The four lanes of five sums fit the 32
/// registers of a Cortex-M4's FPU.
const BLOCK: usize = 5;

/// See [`kernels::add_dot_rows`](super::add_dot_rows).
pub fn add_dot_rows<const ROWS: usize, const N: usize>(
    rows: &[[f32; N]; ROWS],
    x: &[f32; N],
    sums: &mut [f32; ROWS],
) {
    let (row_blocks, row_rest) = rows.as_chunks::<BLOCK>();
    let (sum_blocks, sum_rest) = sums.as_chunks_mut::<BLOCK>();
    for (sums, rows) in sum_blocks.iter_mut().zip(row_blocks) {
        add_dot_block(rows, x, sums);
    }
    for (sum, row) in sum_rest.iter_mut().zip(row_rest) {
        *sum += dot(row, x);
    }
}

fn add_dot_block<const N: usize>(rows: &[[f32; N]; BLOCK], x: &[f32; N], sums: &mut [f32; BLOCK]) {
    let mut lanes = [[0.0_f32; BLOCK]; 4];
    let mut block = 0;
    while block + 4 <= N {
        for (lane, sums) in lanes.iter_mut().enumerate() {
            let x = x[block + lane];
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum += row[block + lane] * x;
            }
        }
        block += 4;
    }
    for (lane, sums) in lanes.iter_mut().enumerate() {
        if block + lane < N {
            let x = x[block + lane];
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum += row[block + lane] * x;
            }
        }
    }
    let [l0, l1, l2, l3] = lanes;
    for (row, sum) in sums.iter_mut().enumerate() {
        *sum += (l0[row] + l2[row]) + (l1[row] + l3[row]);
    }
}

/// See [`kernels::sum_of_magnitudes`](super::sum_of_magnitudes).
pub fn sum_of_magnitudes(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |sum, x| sum + x.abs())
}

/// See [`kernels::update_rows`](super::update_rows).
pub fn update_rows<const ROWS: usize, const N: usize>(
    rows: &mut [[f32; N]; ROWS],
    keep: f32,
    rates: &[f32; ROWS],
    features: &[f32; N],
) {
    let (row_blocks, row_rest) = rows.as_chunks_mut::<BLOCK>();
    let (rate_blocks, rate_rest) = rates.as_chunks::<BLOCK>();
    for (rows, rates) in row_blocks.iter_mut().zip(rate_blocks) {
        update_block(rows, keep, rates, features);
    }
    for (row, rate) in row_rest.iter_mut().zip(rate_rest) {
        update(row, keep, *rate, features);
    }
}

fn update_block<const N: usize>(rows: &mut [[f32; N]; BLOCK], keep: f32, rates: &[f32; BLOCK], features: &[f32; N]) {
    if keep == 1.0 {
        for (i, x) in features.iter().enumerate() {
            for (row, rate) in rows.iter_mut().zip(rates) {
                row[i] -= rate * x;
            }
        }
    } else {
        for (i, x) in features.iter().enumerate() {
            for (row, rate) in rows.iter_mut().zip(rates) {
                row[i] = keep * row[i] - rate * x;
            }
        }
    }
}
