//! Pearson's chi-square test of counts against their expected values.

/// The probability that a test fails by chance.
const CHANCE: f64 = 1e-6;

/// The value that a chi-square variable with `freedom` degrees of freedom exceeds with a probability of 1e-6, by numerical integration of the
/// density of its square root in steps of 1e-4, from above.
pub fn quantile(freedom: usize) -> f64 {
    const STEP: f64 = 1e-4;
    let f = freedom as f64;
    let steps = ((f.sqrt() + 12.0) / STEP) as usize;
    let peak = f.max(1.0);
    // Relative to the density near its maximum.
    let density = |root: f64| ((f - 1.0) * (root / peak.sqrt()).ln() - 0.5 * (root * root - peak)).exp();
    let root = |i: usize| (i as f64 + 0.5) * STEP;
    let all: f64 = (0..steps).map(|i| density(root(i))).sum();
    let mut tail = 0.0;
    let beyond = (0..steps).rev().find(|i| {
        tail += density(root(*i));
        tail >= CHANCE * all
    });
    root(beyond.unwrap_or_default()).powi(2)
}

/// Checks counts with the given expected values and a fixed sum, so that the degrees of freedom are one less than the number of counts.
///
/// # Panics
/// If such a deviation, or a larger one, has a probability below 1e-6.
pub fn check(what: &str, counts: &[u32], expected: &[f64]) {
    assert_eq!(counts.len(), expected.len());
    let terms = counts.iter().zip(expected).map(|(count, expected)| (f64::from(*count) - expected).powi(2) / expected);
    check_sum(what, terms.sum(), counts.len() - 1);
}

/// Checks a sum of squares that has a chi-square distribution with `freedom` degrees of freedom.
///
/// # Panics
/// If such a sum, or a larger one, has a probability below 1e-6.
pub fn check_sum(what: &str, sum: f64, freedom: usize) {
    let most = quantile(freedom);
    println!("{what}: chi-square {sum:.1} of {freedom}, at most {most:.1}");
    assert!(sum <= most, "{what}: chi-square {sum} of {freedom} degrees of freedom is beyond {most}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For an even number of degrees of freedom, the probability beyond x is `exp(-x / 2)` times the sum of `(x / 2)^i / i!` over i below half
    /// of them.
    #[test]
    fn quantiles_are_those_of_the_distribution() {
        for freedom in [2, 4, 38, 90] {
            let half = quantile(freedom) / 2.0;
            let terms = (1..freedom / 2).scan(1.0, |term, i| {
                *term *= half / i as f64;
                Some(*term)
            });
            let beyond = (-half).exp() * (1.0 + terms.sum::<f64>());
            assert!((beyond / CHANCE - 1.0).abs() < 0.01, "{freedom}: {beyond:e}");
        }
        assert!((quantile(1) - 23.928).abs() < 0.01);
    }
}
