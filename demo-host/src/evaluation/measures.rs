//! Further measures of a model: distances of its classes in feature space, curvature of its loss, and the epoch at which each image was learned.

use anyhow::Result;
use gradient_decay::GradientDecay;
use serde::{Deserialize, Serialize};

use super::Outputs;

/// The distances within and between classes in feature space, in the features' own unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// The mean Euclidean distance of an image's features from the mean of its class.
    pub intra: f32,
    /// The mean Euclidean distance between the means of two classes.
    pub inter: f32,
}

/// Gradient norm and curvature of the loss as a function of the logits, means over images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoothness {
    /// The Euclidean norm of the gradient: the local Lipschitz constant of the loss.
    pub gradient_norm: f32,
    /// The largest eigenvalue of the Hessian `diag(q) - q q^T`: the local Lipschitz constant of the gradient, at most 1/2.
    pub curvature: f32,
}

/// The epochs at which the first training images were learned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curriculum {
    /// For each image the epoch, counted from 1, since which it has been predicted right after every epoch; 0 if it was
    /// wrong after the last.
    pub learned: Vec<u16>,
    /// For each image the negative log-likelihood of its class by softmax after the last epoch.
    pub nll: Vec<f32>,
}

/// The number of images that [`Curriculum`] follows.
const FOLLOWED: usize = 500;

/// Steps of the power iteration: the estimate of the largest eigenvalue grows towards it.
const POWER_STEPS: usize = 20;

impl Distances {
    /// The distances of the features of labelled images.
    pub fn of(outputs: &Outputs, labels: &[usize]) -> Self {
        let width = outputs.features.len() / labels.len().max(1);
        let features = || outputs.features.chunks_exact(width.max(1)).zip(labels);
        let mut means = vec![vec![0.0_f64; width]; outputs.classes];
        let mut counts = vec![0_u32; outputs.classes];
        for (features, &label) in features() {
            counts[label] += 1;
            means[label].iter_mut().zip(features).for_each(|(sum, feature)| *sum += f64::from(*feature));
        }
        for (mean, count) in means.iter_mut().zip(&counts) {
            mean.iter_mut().for_each(|sum| *sum /= f64::from((*count).max(1)));
        }
        let intra: f64 =
            features().map(|(f, &label)| distance(f.iter().map(|f| f64::from(*f)), means[label].iter().copied())).sum();
        let present: Vec<&Vec<f64>> =
            means.iter().zip(&counts).filter(|(_, count)| **count > 0).map(|(mean, _)| mean).collect();
        let (mut inter, mut pairs) = (0.0, 0.0);
        for (i, a) in present.iter().enumerate() {
            for b in &present[..i] {
                inter += distance(a.iter().copied(), b.iter().copied());
                pairs += 1.0;
            }
        }
        let mean = |sum: f64, count: f64| if count > 0.0 { (sum / count) as f32 } else { 0.0 };
        Distances { intra: mean(intra, labels.len() as f64), inter: mean(inter, pairs) }
    }
}

impl Smoothness {
    /// The smoothness of the gradient-decay loss at the logits of labelled images.
    ///
    /// # Errors
    /// If a logit is NaN or infinite.
    pub fn of(outputs: &Outputs, labels: &[usize], loss: &GradientDecay) -> Result<Self> {
        let mut gradient = vec![0.0; outputs.classes];
        let (mut norms, mut curvatures) = (0.0, 0.0);
        for (row, &label) in outputs.rows().zip(labels) {
            loss.loss_and_gradient(row, label, &mut gradient)?;
            norms += f64::from(gradient.iter().map(|g| g * g).sum::<f32>().sqrt());
            // The gradient is q - onehot(target).
            gradient[label] += 1.0;
            curvatures += f64::from(largest_eigenvalue(&gradient));
        }
        let count = labels.len().max(1) as f64;
        Ok(Smoothness { gradient_norm: (norms / count) as f32, curvature: (curvatures / count) as f32 })
    }
}

impl Curriculum {
    /// Notes which of the first training images are right after an epoch, counted from 1.
    pub fn record(&mut self, outputs: &Outputs, labels: &[usize], epoch: usize) {
        let images = labels.len().min(FOLLOWED);
        self.learned.resize(images, 0);
        self.nll.resize(images, 0.0);
        let rows = outputs.rows().zip(labels);
        for ((learned, nll), (row, &label)) in self.learned.iter_mut().zip(&mut self.nll).zip(rows) {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let right = row.iter().position(|logit| *logit == largest) == Some(label);
            *learned = match (right, *learned) {
                (false, _) => 0,
                (true, 0) => u16::try_from(epoch).unwrap_or(u16::MAX),
                (true, since) => since,
            };
            *nll = row.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln() + largest - row[label];
        }
    }
}

