//! Means, deviations and intervals over orders.

use statrs::distribution::{ContinuousCDF, StudentsT};

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

/// The 97.5 % quantile of Student's t distribution with so many degrees of freedom; infinite for none.
pub fn student_quantile(freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64).map_or(f64::INFINITY, |distribution| distribution.inverse_cdf(0.975))
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
        Difference { mean, interval: student_quantile(n.saturating_sub(1)) * deviation / (n as f64).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_and_difference_by_hand() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0]);
        assert!((spread.mean - 2.5).abs() < 1e-12 && (spread.deviation - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        // What differs between orders and not between learners plays no part.
        let difference = Difference::of(&[1.5, 12.4, 3.5, 24.6], &[1.0, 12.0, 3.0, 24.0]);
        assert!((difference.mean - 0.5).abs() < 1e-9 && difference.interval < 0.15, "{difference:?}");
    }
}
