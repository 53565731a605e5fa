//! The nearest class mean.

use anyhow::Result;

use crate::learner::{Learner, softmax};
use crate::samples::Start;

/// Class means, and distances to them.
pub struct NearestMean {
    means: Vec<Vec<f64>>,
    /// The weight of each mean; 0 of a class that never came.
    counts: Vec<f64>,
    /// The sum of the squared deviations within classes, of each feature.
    squares: Vec<f64>,
    /// The labels, and the samples that the host's spread counts for.
    labels: f64,
    scaled: bool,
    temperature: f64,
}

/// The samples that the host's spread within classes counts for, or a spread of 1 from nothing.
const PRIOR_SPREAD: f64 = 16.0;

impl NearestMean {
    /// From the host's means, each as if it were of `prior` samples, or from nothing. `scaled`: distances are in units of the spread
    /// within classes, one for each feature. Half the squared distance over the temperature is the logit, negated.
    pub fn new(start: &Start, scaled: bool, prior: f64, temperature: f64) -> Self {
        let mut new = NearestMean {
            means: vec![vec![0.0; start.width]; start.room],
            counts: vec![0.0; start.room],
            squares: vec![PRIOR_SPREAD; start.width],
            labels: PRIOR_SPREAD,
            scaled,
            temperature,
        };
        if let Some(base) = &start.base {
            let moments = base.samples.moments(start.classes);
            let spread = moments.within.iter().sum::<f64>() / start.width as f64;
            new.means[..start.classes].clone_from_slice(&moments.means);
            new.counts[..start.classes].fill(prior);
            // A feature that hardly varies would outweigh all others.
            new.squares = moments.within.iter().map(|v| PRIOR_SPREAD * v.max(0.01 * spread)).collect();
        }
        new
    }
}

impl Learner for NearestMean {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        let count = &mut self.counts[class];
        let rate = 1.0 / (*count + 1.0);
        for ((mean, square), x) in self.means[class].iter_mut().zip(&mut self.squares).zip(features) {
            let off = f64::from(*x) - *mean;
            *square += off * off * *count * rate;
            *mean += off * rate;
        }
        *count += 1.0;
        self.labels += 1.0;
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        for ((p, mean), count) in probabilities.iter_mut().zip(&self.means).zip(&self.counts) {
            let squared = features.iter().zip(mean).zip(&self.squares).map(|((x, mean), square)| {
                let off = f64::from(*x) - mean;
                off * off / if self.scaled { square / self.labels } else { 1.0 }
            });
            *p = if *count > 0.0 { -0.5 * squared.sum::<f64>() / self.temperature } else { f64::NEG_INFINITY };
        }
        softmax(probabilities);
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        let spread = if self.scaled { self.squares.len() + 1 } else { 0 };
        4 * (self.means.iter().map(Vec::len).sum::<usize>() + self.counts.len() + spread)
    }

    fn multiply_adds(&self) -> u64 {
        self.squares.len() as u64 * if self.scaled { 3 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_spread_and_probabilities_by_hand() {
        let start = Start { width: 1, room: 3, classes: 0, base: None, seed: 1 };
        let mut learner = NearestMean::new(&start, false, 1.0, 2.0);
        for (x, class) in [(0.0, 0), (2.0, 0), (4.0, 1)] {
            learner.learn(&[x], class).unwrap();
        }
        assert_eq!((learner.means[0][0], learner.means[1][0], learner.squares[0]), (1.0, 4.0, PRIOR_SPREAD + 2.0));
        let mut p = [0.0; 3];
        learner.probabilities(&[2.0], &mut p).unwrap();
        // Squared distances 1 and 4: logits -1/4 and -1.
        assert!((p[0] - 1.0 / (1.0 + (-0.75_f64).exp())).abs() < 1e-12 && p[2] == 0.0, "{p:?}");
    }
}
