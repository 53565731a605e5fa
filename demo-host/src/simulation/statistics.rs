//! Means, deviations and intervals over orders.

/// The mean over orders of a figure, how much it varies, and how it compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of one order.
    pub deviation: f64,
}

/// A difference between two figures of the same orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Its mean.
    pub mean: f64,
    /// Half the 95 % interval of its mean, by Student's t.
    pub interval: f64,
}

impl Spread {
    /// Of the values of at least one order.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Spread { mean, deviation: (squares / f64::max(n - 1.0, 1.0)).sqrt() }
    }
}

impl Difference {
    /// Of `values` less `others`, order by order.
    pub fn of(values: &[f64], others: &[f64]) -> Self {
        let differences: Vec<f64> = values.iter().zip(others).map(|(a, b)| a - b).collect();
        let Spread { mean, deviation } = Spread::of(&differences);
        let n = differences.len();
        Difference { mean, interval: student_95(n.saturating_sub(1)) * deviation / (n as f64).sqrt() }
    }
}

/// The 97.5 % quantile of Student's t with so many degrees of freedom: tabled below 10, from there by an expansion in their inverse
/// (Abramowitz and Stegun, 26.7.5), which is off by less than 0.001. Infinite for 0.
fn student_95(freedom: usize) -> f64 {
    const FEW: [f64; 10] = [f64::INFINITY, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
    if let Some(tabled) = FEW.get(freedom) {
        return *tabled;
    }
    const Z: f64 = 1.959_964;
    let (v, z2) = (freedom as f64, Z * Z);
    let first = Z * (z2 + 1.0) / 4.0;
    let second = Z * (5.0 * z2 * z2 + 16.0 * z2 + 3.0) / 96.0;
    let third = Z * (3.0 * z2.powi(3) + 19.0 * z2 * z2 + 17.0 * z2 - 15.0) / 384.0;
    Z + first / v + second / (v * v) + third / v.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_as_tables_have_it() {
        for (freedom, expected) in [(1, 12.706), (9, 2.262), (10, 2.228), (19, 2.093), (45, 2.014), (1000, 1.962)] {
            assert!((student_95(freedom) - expected).abs() < 1e-3, "{freedom}: {}", student_95(freedom));
        }
    }

    #[test]
    fn spread_and_difference_by_hand() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0]);
        assert!((spread.mean - 2.5).abs() < 1e-12 && (spread.deviation - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        // What differs between orders and not between learners plays no part.
        let difference = Difference::of(&[1.5, 12.4, 3.5, 24.6], &[1.0, 12.0, 3.0, 24.0]);
        assert!((difference.mean - 0.5).abs() < 1e-9 && difference.interval < 0.15, "{difference:?}");
    }
}
