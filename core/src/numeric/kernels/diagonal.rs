//! Loops over the diagonal of `P = U D U^T`, of a rank-one update in Bierman's form.
//!
//! The order of operations is part of each function's contract, because the bits depend on it. If slices differ in length, elements beyond
//! the shortest are ignored.

use crate::numeric::kernels::chosen;

/// `a - b` into `to`; returns the sum of the magnitudes of `a`, in order, which is above each of them.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut difference = [0.0; 2];
/// assert_eq!(kernels::subtract(&[1.0, -2.0], &[0.5, 1.0], &mut difference), 3.0);
/// assert_eq!(difference, [0.5, -3.0]);
/// ```
#[inline]
pub fn subtract(a: &[f32], b: &[f32], to: &mut [f32]) -> f32 {
    chosen::subtract(a, b, to)
}

/// `D f` into `gain`, each `d f`; returns `f D f`, the products `f (d f)` summed in order.
///
/// ```
/// use gradient_decay::kernels;
///
/// let mut gain = [0.0; 2];
/// assert_eq!(kernels::gain(&[2.0, 0.5], &[1.0, -4.0], &mut gain), 10.0);
/// assert_eq!(gain, [2.0, -2.0]);
/// ```
#[inline]
pub fn gain(diagonal: &[f32], f: &[f32], gain: &mut [f32]) -> f32 {
    chosen::gain(diagonal, f, gain)
}

/// Updates `D` for a sample of `f = U^T d` and `gain = D f`, whose weight is `1 / start`, and replaces each `f` by the rate at which
/// [`update_product`](crate::kernels::update_product) changes its column. Returns the last `1 / alpha`.
///
/// With `alpha` at first `start`, and `sum` 0: `sum += f gain`, the rate is `-(f / alpha)`, `next = start + sum`, `d` is multiplied by
/// `alpha (1 / next)`, and `next` becomes `alpha`. The quotients are products with `1 / alpha`, of which there is one an element.
///
/// ```
/// use gradient_decay::kernels;
///
/// let (mut diagonal, mut f) = ([2.0, 0.5], [1.0, -4.0]);
/// // alpha is 2, then 2 + 2, then 4 + 8.
/// assert_eq!(kernels::update_diagonal(&mut diagonal, &mut f, &[2.0, -2.0], 2.0), 1.0 / 12.0);
/// assert_eq!((diagonal[0], f), (1.0, [-0.5, 1.0]));
/// assert!((diagonal[1] - 0.5 * 4.0 / 12.0).abs() < 1e-7);
/// ```
#[inline]
pub fn update_diagonal(diagonal: &mut [f32], f: &mut [f32], gain: &[f32], start: f32) -> f32 {
    chosen::update_diagonal(diagonal, f, gain, start)
}
