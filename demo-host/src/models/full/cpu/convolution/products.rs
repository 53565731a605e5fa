//! Products of matrices whose columns stand in panels, so that no factor is copied into another order before.

use pulp::Simd;

use crate::models::full::cpu::lanes::{registers, registers_mut};

/// The columns of a panel.
pub const PANEL: usize = 16;

/// Numbers of rows that are multiples of it have no single rows left.
pub const ROWS: usize = 4;

/// Writes `left * right` into `product`, all elements anew: `left` is `[rows][depth]`, `right` `[panels][depth][PANEL]` and
/// `product` `[rows][panels * PANEL]`. Where one of `left` and `product` has more rows, those are left alone.
#[inline(always)]
pub fn multiply<S: Simd>(simd: S, left: &[f32], right: &[f32], depth: usize, product: &mut [f32]) {
    // So many rows that their sums of a panel keep both units for fused multiplication and addition at work, and fit into the registers.
    match S::F32_LANES {
        16 => multiply_in::<S, 8, 1>(simd, left, right, depth, product),
        8 => multiply_in::<S, 4, 2>(simd, left, right, depth, product),
        4 => multiply_in::<S, 4, 4>(simd, left, right, depth, product),
        _ => multiply_in::<S, 1, PANEL>(simd, left, right, depth, product),
    }
}

/// [`multiply`] by `R` rows at once, with panels of `P` registers.
#[inline(always)]
fn multiply_in<S: Simd, const R: usize, const P: usize>(
    simd: S,
    left: &[f32],
    right: &[f32],
    depth: usize,
    product: &mut [f32],
) {
    let columns = right.len() / depth;
    let rows = (left.len() / depth).min(product.len() / columns);
    let (left, left_beyond) = left[..rows * depth].split_at(rows / R * R * depth);
    let (product, product_beyond) = product[..rows * columns].split_at_mut(rows / R * R * columns);
    // A depth that is known to the compiler needs no check in the innermost loop: these are the channels of the networks here.
    match depth {
        16 => multiply_all::<S, R, P, 16>(simd, left, right, depth, product),
        32 => multiply_all::<S, R, P, 32>(simd, left, right, depth, product),
        64 => multiply_all::<S, R, P, 64>(simd, left, right, depth, product),
        128 => multiply_all::<S, R, P, 128>(simd, left, right, depth, product),
        _ => multiply_all::<S, R, P, 1>(simd, left, right, depth, product),
    }
    multiply_all::<S, 1, P, 1>(simd, left_beyond, right, depth, product_beyond);
}

/// [`multiply_in`] for a multiple of `R` rows, whose depth is a multiple of `D`.
#[inline(always)]
fn multiply_all<S: Simd, const R: usize, const P: usize, const D: usize>(
    simd: S,
    left: &[f32],
    right: &[f32],
    depth: usize,
    product: &mut [f32],
) {
    let columns = right.len() / depth;
    for (left, product) in left.chunks_exact(R * depth).zip(product.chunks_exact_mut(R * columns)) {
        let left = left.as_chunks::<D>().0;
        for (panel, right) in right.chunks_exact(depth * PANEL).enumerate() {
            let right = registers::<S>(right).as_chunks::<P>().0.as_chunks::<D>().0;
            let mut sums = [[simd.splat_f32s(0.0); P]; R];
            for (part, right) in right.iter().enumerate() {
                for k in 0..D {
                    for row in 0..R {
                        let factor = simd.splat_f32s(left[row * (depth / D) + part][k]);
                        for register in 0..P {
                            sums[row][register] = simd.mul_add_f32s(factor, right[k][register], sums[row][register]);
                        }
                    }
                }
            }
            for row in 0..R {
                registers_mut::<S>(&mut product[row * columns + panel * PANEL..][..PANEL]).copy_from_slice(&sums[row]);
            }
        }
    }
}

