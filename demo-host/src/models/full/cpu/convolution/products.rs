//! Products of matrices whose columns stand in panels, so that no factor is copied into another order before.

/// The columns of a panel.
pub const PANEL: usize = 16;

/// The rows that are computed at once: with a panel they fill the registers of the processor.
pub const ROWS: usize = 4;

/// Writes `left * right` into `product`, all elements anew: `left` is `[rows][depth]`, `right` `[panels][depth][PANEL]` and
/// `product` `[rows][panels * PANEL]`. Where one of `left` and `product` has more rows, those are left alone.
#[inline(always)]
pub fn multiply(left: &[f32], right: &[f32], depth: usize, product: &mut [f32]) {
    let columns = right.len() / depth;
    let rows = (left.len() / depth).min(product.len() / columns);
    let (left, left_beyond) = left[..rows * depth].split_at(rows / ROWS * ROWS * depth);
    let (product, product_beyond) = product[..rows * columns].split_at_mut(rows / ROWS * ROWS * columns);
    for (left, product) in left.chunks_exact(ROWS * depth).zip(product.chunks_exact_mut(ROWS * columns)) {
        multiply_rows::<ROWS>(left, right, depth, product);
    }
    for (left, product) in left_beyond.chunks_exact(depth).zip(product_beyond.chunks_exact_mut(columns)) {
        multiply_rows::<1>(left, right, depth, product);
    }
}

/// [`multiply`] for `R` rows.
#[inline(always)]
fn multiply_rows<const R: usize>(left: &[f32], right: &[f32], depth: usize, product: &mut [f32]) {
    let columns = right.len() / depth;
    let mut rows = [&left[..depth]; R];
    for (row, elements) in rows.iter_mut().zip(left.chunks_exact(depth)) {
        *row = elements;
    }
    for (panel, right) in right.chunks_exact(depth * PANEL).enumerate() {
        let right = &right.as_chunks::<PANEL>().0[..depth];
        let mut sums = [[0.0_f32; PANEL]; R];
        for k in 0..depth {
            for row in 0..R {
                let factor = rows[row][k];
                for column in 0..PANEL {
                    sums[row][column] = factor.mul_add(right[k][column], sums[row][column]);
                }
            }
        }
        for row in 0..R {
            product[row * columns + panel * PANEL..][..PANEL].copy_from_slice(&sums[row]);
        }
    }
}

/// Adds `left^T * right` to `sum`: `left` is `[depth][rows]`, `right` `[depth][columns]` and `sum`
/// `[columns / PANEL][rows][PANEL]`.
#[inline(always)]
pub fn add_transposed_product(left: &[f32], rows: usize, right: &[f32], columns: usize, sum: &mut [f32]) {
    for (panel, sum) in sum.chunks_exact_mut(rows * PANEL).enumerate() {
        for (block, sum) in sum.as_chunks_mut::<PANEL>().0.chunks_exact_mut(ROWS).enumerate() {
            let mut sums = [[0.0_f32; PANEL]; ROWS];
            sums.copy_from_slice(sum);
            for (left, right) in left.chunks_exact(rows).zip(right.chunks_exact(columns)) {
                let left = &left[block * ROWS..][..ROWS];
                let right = &right[panel * PANEL..][..PANEL];
                for row in 0..ROWS {
                    for column in 0..PANEL {
                        sums[row][column] = left[row].mul_add(right[column], sums[row][column]);
                    }
                }
            }
            sum.copy_from_slice(&sums);
        }
    }
}
