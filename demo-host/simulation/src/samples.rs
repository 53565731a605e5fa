//! Labelled samples, and the starting point of a learner.

use std::sync::Arc;

/// Labelled samples, row after row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// The features of a sample.
    pub width: usize,
    /// `width` numbers a sample.
    pub features: Vec<f32>,
    /// The class of each sample.
    pub labels: Vec<usize>,
}

/// Labelled features, with optional groups and parts.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledFeatures {
    /// The samples, with labels `0..K`.
    pub samples: Samples,
    /// The name of each class.
    pub classes: Vec<String>,
    /// The group of each sample, and the name of each group.
    pub groups: Option<(Vec<usize>, Vec<String>)>,
    /// Whether each sample is for learning; the others are for testing.
    pub streamed: Option<Vec<bool>>,
}

/// The knowledge of the host before the first label: the samples that the head was trained on, and the head.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// The training set, of the classes known.
    pub samples: Samples,
    /// A linear head over the classes known: the weights class after class, then the biases.
    pub head: Vec<f32>,
}

/// The start of a learner.
#[derive(Clone, Debug)]
pub struct Start {
    /// The features of a sample.
    pub width: usize,
    /// The classes that there may be in the end.
    pub room: usize,
    /// The classes in use before the first label, `0..classes`; 0 without a base.
    pub classes: usize,
    /// The host's knowledge; `None`: the learner starts from nothing.
    pub base: Option<Arc<Base>>,
    /// The seed of what a learner decides by chance.
    pub seed: u64,
}

/// Means and spread of labelled samples, in f64.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The samples of each class.
    pub counts: Vec<f64>,
    /// The mean of each class; zeros of one without samples.
    pub means: Vec<Vec<f64>>,
    /// The variance of each feature within the classes, shared by all.
    pub within: Vec<f64>,
}

impl Samples {
    /// No samples of this width.
    pub fn new(width: usize) -> Self {
        Samples { width, ..Self::default() }
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The features of a sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.features[index * self.width..][..self.width]
    }

    /// All samples with their classes.
    pub fn rows(&self) -> impl Iterator<Item = (&[f32], usize)> {
        self.features.chunks_exact(self.width.max(1)).zip(self.labels.iter().copied())
    }

    /// Adds a sample.
    ///
    /// # Panics
    /// If it is not of the same width.
    pub fn push(&mut self, features: &[f32], label: usize) {
        assert_eq!(features.len(), self.width, "a sample of another width");
        self.features.extend_from_slice(features);
        self.labels.push(label);
    }

    /// The samples of these numbers, in their order.
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut selected = Self::new(self.width);
        indices.iter().for_each(|index| selected.push(self.row(*index), self.labels[*index]));
        selected
    }

    /// Each feature less its mean, over its deviation.
    pub fn in_units(mut self, mean: &[f32], deviation: &[f32]) -> Self {
        for row in self.features.chunks_exact_mut(self.width.max(1)) {
            for ((x, mean), deviation) in row.iter_mut().zip(mean).zip(deviation) {
                *x = (*x - mean) / deviation;
            }
        }
        self
    }

    /// Mean and deviation of each feature; a deviation of next to nothing is 1, as the core's `Standardizer` has it.
    pub fn units(&self) -> (Vec<f32>, Vec<f32>) {
        let n = self.len().max(1) as f64;
        let of = |feature: usize| {
            let values = || self.features.iter().skip(feature).step_by(self.width).map(|x| f64::from(*x));
            let mean = values().sum::<f64>() / n;
            let deviation = (values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
            let next_to_nothing = deviation <= 1e-6 * mean.abs() || deviation <= 1e-12;
            (mean as f32, if next_to_nothing { 1.0 } else { deviation as f32 })
        };
        (0..self.width).map(of).unzip()
    }

    /// Means of the classes `0..classes`, and the variance within them.
    pub fn moments(&self, classes: usize) -> Moments {
        let mut counts = vec![0.0; classes];
        let mut means = vec![vec![0.0; self.width]; classes];
        for (row, label) in self.rows() {
            counts[label] += 1.0;
            means[label].iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        for (mean, count) in means.iter_mut().zip(&counts) {
            mean.iter_mut().for_each(|sum| *sum /= f64::max(*count, 1.0));
        }
        let mut within = vec![0.0; self.width];
        for (row, label) in self.rows() {
            for ((sum, x), mean) in within.iter_mut().zip(row).zip(&means[label]) {
                *sum += (f64::from(*x) - mean) * (f64::from(*x) - mean);
            }
        }
        within.iter_mut().for_each(|sum| *sum /= self.len().max(1) as f64);
        Moments { counts, means, within }
    }
}

impl Base {
    /// Samples with the head of these rows: each the weights of a class, then the bias.
    pub fn new(samples: Samples, rows: &[Vec<f64>]) -> Self {
        let width = samples.width;
        let weights = rows.iter().flat_map(|row| row[..width].iter());
        let head = weights.chain(rows.iter().map(|row| &row[width])).map(|w| *w as f32).collect();
        Base { samples, head }
    }

    /// The head's row and bias of each of so many classes, in f64: weights, then the bias.
    pub fn rows(&self, classes: usize) -> Vec<Vec<f64>> {
        let width = self.samples.width;
        let row = |class: usize| {
            let weights = self.head[class * width..][..width].iter();
            weights.chain([&self.head[classes * width + class]]).map(|w| f64::from(*w)).collect()
        };
        (0..classes).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        Samples { width: 2, features: vec![0.0, 5.0, 2.0, 5.0, 10.0, 5.0, 14.0, 5.0], labels: vec![0, 0, 1, 1] }
    }

    #[test]
    fn units_and_moments_by_hand() {
        let (mean, deviation) = samples().units();
        assert_eq!((mean[0], mean[1], deviation[1]), (6.5, 5.0, 1.0));
        assert!((deviation[0] - 32.75_f32.sqrt()).abs() < 1e-5, "{deviation:?}");
        let moments = samples().moments(3);
        assert_eq!(moments.counts, [2.0, 2.0, 0.0]);
        assert_eq!(moments.means[..2], [[1.0, 5.0], [12.0, 5.0]]);
        assert_eq!(moments.within, [2.5, 0.0]);
    }

    #[test]
    fn samples_are_selected_in_order() {
        let picked = samples().select(&[2, 0]);
        assert_eq!((picked.row(0), picked.labels.as_slice()), ([10.0, 5.0].as_slice(), [1, 0].as_slice()));
        assert_eq!(picked.in_units(&[0.0, 5.0], &[2.0, 1.0]).features, [5.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_rows_of_a_head_end_in_their_bias() {
        let base = Base { samples: Samples::new(2), head: vec![1.0, 2.0, 3.0, 4.0, 0.5, -0.5] };
        assert_eq!(base.rows(2), [[1.0, 2.0, 0.5], [3.0, 4.0, -0.5]]);
    }
}
