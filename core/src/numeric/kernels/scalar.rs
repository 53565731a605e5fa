//! The loops over one row or one slice, which have no assembly.

use crate::numeric::math::Math;

/// The dot product, summed in four interleaved lanes: lane `i % 4` takes element `i`, and the result is
/// `(lane 0 + lane 2) + (lane 1 + lane 3)`.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a_blocks, a_rest) = a.get(..n).unwrap_or_default().as_chunks::<4>();
    let (b_blocks, b_rest) = b.get(..n).unwrap_or_default().as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        add_products(&mut lanes, x, y);
    }
    finish(lanes, a_rest, b_rest)
}

/// The squared Euclidean distance, summed in the four lanes of [`dot`].
///
/// ```
/// use gradient_decay::kernels;
///
/// assert_eq!(kernels::squared_distance(&[1.0, 2.0, 0.0, 0.0, 5.0], &[0.0, 0.0, 0.0, 0.0, 3.0]), 9.0);
/// ```
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a_blocks, a_rest) = a.get(..n).unwrap_or_default().as_chunks::<4>();
    let (b_blocks, b_rest) = b.get(..n).unwrap_or_default().as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for ([x0, x1, x2, x3], [y0, y1, y2, y3]) in a_blocks.iter().zip(b_blocks) {
        let differences = [x0 - y0, x1 - y1, x2 - y2, x3 - y3];
        add_products(&mut lanes, &differences, &differences);
    }
    let mut rest = [0.0; 3];
    rest.iter_mut().zip(a_rest.iter().zip(b_rest)).for_each(|(to, (x, y))| *to = x - y);
    finish(lanes, &rest, &rest)
}

/// Adds the products of four elements to the four lanes of a row.
#[inline(always)]
pub(super) fn add_products(lanes: &mut [f32; 4], row: &[f32; 4], x: &[f32; 4]) {
    let [l0, l1, l2, l3] = lanes;
    let ([w0, w1, w2, w3], [x0, x1, x2, x3]) = (row, x);
    *l0 += w0 * x0;
    *l1 += w1 * x1;
    *l2 += w2 * x2;
    *l3 += w3 * x3;
}

/// Adds the products of the last elements, fewer than four, and sums the lanes.
#[inline(always)]
pub(super) fn finish(mut lanes: [f32; 4], row: &[f32], x: &[f32]) -> f32 {
    for (lane, (w, x)) in lanes.iter_mut().zip(row.iter().zip(x)) {
        *lane += w * x;
    }
    let [l0, l1, l2, l3] = lanes;
    (l0 + l2) + (l1 + l3)
}

/// The index and the value of the largest element; the first of equal ones. `None` if empty.
pub fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let (first, others) = values.split_first()?;
    // By references: a copying iterator is a call an element where the compiler is asked for small code.
    Some((1..).zip(others).fold((0, *first), |best, (index, x)| if *x > best.1 { (index, *x) } else { best }))
}

/// Replaces each x by `e^((x - shift) - more)` and returns their sum, in order. No x is above `shift + more`; -inf gives 0.
///
/// ```
/// use gradient_decay::{Libm, kernels};
///
/// let mut values = [3.0, 2.0, f32::NEG_INFINITY];
/// let sum = kernels::exp_and_sum::<Libm>(&mut values, 2.0, 1.0);
/// assert_eq!((values[0], values[2]), (1.0, 0.0));
/// assert!((sum - 1.367_879).abs() < 1e-6); // 1 + 1/e
/// ```
pub fn exp_and_sum<M: Math>(values: &mut [f32], shift: f32, more: f32) -> f32 {
    let mut sum = 0.0;
    for x in values {
        *x = M::exp((*x - shift) - more);
        sum += *x;
    }
    sum
}

/// The plain SGD update of a row: `w = keep w - rate x`.
///
/// `keep` is `1 - learning rate * weight decay`, `rate` the learning rate times the gradient of the row's logit. With
/// `keep = 1` this is `w - rate x` to the bit.
pub fn update(weights: &mut [f32], keep: f32, rate: f32, features: &[f32]) {
    if keep == 1.0 {
        for (w, x) in weights.iter_mut().zip(features) {
            *w -= rate * x;
        }
    } else {
        for (w, x) in weights.iter_mut().zip(features) {
            *w = keep * *w - rate * x;
        }
    }
}

/// The factors of an update with momentum; see [`update_with_momentum`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MomentumFactors {
    /// The learning rate.
    pub learning_rate: f32,
    /// The momentum.
    pub momentum: f32,
    /// Whether to look ahead (Nesterov).
    pub nesterov: bool,
    /// The weight decay.
    pub weight_decay: f32,
}

/// The SGD update of one row with momentum, as in Sutskever et al. (2013) in the form without dampening:
/// `d = g x + weight_decay w`, `v = momentum v + d`, `w = w - learning_rate v`, or with Nesterov
/// `w = w - learning_rate (d + momentum v)`. `gradient` is g, that of the row's logit.
pub fn update_with_momentum(
    weights: &mut [f32],
    velocity: &mut [f32],
    factors: &MomentumFactors,
    gradient: f32,
    features: &[f32],
) {
    let MomentumFactors { learning_rate, momentum, nesterov, weight_decay } = *factors;
    for ((w, v), x) in weights.iter_mut().zip(velocity).zip(features) {
        let slope = gradient * x + weight_decay * *w;
        *v = momentum * *v + slope;
        let direction = if nesterov { slope + momentum * *v } else { *v };
        *w -= learning_rate * direction;
    }
}
