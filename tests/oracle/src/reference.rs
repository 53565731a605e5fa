//! The method in f64, written from the equations of the paper (arXiv 2210.17145) in their plainest form.

/// softmax(z).
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let maximum = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|z| (z - maximum).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}

/// z - max z + ln(beta) onehot(c). Subtracting the maximum changes no result, and keeps ln(beta) from being rounded away
/// if logits are huge.
fn shifted(logits: &[f64], target: usize, beta: f64) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shift = |(i, z): (usize, &f64)| z - top + if i == target { beta.ln() } else { 0.0 };
    logits.iter().enumerate().map(shift).collect()
}

/// L(z, c; beta) = CE(z + ln(beta) onehot(c), c), as ln(1 + the others' share) or by log-sum-exp, whichever is
/// accurate.
pub fn loss(logits: &[f64], target: usize, beta: f64) -> f64 {
    let z = shifted(logits, target, beta);
    let others = (0..z.len()).filter(|i| *i != target);
    let top = others.clone().map(|i| z[i]).fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return 0.0;
    }
    let sum: f64 = others.map(|i| (z[i] - top).exp()).sum();
    let margin = top + sum.ln() - z[target];
    if margin > 0.0 { margin + (-margin).exp().ln_1p() } else { margin.exp().ln_1p() }
}

/// dL/dz = q - onehot(c), q = softmax(z + ln(beta) onehot(c)).
pub fn gradient(logits: &[f64], target: usize, beta: f64) -> Vec<f64> {
    let mut q = softmax(&shifted(logits, target, beta));
    q[target] = -(0..q.len()).filter(|i| *i != target).map(|i| q[i]).sum::<f64>();
    q
}

/// The coefficients of a target distribution as in PyTorch's cross-entropy: smoothed, then weighted.
pub fn coefficients(distribution: &[f64], smoothing: f64, weights: &[f64]) -> Vec<f64> {
    let share = smoothing / distribution.len() as f64;
    distribution.iter().zip(weights).map(|(t, w)| w * ((1.0 - smoothing) * t + share)).collect()
}

/// sum_k a_k L(z, k; beta).
pub fn expected_loss(logits: &[f64], coefficients: &[f64], beta: f64) -> f64 {
    let terms = coefficients.iter().enumerate().filter(|(_, a)| **a > 0.0);
    terms.map(|(class, a)| a * loss(logits, class, beta)).sum()
}

/// Its gradient, sum_k a_k dL(z, k; beta) / dz.
pub fn expected_gradient(logits: &[f64], coefficients: &[f64], beta: f64) -> Vec<f64> {
    let mut sum = vec![0.0; logits.len()];
    for (class, a) in coefficients.iter().enumerate() {
        sum.iter_mut().zip(gradient(logits, class, beta)).for_each(|(sum, g)| *sum += a * g);
    }
    sum
}

/// dL/dz by central differences of the loss.
pub fn central_differences(logits: &[f64], target: usize, beta: f64) -> Vec<f64> {
    const STEP: f64 = 1e-4;
    let at = |i: usize, step: f64| {
        let mut z = logits.to_vec();
        z[i] += step;
        loss(&z, target, beta)
    };
    (0..logits.len()).map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP)).collect()
}

/// g(p) = (1 - p) / (1 - (1 - beta) p).
pub fn gradient_magnitude(p: f64, beta: f64) -> f64 {
    (1.0 - p) / (1.0 - (1.0 - beta) * p)
}

/// G(beta), the integral of g over [0, 1], by the tanh-sinh rule, which stays accurate where g is steep at an end, as for extreme
/// beta.
pub fn mean_gradient(beta: f64) -> f64 {
    const H: f64 = 1.0 / 64.0;
    let half_pi = std::f64::consts::FRAC_PI_2;
    let term = |k: i32| {
        let t = f64::from(k) * H;
        let u = half_pi * t.sinh();
        // p and 1 - p, each accurate near 0.
        let (p, rest) = (1.0 / (1.0 + (-2.0 * u).exp()), 1.0 / (1.0 + (2.0 * u).exp()));
        let weight = H * half_pi * t.cosh() * 0.5 / u.cosh().powi(2);
        weight * rest / (rest + beta * p)
    };
    (-256..=256).map(term).sum()
}

