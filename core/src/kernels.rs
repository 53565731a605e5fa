//! The loops that everything else is built from: slices or arrays in and out, no state and no checks.
//!
//! The order of operations is part of each function's contract, because the bits depend on it. Where two slices go
//! together, elements beyond the shorter one are ignored.

/// The dot product, summed in four interleaved lanes: lane `i % 4` takes element `i`, and the result is
/// `(lane 0 + lane 2) + (lane 1 + lane 3)`.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<4>();
    let (b_blocks, b_rest) = b.as_chunks::<4>();
    let mut lanes = [0.0_f32; 4];
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    for (lane, (x, y)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane += x * y;
    }
    let [l0, l1, l2, l3] = lanes;
    (l0 + l2) + (l1 + l3)
}

/// The dot products of several rows with the same `x`, each summed as [`dot`] does. An element of `x` is loaded once for
/// all rows.
pub fn dot_rows<const ROWS: usize, const N: usize>(rows: &[[f32; N]; ROWS], x: &[f32; N]) -> [f32; ROWS] {
    let mut lanes = [[0.0_f32; ROWS]; 4];
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
    core::array::from_fn(|row| (l0[row] + l2[row]) + (l1[row] + l3[row]))
}

/// The sum of the absolute values, in order.
pub fn sum_of_magnitudes(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |sum, x| sum + x.abs())
}

/// The index and the value of the largest element; the first of equal ones. `None` if empty.
pub fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let mut values = values.iter().copied().enumerate();
    let first = values.next()?;
    Some(values.fold(first, |best, candidate| if candidate.1 > best.1 { candidate } else { best }))
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

/// [`update`] of several rows, each with its own rate. A feature is loaded once for all rows.
pub fn update_rows<const ROWS: usize, const N: usize>(
    rows: &mut [[f32; N]; ROWS],
    keep: f32,
    rates: &[f32; ROWS],
    features: &[f32; N],
) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_takes_every_length() {
        let a: [f32; 11] = core::array::from_fn(|i| i as f32);
        for n in 0..=11 {
            let exact: f32 = (0..n).map(|i| (i * i) as f32).sum();
            assert_eq!(dot(&a[..n], &a[..n]), exact);
        }
    }

    /// Rows of one length have the bits that they have alone.
    fn rows_together_and_alone<const N: usize>() {
        let row = |seed: usize| -> [f32; N] { core::array::from_fn(|i| ((i * 7 + seed) % 13) as f32 / 3.0 - 1.7) };
        let (rows, x) = ([row(1), row(5), row(3)], row(8));
        assert_eq!(dot_rows(&rows, &x), rows.map(|row| dot(&row, &x)));
        for keep in [1.0, 0.999] {
            let (mut together, mut alone) = (rows, rows);
            let rates = [0.3, -0.7, 0.1];
            update_rows(&mut together, keep, &rates, &x);
            alone.iter_mut().zip(rates).for_each(|(row, rate)| update(row, keep, rate, &x));
            assert_eq!(together, alone);
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
