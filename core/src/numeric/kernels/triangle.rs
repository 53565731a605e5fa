//! Loops over a unit upper triangular matrix `U`, packed: its ones and zeros are not stored.
//!
//! # Layout
//! The matrix of `n` rows is stored in panels of [`PANEL`] rows, the first rows first. A panel holds its columns from the left: first the
//! columns of its own triangle, of 1, 2, .. 7 numbers, then a whole column of eight numbers for every row below the panel. The last
//! panel may have fewer rows, and is a triangle alone. That makes `n (n - 1) / 2` numbers, see [`packed`]. A column of a panel is what a
//! processor loads at once, whichever way the matrix is gone through.
//!
//! The order of operations is part of each function's contract, because the bits depend on it.

use crate::numeric::kernels::chosen;

/// The rows of a panel.
pub const PANEL: usize = 8;

/// The numbers of a packed matrix of `n` rows: `n (n - 1) / 2`.
pub const fn packed(n: usize) -> usize {
    if n == 0 { 0 } else { n * (n - 1) / 2 }
}

/// Whether `u` has [`packed`] numbers for `n` rows. Where that is more than a `usize` can say, it is more than a slice can have.
#[inline(always)]
pub(super) const fn holds(u: &[f32], n: usize) -> bool {
    u.len() >= n.saturating_mul(n.saturating_sub(1)) / 2
}

/// `U^T x` into `to`: element `j` becomes `x_j` plus `U_ij x_i` for each `i < j`, the products of each panel summed by themselves, in four lanes, `(l0 + l2) + (l1 + l3)` with `l_k = U_kj x_k + U_(k+4)j x_(k+4)`; those of its own triangle one by one.
///
/// `u` has [`packed`] numbers for the length of `x`, and `to` that length; what is beyond is ignored, and nothing done if one has fewer.
///
/// ```
/// use gradient_decay::kernels;
///
/// // 1 2 3
/// //   1 4
/// //     1
/// let mut product = [0.0; 3];
/// kernels::transposed_product(&[2.0, 3.0, 4.0], &[1.0, 10.0, 100.0], &mut product);
/// assert_eq!(product, [1.0, 12.0, 143.0]);
/// ```
#[inline]
pub fn transposed_product(u: &[f32], x: &[f32], to: &mut [f32]) {
    chosen::transposed_product(u, x, to);
}

/// Replaces `x` by `U x`: element `i` becomes `x_i` plus `U_ij x_j` for each `j > i`, in ascending order.
///
/// `u` has [`packed`] numbers for the length of `x`; what is beyond is ignored, and nothing done if it has fewer.
///
/// ```
/// use gradient_decay::kernels;
///
/// // 1 2 3
/// //   1 4
/// //     1
/// let mut x = [1.0, 10.0, 100.0];
/// kernels::product(&[2.0, 3.0, 4.0], &mut x);
/// assert_eq!(x, [321.0, 410.0, 100.0]);
/// ```
#[inline]
pub fn product(u: &[f32], x: &mut [f32]) {
    chosen::product(u, x);
}

/// Replaces `x` by `U x`, as [`product`] does, and on the way each `U_ij` by `U_ij + rates_j s_i`, where `s_i` is the sum so far: `x_i` plus
/// the products of the columns before `j`. That is the update of Bierman's factorisation, with `x = D U^T d`.
///
/// `u` has [`packed`] numbers for the length of `x`, and `rates` that length; what is beyond is ignored, and nothing done if one has fewer.
///
/// ```
/// use gradient_decay::kernels;
///
/// let (mut u, mut x) = ([2.0, 3.0, 4.0], [1.0, 10.0, 100.0]);
/// kernels::update_product(&mut u, &[0.0, 1.0, 0.5], &mut x);
/// assert_eq!((u, x), ([3.0, 13.5, 9.0], [321.0, 410.0, 100.0]));
/// ```
#[inline]
pub fn update_product(u: &mut [f32], rates: &[f32], x: &mut [f32]) {
    chosen::update_product(u, rates, x);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lengths::steps;
    use std::vec::Vec;

    /// The position of `U_ij`, `i < j`.
    fn at(n: usize, i: usize, j: usize) -> usize {
        let panel = i / PANEL;
        let before: usize = (0..panel).map(|p| PANEL * (PANEL - 1) / 2 + PANEL * (n - PANEL * (p + 1))).sum();
        let (row, column) = (i % PANEL, j - PANEL * panel);
        before + if column < PANEL { column * (column - 1) / 2 + row } else { 28 + PANEL * (column - PANEL) + row }
    }

    fn number(seed: usize) -> f32 {
        (seed * 37 % 101) as f32 / 50.0 - 1.0
    }

    #[test]
    fn every_number_is_where_the_layout_says() {
        for n in [1, 2, 7, 8, 9, 15, 16, 17, 24, 30] {
            let mut seen: Vec<usize> = (0..n).flat_map(|j| (0..j).map(move |i| at(n, i, j))).collect();
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(0..packed(n)), "{n}");
        }
    }

    /// Against the sums as they are written in a textbook, in f64.
    #[test]
    fn products_and_update_are_those_of_the_unpacked_matrix() {
        for n in [1, 2, 7, 8, 9, 15, 16, 17, 24, 30, 64].into_iter().take(steps(8, 11)) {
            let u: Vec<f32> = (0..packed(n)).map(number).collect();
            let x: Vec<f32> = (0..n).map(|i| number(i + 5)).collect();
            let rates: Vec<f32> = (0..n).map(|i| 0.1 * number(i + 11)).collect();
            let element = |i: usize, j: usize| f64::from(u[at(n, i, j)]);
            let near = |found: f32, expected: f64| {
                assert!((f64::from(found) - expected).abs() < 1e-4, "{n} {found} {expected}");
            };

            let mut transposed = std::vec![9.0; n];
            transposed_product(&u, &x, &mut transposed);
            let mut plain = x.clone();
            product(&u, &mut plain);
            let (mut updated, mut with_update) = (u.clone(), x.clone());
            update_product(&mut updated, &rates, &mut with_update);
            assert_eq!(with_update, plain);
            for j in 0..n {
                let expected = f64::from(x[j]) + (0..j).map(|i| element(i, j) * f64::from(x[i])).sum::<f64>();
                near(transposed[j], expected);
                let expected = f64::from(x[j]) + (j + 1..n).map(|k| element(j, k) * f64::from(x[k])).sum::<f64>();
                near(plain[j], expected);
                for i in 0..j {
                    let before = f64::from(x[i]) + (i + 1..j).map(|k| element(i, k) * f64::from(x[k])).sum::<f64>();
                    near(updated[at(n, i, j)], element(i, j) + f64::from(rates[j]) * before);
                }
            }
        }
    }

    #[test]
    fn slices_of_other_lengths_are_no_panic() {
        for (u, x, to) in [(5, 9, 9), (0, 3, 3), (36, 9, 4), (100, 3, 0), (0, 0, 3)] {
            transposed_product(&std::vec![0.5; u], &std::vec![1.0; x], &mut std::vec![1.0; to]);
            product(&std::vec![0.5; u], &mut std::vec![1.0; x]);
            update_product(&mut std::vec![0.5; u], &std::vec![1.0; to], &mut std::vec![1.0; x]);
        }
    }
}
