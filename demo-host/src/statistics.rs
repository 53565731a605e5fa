//! Differences between paired values, and whether they are beyond chance.

use simulation::statistics::student_quantile;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Paired differences: their mean, and its confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The mean.
    pub mean: f64,
    /// Half of its 95 % confidence interval by Student's t.
    pub interval: f64,
    /// The probability of a mean at least as far from 0 if there were no difference, by the same distribution (two-sided).
    pub p: f64,
    /// The number of pairs.
    pub count: usize,
}

impl PairedDifference {
    /// From at least two finite differences; `None` otherwise. Values that are counted in steps of `resolution`, such as whole epochs,
    /// are each rounded by up to half a step: their differences are assumed to have a standard deviation of at least `resolution * sqrt(1/6)`,
    /// which is the effect of rounding alone (Sheppard 1898). So three equal differences of one step decide nothing.
    pub fn of(differences: &[f64], resolution: f64) -> Option<Self> {
        let count = differences.len();
        if count < 2 || differences.iter().any(|difference| !difference.is_finite()) {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / count as f64;
        let squares: f64 = differences.iter().map(|difference| (difference - mean) * (difference - mean)).sum();
        let deviation = (squares / (count - 1) as f64).sqrt().max(resolution * (1.0_f64 / 6.0).sqrt());
        let error = deviation / (count as f64).sqrt();
        let distribution = StudentsT::new(0.0, 1.0, (count - 1) as f64).ok()?;
        let p = if error > 0.0 { 2.0 * distribution.sf(mean.abs() / error) } else { f64::from(u8::from(mean == 0.0)) };
        Some(PairedDifference { mean, interval: student_quantile(count - 1) * error, p, count })
    }
}

/// The p-values of several tests of one claim, in the order given, adjusted by Holm's method (S. Holm 1979): if each is compared with a level,
/// the probability of any false claim is at most that level.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, test) in order.into_iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[test]).min(1.0));
        adjusted[test] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_as_tables_have_them() {
        for (freedom, expected) in [(1, 12.706), (2, 4.303), (9, 2.262), (19, 2.093), (45, 2.014), (1000, 1.962)] {
            let quantile = student_quantile(freedom);
            assert!((quantile - expected).abs() < 1e-3, "{freedom}: {quantile}");
        }
        assert_eq!(student_quantile(0), f64::INFINITY);
    }

    #[test]
    fn a_difference_by_hand() {
        // Mean 3, deviation sqrt(7), so t = 3 / sqrt(7/3); by two degrees of freedom p = 1 - t / sqrt(2 + t^2).
        let difference = PairedDifference::of(&[1.0, 2.0, 6.0], 0.0).unwrap();
        let error = (7.0_f64 / 3.0).sqrt();
        let t = 3.0 / error;
        assert_eq!((difference.mean, difference.count), (3.0, 3));
        assert!((difference.interval - 4.302_653 * error).abs() < 1e-5, "{difference:?}");
        assert!((difference.p - (1.0 - t / (2.0 + t * t).sqrt())).abs() < 1e-9, "{difference:?}");
        // The interval leaves 0 out where p is below 0.05, and only there.
        for offset in [-2.0, 0.5, 3.0, 9.0, 20.0] {
            let difference = PairedDifference::of(&[offset, offset + 1.0, offset + 2.5], 0.0).unwrap();
            assert_eq!(difference.p < 0.05, difference.mean.abs() > difference.interval, "{difference:?}");
        }
        assert_eq!(PairedDifference::of(&[1.0], 0.0), None);
        assert_eq!(PairedDifference::of(&[1.0, f64::INFINITY], 0.0), None);
    }

    #[test]
    fn equal_differences_of_counted_epochs_decide_only_if_they_are_large() {
        let p = |epochs: f64, seeds| PairedDifference::of(&vec![epochs; seeds], 1.0).unwrap().p;
        assert!(p(1.0, 3) > 0.05 && p(0.0, 10) == 1.0);
        assert!(p(3.0, 3) < 0.05 && p(1.0, 10) < 0.05);
        assert_eq!(PairedDifference::of(&[0.0; 3], 0.0).unwrap().p, 1.0);
    }

    #[test]
    fn holm_by_hand() {
        // His example's scheme: 3 x 0.01, then 2 x 0.04, then 1 x 0.03 which may not be below the one before.
        let adjusted = holm(&[0.04, 0.01, 0.03]);
        for (value, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!((value - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
