//! Softmax regression fitted to samples to the end, with a pull towards a head.

use anyhow::Result;

use crate::learner::{Learner, add_scaled, affine, softmax};
use crate::samples::{Samples, Start};

/// The steps of a fit; it stops earlier once nothing moves.
const STEPS: usize = 300;

/// A fit is done when no component of the gradient, a mean over the samples, is larger.
const TOLERANCE: f64 = 5e-4;

/// All samples seen, and the head that fits them.
pub struct Logistic {
    samples: Samples,
    /// Towards which the weights are pulled.
    centre: Vec<Vec<f64>>,
    rows: Vec<Vec<f64>>,
    classes: usize,
    pull: f64,
    fitted: bool,
}

impl Logistic {
    /// Minimises the sum of the cross-entropies of all labels, and half the squared distance to the host's head, or to zeros, times `pull`.
    pub fn new(start: &Start, pull: f64) -> Self {
        let mut centre = start.base.as_ref().map_or_else(Vec::new, |base| base.rows(start.classes));
        centre.resize(start.room, vec![0.0; start.width + 1]);
        let samples = Samples::new(start.width);
        Logistic { samples, rows: centre.clone(), centre, classes: start.classes, pull, fitted: true }
    }
}

/// Fits the first `classes` rows to samples by Nesterov's accelerated gradient, which starts again where it would go uphill
/// (O'Donoghue and Candes, 2015).
pub fn fit(rows: &mut [Vec<f64>], centre: &[Vec<f64>], samples: &Samples, pull: f64) {
    let n = samples.len().max(1) as f64;
    // The curvature of the cross-entropy is at most half the largest eigenvalue of the products of features.
    let step = 1.0 / (0.5 * largest_eigenvalue(samples) + pull / n);
    let mut ahead = rows.to_vec();
    let mut momentum = 1.0_f64;
    let mut probabilities = vec![0.0; rows.len()];
    for _ in 0..STEPS {
        let mut gradient: Vec<Vec<f64>> = (ahead.iter().zip(centre))
            .map(|(row, centre)| row.iter().zip(centre).map(|(w, c)| pull / n * (w - c)).collect())
            .collect();
        for (x, class) in samples.rows() {
            probabilities.iter_mut().zip(&ahead).for_each(|(p, row)| *p = affine(row, x));
            softmax(&mut probabilities);
            probabilities[class] -= 1.0;
            gradient.iter_mut().zip(&probabilities).for_each(|(g, p)| add_scaled(g, x, p / n));
        }
        let largest = gradient.iter().flatten().fold(0.0, |largest, g| f64::max(largest, g.abs()));
        let next = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
        let mut uphill = 0.0;
        for ((row, ahead), gradient) in rows.iter_mut().zip(&mut ahead).zip(&gradient) {
            for ((w, a), g) in row.iter_mut().zip(ahead).zip(gradient) {
                let new = *a - step * g;
                uphill += g * (new - *w);
                *a = new + (momentum - 1.0) / next * (new - *w);
                *w = new;
            }
        }
        momentum = next;
        if uphill > 0.0 {
            momentum = 1.0;
            ahead.clone_from_slice(rows);
        }
        if largest < TOLERANCE {
            break;
        }
    }
}

/// Of the mean of `x x^T`, a 1 for the bias among the features, by power iteration; a little above it.
fn largest_eigenvalue(samples: &Samples) -> f64 {
    let mut v = vec![1.0; samples.width + 1];
    let mut eigenvalue = 1.0;
    for _ in 0..30 {
        let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        v.iter_mut().for_each(|v| *v /= norm);
        let mut product = vec![0.0; v.len()];
        for (x, _) in samples.rows() {
            add_scaled(&mut product, x, affine(&v, x) / samples.len() as f64);
        }
        eigenvalue = product.iter().map(|v| v * v).sum::<f64>().sqrt();
        v = product;
    }
    1.05 * eigenvalue
}

impl Learner for Logistic {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        self.classes = self.classes.max(class + 1);
        self.samples.push(features, class);
        self.fitted = false;
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        if !self.fitted {
            fit(&mut self.rows[..self.classes], &self.centre[..self.classes], &self.samples, self.pull);
            self.fitted = true;
        }
        probabilities.fill(f64::NEG_INFINITY);
        for (p, row) in probabilities.iter_mut().zip(&self.rows).take(self.classes) {
            *p = affine(row, features);
        }
        softmax(probabilities);
        Ok(())
    }

    /// With all samples seen so far.
    fn ram_bytes(&self) -> usize {
        4 * (self.samples.features.len() + self.samples.len() + self.rows.iter().map(Vec::len).sum::<usize>())
    }

    /// At most: a fit at every label, to all samples seen so far.
    fn multiply_adds(&self) -> u64 {
        (STEPS * 2 * self.rows.len() * (self.samples.width + 1) * self.samples.len().max(1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_has_no_slope_left() {
        let mut samples = Samples::new(2);
        for i in 0..40 {
            let x = [(i % 7) as f32 - 3.0, (i % 5) as f32];
            samples.push(&x, usize::from(x[0] + 0.5 * x[1] + ((i * 13) % 9) as f32 * 0.4 > 2.0));
        }
        let (mut rows, centre) = (vec![vec![0.0; 3]; 2], vec![vec![0.0; 3]; 2]);
        fit(&mut rows, &centre, &samples, 1.0);
        let mut gradient: Vec<f64> = rows[0].iter().map(|w| w / 40.0).collect();
        for (x, class) in samples.rows() {
            let mut p = [affine(&rows[0], x), affine(&rows[1], x)];
            softmax(&mut p);
            let error = (p[0] - f64::from(u8::from(class == 0))) / 40.0;
            gradient.iter_mut().zip([x[0], x[1], 1.0]).for_each(|(g, x)| *g += error * f64::from(x));
        }
        assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient:?}");
        // Both classes are pulled alike, so their weights are opposite.
        assert!(rows[0].iter().zip(&rows[1]).all(|(a, b)| (a + b).abs() < 1e-9));
    }
}
