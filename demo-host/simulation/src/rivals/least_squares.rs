//! Recursive least squares against one-hot targets.

use anyhow::Result;

use crate::learner::{Learner, affine, softmax};
use crate::samples::Start;

/// A linear head with the exact ridge regression of all labels so far.
pub struct LeastSquares {
    /// The inverse of the ridge and the products of all features, a 1 for the bias behind them.
    inverse: Vec<Vec<f64>>,
    /// Weights and bias of each class that there is room for.
    rows: Vec<Vec<f64>>,
    classes: usize,
    steepness: f64,
}

impl LeastSquares {
    /// With a ridge, from the host's samples, each of them with a weight, or from nothing. Scores times the steepness are the logits.
    pub fn new(start: &Start, ridge: f64, weight: f64, steepness: f64) -> Self {
        let size = start.width + 1;
        let inverse = (0..size).map(|i| (0..size).map(|j| if i == j { 1.0 / ridge } else { 0.0 }).collect()).collect();
        let rows = vec![vec![0.0; size]; start.room];
        let mut new = LeastSquares { inverse, rows, classes: start.classes, steepness };
        if let Some(base) = &start.base {
            base.samples.rows().for_each(|(row, class)| new.update(row, class, weight));
        }
        new
    }

    /// Sherman and Morrison's update of the inverse, and Newton's step of the weights.
    fn update(&mut self, features: &[f32], class: usize, weight: f64) {
        let gain: Vec<f64> = self.inverse.iter().map(|row| affine(row, features)).collect();
        let inner = affine(&gain, features);
        let k = weight / (1.0 + weight * inner);
        for (row, g) in self.inverse.iter_mut().zip(&gain) {
            row.iter_mut().zip(&gain).for_each(|(p, other)| *p -= k * g * other);
        }
        for (other, row) in self.rows.iter_mut().enumerate() {
            let error = f64::from(u8::from(other == class)) - affine(row, features);
            row.iter_mut().zip(&gain).for_each(|(w, g)| *w += k * error * g);
        }
    }
}

impl Learner for LeastSquares {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        self.classes = self.classes.max(class + 1);
        self.update(features, class, 1.0);
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        probabilities.fill(f64::NEG_INFINITY);
        for (p, row) in probabilities.iter_mut().zip(&self.rows).take(self.classes) {
            *p = self.steepness * affine(row, features);
        }
        softmax(probabilities);
        Ok(())
    }

    /// Of the symmetric inverse one half is kept.
    fn ram_bytes(&self) -> usize {
        let size = self.inverse.len();
        4 * (size * (size + 1) / 2 + self.rows.len() * size)
    }

    fn multiply_adds(&self) -> u64 {
        let (size, classes) = (self.inverse.len() as u64, self.rows.len() as u64);
        size * size + size * (size + 1) / 2 + 2 * classes * size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_ridge_regression_of_all_samples() {
        // One feature, no class but one: (X^T X + ridge) w = X^T y, by Cramer's rule.
        let start = Start { width: 1, room: 1, classes: 1, base: None, seed: 1 };
        let mut learner = LeastSquares::new(&start, 0.5, 1.0, 1.0);
        let xs = [1.0_f64, -2.0, 0.5, 3.0];
        xs.iter().for_each(|x| learner.learn(&[*x as f32], 0).unwrap());
        let (squares, sum) = (xs.iter().map(|x| x * x).sum::<f64>(), xs.iter().sum::<f64>());
        let (a, b, d) = (squares + 0.5, sum, xs.len() as f64 + 0.5);
        let determinant = a * d - b * b;
        let expected = [(d * sum - b * 4.0) / determinant, (a * 4.0 - b * sum) / determinant];
        for (found, expected) in learner.rows[0].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{:?} {expected:?}", learner.rows);
        }
        assert!((learner.inverse[0][0] - d / determinant).abs() < 1e-12);
    }
}