/// pi_k = p_k (1 + (beta - 1) p_k) / sum_j p_j (1 + (beta - 1) p_j), p = softmax(z).
pub fn consistent_probabilities(logits: &[f64], beta: f64) -> Vec<f64> {
    let terms: Vec<f64> = softmax(logits).iter().map(|p| p * (1.0 + (beta - 1.0) * p)).collect();
    let sum: f64 = terms.iter().sum();
    terms.iter().map(|term| term / sum).collect()
}

/// The logits, the last pinned at 0, that minimise the expected loss `sum_c pi_c L(z, c; beta)`: Newton's method with
/// halved steps.
pub fn minimise_expected_loss(pi: &[f64], beta: f64) -> Vec<f64> {
    let classes = pi.len();
    let expected = |z: &[f64]| -> f64 { (0..classes).map(|c| pi[c] * loss(z, c, beta)).sum() };
    let mut z: Vec<f64> = pi.iter().map(|p| (p / pi[classes - 1]).ln()).collect();
    for _ in 0..200 {
        let free = classes - 1;
        let mut slope = vec![0.0; free];
        let mut hessian = vec![vec![0.0; free]; free];
        for (c, pi) in pi.iter().enumerate() {
            let gradient = gradient(&z, c, beta);
            let q: Vec<f64> = (0..classes).map(|i| gradient[i] + f64::from(u8::from(i == c))).collect();
            for i in 0..free {
                slope[i] += pi * gradient[i];
                hessian[i][i] += pi * q[i];
                for j in 0..free {
                    hessian[i][j] -= pi * q[i] * q[j];
                }
            }
        }
        let direction = solve(hessian, slope);
        let before = expected(&z);
        let moved = |scale: f64| -> Vec<f64> {
            (0..classes).map(|i| if i < free { z[i] - scale * direction[i] } else { 0.0 }).collect()
        };
        let largest = direction.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
        // Close to the minimum the differences of the loss are below rounding, but the full Newton step converges.
        let scale = if largest < 1e-3 {
            Some(1.0)
        } else {
            (0..40).map(|k| 0.5_f64.powi(k)).find(|scale| expected(&moved(*scale)) <= before)
        };
        z = moved(scale.unwrap_or(0.0));
        if largest < 1e-14 {
            break;
        }
    }
    z
}

/// Gaussian elimination with pivoting.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|i, j| a[*i][column].abs().total_cmp(&a[*j][column].abs())).unwrap_or(column);
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..n {
            let factor = a[row][column] / a[column][column];
            let above = a[column].clone();
            a[row].iter_mut().zip(&above).for_each(|(x, y)| *x -= factor * y);
            b[row] -= factor * b[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| a[row][k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerances::CENTRAL_DIFFERENCE;

    #[test]
    fn gradient_is_the_slope_of_the_loss() {
        for beta in [1e-3, 0.5, 1.0, 30.0] {
            let logits = [0.3, -2.0, 4.0, 1.0];
            for target in 0..4 {
                let pairs = gradient(&logits, target, beta).into_iter().zip(central_differences(&logits, target, beta));
                pairs.for_each(|(exact, difference)| assert!((exact - difference).abs() < CENTRAL_DIFFERENCE));
            }
        }
    }

    #[test]
    fn published_values_of_the_mean_gradient() {
        for (beta, g) in
            [(0.01, 0.963), (0.1, 0.827), (0.5, 0.614), (1.0, 0.5), (2.0, 0.386), (5.0, 0.253), (20.0, 0.113)]
        {
            assert!((mean_gradient(beta) - g).abs() < 6e-4, "G({beta}) = {}", mean_gradient(beta));
        }
    }
}
