//! The loops that everything else is built from: slices or arrays in and out, no state and no checks.
//!
//! The order of operations is part of each function's contract, because the bits depend on it. Where two slices go
//! together, elements beyond the shorter one are ignored.
//!
//! With the feature `asm`, [`add_dot_rows`], [`update_rows`], [`update_matrix_with_momentum`], [`sum_of_magnitudes`], [`standardize`] and the loops over a triangle are in assembly for
//! targets with an Arm FPU (whose name ends in `eabihf`): the same bits as [`portable`] in two thirds to three quarters of the instructions.
//! [`add_dot_rows_i8`], [`dot_and_square_i8`], [`add_dot_rows_i16`], [`update_rows_i16`] and those over a matrix of i16 are in assembly for targets with the DSP extension (whose name begins with
//! `thumbv7em`), in half of the instructions.

mod diagonal;
#[cfg(all(feature = "asm", target_arch = "arm", arm_dsp))]
mod dsp;
#[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
mod fpu;
mod integers;
pub mod portable;
mod scalar;
mod triangle;

pub use diagonal::{gain, subtract, update_diagonal};
pub use integers::{
    add_dot_matrix_i16, add_dot_rows_i8, add_dot_rows_i16, dot_and_square_i8, update_matrix_i16, update_rows_i16,
};
pub use triangle::{PANEL, packed, product, transposed_product, update_product};

pub use scalar::{MomentumFactors, dot, exp_and_sum, largest, squared_distance, update, update_with_momentum};

/// Whether rows go one by one, for less flash; several that share a load have the bits that they have alone.
pub(crate) const SMALL: bool = cfg!(feature = "small");

#[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
use fpu as chosen;
#[cfg(not(all(feature = "asm", target_arch = "arm", target_abi = "eabihf")))]
use portable as chosen;

/// Adds to `sums` the dot products of several rows with the same `x`, each summed first as [`dot`] does. An element of `x` is
/// loaded once for several rows.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut sums = [0.5, 0.0];
/// kernels::add_dot_rows(&[[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]], &[2.0, 1.0, 4.0], &mut sums);
/// assert_eq!(sums, [16.5, -3.0]);
/// ```
#[inline]
pub fn add_dot_rows<const N: usize>(rows: &[[f32; N]], x: &[f32; N], sums: &mut [f32]) {
    chosen::add_dot_rows(rows, x, sums);
}

/// [`add_dot_rows`] of a matrix whose shape is known only at run time: as many rows as sums, of the length of `x`, one behind the
/// other. Rows that the matrix does not have whole are left out.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut sums = [0.5, 0.0];
/// kernels::add_dot_matrix(&[1.0, 2.0, 3.0, 0.5, 0.0, -1.0], &[2.0, 1.0, 4.0], &mut sums);
/// assert_eq!(sums, [16.5, -3.0]);
/// ```
pub fn add_dot_matrix(matrix: &[f32], x: &[f32], sums: &mut [f32]) {
    #[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
    {
        let rows = matrix.len().checked_div(x.len()).unwrap_or(sums.len()).min(sums.len());
        return fpu::dot_matrix(matrix, x, sums.get_mut(..rows).unwrap_or_default());
    }
    #[cfg(not(all(feature = "asm", target_arch = "arm", target_abi = "eabihf")))]
    portable::add_dot_matrix(matrix, x, sums);
}

/// [`update_rows`] of a matrix whose shape is known only at run time: as many rows as rates, of the length of `features`, one
/// behind the other. Rows that the matrix does not have whole are left as they are.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut matrix = [1.0, 2.0, 0.5, 0.0];
/// kernels::update_matrix(&mut matrix, 1.0, &[0.5, -1.0], &[2.0, 4.0]);
/// assert_eq!(matrix, [0.0, 0.0, 2.5, 4.0]);
/// ```
#[inline]
pub fn update_matrix(matrix: &mut [f32], keep: f32, rates: &[f32], features: &[f32]) {
    #[cfg(all(feature = "asm", target_arch = "arm", target_abi = "eabihf"))]
    {
        let rows = matrix.len().checked_div(features.len()).unwrap_or_default().min(rates.len());
        return fpu::update_matrix(matrix, keep, rates.get(..rows).unwrap_or_default(), features);
    }
    #[cfg(not(all(feature = "asm", target_arch = "arm", target_abi = "eabihf")))]
    portable::update_matrix(matrix, keep, rates, features);
}