/// Adds `left^T * right` to `sum`: `left` is `[depth][rows]`, `right` `[depth][columns]` and `sum`
/// `[columns / PANEL][rows][PANEL]`. The rows are a multiple of [`PANEL`].
#[inline(always)]
pub fn add_transposed_product<S: Simd>(
    simd: S,
    left: &[f32],
    rows: usize,
    right: &[f32],
    columns: usize,
    sum: &mut [f32],
) {
    match S::F32_LANES {
        16 => add_transposed_in::<S, 8, 1>(simd, left, rows, right, columns, sum),
        8 => add_transposed_in::<S, 4, 2>(simd, left, rows, right, columns, sum),
        4 => add_transposed_in::<S, 4, 4>(simd, left, rows, right, columns, sum),
        _ => add_transposed_in::<S, 1, PANEL>(simd, left, rows, right, columns, sum),
    }
}

/// [`add_transposed_product`] by `R` rows at once, with panels of `P` registers.
#[inline(always)]
fn add_transposed_in<S: Simd, const R: usize, const P: usize>(
    simd: S,
    left: &[f32],
    rows: usize,
    right: &[f32],
    columns: usize,
    sum: &mut [f32],
) {
    for (panel, sum) in sum.chunks_exact_mut(rows * PANEL).enumerate() {
        let sum = registers_mut::<S>(sum).as_chunks_mut::<P>().0;
        for (block, sum) in sum.chunks_exact_mut(R).enumerate() {
            let mut sums = [[simd.splat_f32s(0.0); P]; R];
            sums.copy_from_slice(sum);
            for (left, right) in left.chunks_exact(rows).zip(right.chunks_exact(columns)) {
                let left: &[f32; R] = left[block * R..].first_chunk().expect("R rows");
                let right = &registers::<S>(&right[panel * PANEL..][..PANEL])[..P];
                for row in 0..R {
                    let factor = simd.splat_f32s(left[row]);
                    for part in 0..P {
                        sums[row][part] = simd.mul_add_f32s(factor, right[part], sums[row][part]);
                    }
                }
            }
            sum.copy_from_slice(&sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;

    /// Both products of numbers of these sizes: rows, depth and columns.
    struct Both([usize; 3]);

    impl WithSimd for Both {
        type Output = [Vec<f32>; 2];

        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let [rows, depth, columns] = self.0;
            let [left, right] = [rows * depth, depth * columns].map(numbers);
            let mut product = vec![0.0; rows * columns];
            multiply(simd, &left, &right, depth, &mut product);
            // `left` as [depth][rows] and `right` as [depth][columns]; the rows are a multiple of PANEL.
            let whole = rows.next_multiple_of(PANEL);
            let mut sum = vec![0.5; whole * columns];
            add_transposed_product(simd, &numbers(depth * whole), whole, &right, columns, &mut sum);
            [product, sum]
        }
    }

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
    }

    #[test]
    fn the_instructions_do_not_change_a_bit() {
        for sizes in [[8, 16, 16], [13, 32, 32], [5, 48, 16], [9, 7, 32], [1, 128, 64]] {
            let plain = Both(sizes).with_simd(pulp::Scalar::new());
            let best = pulp::Arch::new().dispatch(Both(sizes));
            assert_eq!(plain, best, "{sizes:?}");
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V3::try_new() {
                assert_eq!(plain, Simd::vectorize(simd, Both(sizes)), "{sizes:?}");
            }

            let [rows, depth, columns] = sizes;
            let [left, right] = [rows * depth, depth * columns].map(numbers);
            for (row, found) in plain[0].chunks_exact(columns).enumerate() {
                for (column, found) in found.iter().enumerate() {
                    let of_panel = |k: usize| right[(column / PANEL * depth + k) * PANEL + column % PANEL];
                    let wanted: f32 = (0..depth).map(|k| left[row * depth + k] * of_panel(k)).sum();
                    assert!((found - wanted).abs() < 1e-4, "{sizes:?}: {found}, not {wanted}");
                }
            }
        }
    }
}
