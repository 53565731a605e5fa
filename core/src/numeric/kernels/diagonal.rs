//! Loops over the diagonal of `P = U D U^T`, of a rank-one update in Bierman's form.
//!
//! The order of operations is part of each function's contract, because the bits depend on it. Slices of different lengths are taken to
//! be as long as the shortest.

use crate::numeric::kernels::chosen;

/// `a - b` into `to`; returns the sum of the magnitudes of `a`, in order, which is above each of them.
#[inline]
pub fn subtract(a: &[f32], b: &[f32], to: &mut [f32]) -> f32 {
    chosen::subtract(a, b, to)
}

/// `D f` into `gain`, each `d f`; returns `f D f`, the products `f (d f)` summed in order.
#[inline]
pub fn gain(diagonal: &[f32], f: &[f32], gain: &mut [f32]) -> f32 {
    chosen::gain(diagonal, f, gain)
}

/// Updates `D` for a sample of `f = U^T d` and `gain = D f`, whose weight is `1 / start`, and replaces each `f` by the rate at which
/// [`update_product`](crate::kernels::update_product) changes its column. Returns the last `1 / alpha`.
///
/// With `alpha` at first `start`, and `sum` 0: `sum += f gain`, the rate is `-(f / alpha)`, `next = start + sum`, `d` is multiplied by
/// `alpha (1 / next)`, and `next` becomes `alpha`. The quotients are products with `1 / alpha`, of which there is one an element.
#[inline]
pub fn update_diagonal(diagonal: &mut [f32], f: &mut [f32], gain: &[f32], start: f32) -> f32 {
    chosen::update_diagonal(diagonal, f, gain, start)
}