/// [`update_with_momentum`] of several rows, each with its own gradient: as many rows as gradients, of the length of `features`, one
/// behind the other, and velocities of the same shape. Rows that either does not have whole are left as they are.
///
/// ```
/// use gradient_decay::kernels::{self, MomentumFactors};
///
/// let factors = MomentumFactors { learning_rate: 0.5, momentum: 0.5, nesterov: false, weight_decay: 0.0 };
/// let (mut matrix, mut velocity) = ([1.0, 2.0, 0.5, 0.0], [0.0, 2.0, 0.0, 0.0]);
/// kernels::update_matrix_with_momentum(&mut matrix, &mut velocity, &factors, &[1.0, -1.0], &[2.0, 4.0]);
/// assert_eq!((matrix, velocity), ([0.0, -0.5, 1.5, 2.0], [2.0, 5.0, -2.0, -4.0]));
/// ```
#[inline]
pub fn update_matrix_with_momentum(
    matrix: &mut [f32],
    velocity: &mut [f32],
    factors: &MomentumFactors,
    gradient: &[f32],
    features: &[f32],
) {
    chosen::update_matrix_with_momentum(matrix, velocity, factors, gradient, features);
}

/// The sum of the absolute values, in order.
#[inline]
pub fn sum_of_magnitudes(values: &[f32]) -> f32 {
    chosen::sum_of_magnitudes(values)
}

/// Whether no magnitude is above a limit, a finite one of at least 0, and none is NaN.
///
/// ```
/// use gradient_decay::kernels;
///
/// assert!(kernels::all_within(&[1.0, -2.0], 2.0));
/// assert!(!kernels::all_within(&[1.0, -2.5], 2.0) && !kernels::all_within(&[f32::NAN], 2.0));
/// ```
#[inline]
pub fn all_within(values: &[f32], limit: f32) -> bool {
    chosen::all_within(values, limit)
}

/// `(feature - mean) scale` into `to`, element by element.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut standardized = [0.0; 2];
/// kernels::standardize(&[3.0, 1.0], &[2.0, 1.5], &[0.5, 4.0], &mut standardized);
/// assert_eq!(standardized, [0.5, -2.0]);
/// ```
#[inline]
pub fn standardize(features: &[f32], mean: &[f32], scale: &[f32], to: &mut [f32]) {
    chosen::standardize(features, mean, scale, to);
}