/// The largest eigenvalue of `diag(q) - q q^T` for probabilities `q`, by power iteration.
fn largest_eigenvalue(q: &[f32]) -> f32 {
    let product = |v: &[f32]| -> Vec<f32> {
        let dot: f32 = q.iter().zip(v).map(|(q, v)| q * v).sum();
        q.iter().zip(v).map(|(q, v)| q * (v - dot)).collect()
    };
    // The vector of the largest eigenvalue weighs the largest probability against the rest.
    let largest = q.iter().copied().fold(0.0, f32::max);
    let largest = q.iter().position(|q| *q == largest);
    let mut v: Vec<f32> = q.iter().enumerate().map(|(i, q)| if largest == Some(i) { 1.0 } else { -*q }).collect();
    let mut eigenvalue = 0.0;
    for _ in 0..POWER_STEPS {
        let norm = v.iter().map(|v| v * v).sum::<f32>().sqrt();
        if norm < 1e-30 {
            return 0.0;
        }
        v.iter_mut().for_each(|v| *v /= norm);
        let next = product(&v);
        eigenvalue = v.iter().zip(&next).map(|(v, next)| v * next).sum();
        v = next;
    }
    eigenvalue.max(0.0)
}

fn distance(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    a.zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(features: &[f32], logits: &[f32], classes: usize) -> Outputs {
        Outputs { features: features.to_vec(), logits: logits.to_vec(), classes }
    }

    #[test]
    fn distances_by_hand() {
        // Class 0 at (0, 0) and (2, 0), class 1 at (1, 4), class 2 absent.
        let outputs = outputs(&[0.0, 0.0, 2.0, 0.0, 1.0, 4.0], &[0.0; 9], 3);
        let distances = Distances::of(&outputs, &[0, 0, 1]);
        assert!((distances.intra - 2.0 / 3.0).abs() < 1e-6 && (distances.inter - 4.0).abs() < 1e-6, "{distances:?}");
    }

    #[test]
    fn the_largest_eigenvalue() {
        // K = 2: 2 q (1 - q). Equal probabilities: 1 / K. Certain: 0.
        for (q, expected) in [
            (vec![0.5, 0.5], 0.5),
            (vec![0.9, 0.1], 0.18),
            (vec![0.25; 4], 0.25),
            (vec![1.0, 0.0, 0.0], 0.0),
            // K = 3: the larger root of x^2 - (1 - sum q^2) x + 3 q0 q1 q2.
            (vec![0.5, 0.3, 0.2], 0.388_102),
        ] {
            let found = largest_eigenvalue(&q);
            assert!((found - expected).abs() < 2e-4, "{found} for {q:?}, not {expected}");
        }
    }

    #[test]
    fn smoothness_moves_with_beta() {
        // p = 1/2 and beta = 1: gradient (-1/2, 1/2), eigenvalue 1/2.
        let even = outputs(&[], &[0.0, 0.0], 2);
        let plain = Smoothness::of(&even, &[0], &GradientDecay::new(1.0)).unwrap();
        assert!((plain.gradient_norm - 0.5_f32.sqrt()).abs() < 1e-6 && (plain.curvature - 0.5).abs() < 1e-6);
        let large = Smoothness::of(&even, &[0], &GradientDecay::new(9.0)).unwrap();
        assert!((large.gradient_norm - 0.02_f32.sqrt()).abs() < 1e-6 && (large.curvature - 0.18).abs() < 1e-6);
    }

    #[test]
    fn an_image_is_learned_when_it_stays_right() {
        let mut curriculum = Curriculum::default();
        let right = [1.0, 0.0];
        let wrong = [0.0, 1.0];
        for (epoch, rows) in [[right, wrong], [wrong, right], [right, right]].iter().enumerate() {
            curriculum.record(&outputs(&[], &rows.concat(), 2), &[0, 0], epoch + 1);
        }
        assert_eq!(curriculum.learned, [3, 2]);
        assert!((curriculum.nll[0] - 0.313_261_7).abs() < 1e-6);
    }
}