/// [`update`] of several rows, each with its own rate. A feature is loaded once for several rows.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut rows = [[1.0, 2.0], [0.5, 0.0]];
/// kernels::update_rows(&mut rows, 1.0, &[0.5, -1.0], &[2.0, 4.0]);
/// assert_eq!(rows, [[0.0, 0.0], [2.5, 4.0]]);
/// ```
#[inline]
pub fn update_rows<const N: usize>(rows: &mut [[f32; N]], keep: f32, rates: &[f32], features: &[f32; N]) {
    chosen::update_rows(rows, keep, rates, features);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_takes_every_length() {
        let a: [f32; 11] = core::array::from_fn(|i| i as f32);
        for n in 0..=11 {
            let exact: f32 = (0..n).map(|i| (i * i) as f32).sum();
            assert_eq!(dot(&a[..n], &a[..n]), exact);
            // What is beyond the shorter one is ignored.
            assert_eq!((dot(&a[..n], &a), dot(&a, &a[..n])), (exact, exact));
        }
    }

    /// Rows of one length have the bits that they have alone: less than a block of four, one block, and two with a rest.
    fn rows_together_and_alone<const N: usize>() {
        let row = |seed: usize| -> [f32; N] { core::array::from_fn(|i| ((i * 7 + seed) % 13) as f32 / 3.0 - 1.7) };
        let (x, every): (_, [_; 11]) = (row(8), core::array::from_fn(|seed| row(5 * seed + 1)));
        let rates: [f32; 11] = core::array::from_fn(|i| 0.3 * i as f32 - 1.4);
        for count in [3, 4, 11] {
            let mut sums = [0.25; 11];
            add_dot_rows(&every[..count], &x, &mut sums[..count]);
            let alone: [f32; 11] = core::array::from_fn(|i| if i < count { 0.25 + dot(&every[i], &x) } else { 0.25 });
            assert_eq!(sums, alone);
            for keep in [1.0, 0.999] {
                let (mut together, mut alone) = (every, every);
                update_rows(&mut together[..count], keep, &rates, &x);
                alone[..count].iter_mut().zip(rates).for_each(|(row, rate)| update(row, keep, rate, &x));
                assert_eq!(together, alone);
            }
        }
    }

    #[test]
    fn rows_have_their_own_bits_at_every_length() {
        rows_together_and_alone::<1>();
        rows_together_and_alone::<2>();
        rows_together_and_alone::<3>();
        rows_together_and_alone::<4>();
        rows_together_and_alone::<5>();
        rows_together_and_alone::<7>();
        rows_together_and_alone::<8>();
        rows_together_and_alone::<15>();
    }

    #[test]
    fn a_matrix_has_the_bits_of_its_rows() {
        let numbers: [f32; 60] = core::array::from_fn(|i| ((i * 7) % 13) as f32 / 3.0 - 1.7);
        for (rows, n) in [(1, 1), (3, 5), (4, 8), (6, 9), (5, 12), (7, 8), (3, 20)] {
            let (matrix, x) = (&numbers[..rows * n], &numbers[7..7 + n]);
            let (mut sums, rates) = ([0.25; 7], [0.3, -0.7, 0.1, 0.2, 0.5, -0.4, 0.6]);
            add_dot_matrix(matrix, x, &mut sums[..rows]);
            for (row, sum) in matrix.chunks(n).zip(sums) {
                assert_eq!(sum, 0.25 + dot(row, x));
            }
            for keep in [1.0, 0.999] {
                let (mut together, mut alone) = (numbers, numbers);
                update_matrix(&mut together[..rows * n], keep, &rates[..rows], x);
                alone[..rows * n].chunks_mut(n).zip(rates).for_each(|(row, rate)| update(row, keep, rate, x));
                assert_eq!(together, alone);
            }
        }
        // Too small a matrix, and no features.
        let mut sums = [0.0; 3];
        add_dot_matrix(&numbers[..5], &[1.0, 1.0], &mut sums);
        assert_eq!(sums[2], 0.0);
        add_dot_matrix(&numbers, &[], &mut sums);
        let mut numbers = numbers;
        update_matrix(&mut numbers[..5], 1.0, &[1.0; 3], &[1.0, 1.0]);
        assert_eq!(numbers[4], ((4 * 7) % 13) as f32 / 3.0 - 1.7);
    }

    #[test]
    fn largest_is_the_first_of_equals() {
        assert_eq!(largest(&[]), None);
        assert_eq!(largest(&[-3.0, 2.0, 2.0]), Some((1, 2.0)));
    }

    #[test]
    fn momentum_zero_is_the_plain_update() {
        let features = [0.5, -2.0, 3.0];
        let mut plain = [1.0, 2.0, 3.0];
        let mut heavy = plain;
        update(&mut plain, 1.0 - 0.25 * 0.5, 0.25 * 0.5, &features);
        let factors = MomentumFactors { learning_rate: 0.25, momentum: 0.0, nesterov: false, weight_decay: 0.5 };
        update_with_momentum(&mut heavy, &mut [0.0; 3], &factors, 0.5, &features);
        // All factors are powers of two, so both orders of operations are exact.
        assert_eq!(plain, heavy);
    }
}
