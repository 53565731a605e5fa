//! A linear head whose shape is known at run time, and the standardisation of its features.

use anyhow::{Context, Result, ensure};

use crate::MOST_NUMBERS;
use crate::integers::Integers;

/// A linear head, `z = W x + b`; all numbers are finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    classes: usize,
    features: usize,
    parameters: Vec<f32>,
    /// The standardisation of features before they are multiplied.
    pub standardization: Option<Standardization>,
}

impl Head {
    /// A head of its weights, row by row (a row is a class), and biases.
    ///
    /// # Errors
    /// If there is no class or no feature, the lengths do not fit, or a number is NaN or infinite; the message names row and column.
    pub fn new(weights: Vec<f32>, bias: &[f32], features: usize) -> Result<Self> {
        let mut parameters = weights;
        let classes = bias.len();
        ensure!(
            classes > 0 && features > 0,
            "there are {classes} classes of {features} features: at least 1 of each is needed"
        );
        ensure!(
            classes.checked_mul(features) == Some(parameters.len()),
            "there are {} weights, but must be {classes} classes times {features} features",
            parameters.len()
        );
        if let Some(at) = parameters.iter().position(|weight| !weight.is_finite()) {
            anyhow::bail!(
                "the weight of class {}, feature {} is {}, but must be finite",
                at / features,
                at % features,
                parameters[at]
            );
        }
        if let Some(at) = bias.iter().position(|bias| !bias.is_finite()) {
            anyhow::bail!("the bias of class {at} is {}, but must be finite", bias[at]);
        }
        parameters.extend(bias);
        Ok(Head { classes, features, parameters, standardization: None })
    }

    /// A head of all its parameters: the weights row by row, then the biases.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_parameters(parameters: &[f32], classes: usize) -> Result<Self> {
        let count = parameters.len();
        ensure!(
            classes > 0 && count.is_multiple_of(classes) && count / classes > 1,
            "there are {count} parameters, which {classes} classes of a bias and at least one weight each do not make"
        );
        let features = count / classes - 1;
        let (weights, bias) = parameters.split_at(classes * features);
        Head::new(weights.to_vec(), bias, features)
    }

    /// The classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The features of a sample.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The weights, row by row.
    pub fn weights(&self) -> &[f32] {
        &self.parameters[..self.classes * self.features]
    }

    /// The biases.
    pub fn bias(&self) -> &[f32] {
        &self.parameters[self.classes * self.features..]
    }

    /// All parameters, as the core's `import` takes them: the weights row by row, then the biases.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// With a standardisation of the features.
    ///
    /// # Errors
    /// If it is that of another number of features.
    pub fn with_standardization(mut self, standardization: Standardization) -> Result<Self> {
        let features = standardization.mean.len();
        ensure!(
            features == self.features,
            "mean and scale have {features} numbers, but the head has {} features",
            self.features
        );
        self.standardization = Some(standardization);
        Ok(self)
    }
}

/// The mean and the deviation of each feature, as the core's `Standardizer::from_statistics` takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardization {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

/// The largest mean and deviation that the core takes.
const LARGEST: f32 = 1e18;

impl Standardization {
    /// Of the means and deviations of as many features.
    ///
    /// # Errors
    /// If there are not as many of both, a mean is not in [-1e18, 1e18], or a deviation not in [0, 1e18].
    pub fn new(mean: Vec<f32>, deviation: Vec<f32>) -> Result<Self> {
        ensure!(
            mean.len() == deviation.len(),
            "there are {} means, but {} deviations: each feature needs both",
            mean.len(),
            deviation.len()
        );
        for (feature, (mean, deviation)) in mean.iter().zip(&deviation).enumerate() {
            ensure!(mean.abs() <= LARGEST, "the mean of feature {feature} is {mean}, but must be in [-1e18, 1e18]");
            ensure!(
                (0.0..=LARGEST).contains(deviation),
                "the deviation of feature {feature} is {deviation}, but must be in [0, 1e18]"
            );
        }
        Ok(Standardization { mean, deviation })
    }

    /// The means.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The deviations.
    pub fn deviation(&self) -> &[f32] {
        &self.deviation
    }

    /// The means, and the deviations with 1 for one that is next to nothing, as in the core: features less the first, over the second.
    pub fn units(&self) -> (Vec<f32>, Vec<f32>) {
        let scales = self.scale();
        let deviations = self.deviation.iter().zip(scales).map(|(d, scale)| if scale == 1.0 { 1.0 } else { *d });
        (self.mean.clone(), deviations.collect())
    }

    /// The factor of the difference to the mean: one over the deviation; 1 where that is next to nothing, as in the core.
    pub fn scale(&self) -> Vec<f32> {
        let scales = self.mean.iter().zip(&self.deviation);
        scales.map(|(mean, d)| if *d > 1e-6 * mean.abs() && *d > 1e-12 { 1.0 / d } else { 1.0 }).collect()
    }

    /// The standardised features.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let scale = self.scale();
        features.iter().zip(&self.mean).zip(&scale).map(|((x, mean), scale)| (x - mean) * scale).collect()
    }
}

/// The head that a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The head, in f32.
    pub head: Head,
    /// The same in the integers that the file has, if it is quantised.
    pub integers: Option<Integers>,
    /// Sentences on what was taken, converted and left out.
    pub notes: Vec<String>,
}

impl Found {
    /// A layer whose rows are classes. One row is a logistic regression: it becomes two classes, the first with the logit 0, whose softmax
    /// is the sigmoid of the row.
    ///
    /// # Errors
    /// As [`Head::new`]; if the matrix has more than [`MOST_NUMBERS`].
    pub(crate) fn of_layer(weights: Vec<f32>, bias: Vec<f32>, features: usize, mut notes: Vec<String>) -> Result<Self> {
        check_size(&[bias.len(), features])?;
        if bias.len() > 1 {
            return Ok(Found { head: Head::new(weights, &bias, features)?, integers: None, notes });
        }
        let of_row = Head::new(weights, &bias, features)?;
        notes.push("its one row is a logistic regression: class 0 got the logit 0, and class 1 is the row".to_owned());
        let mut both = vec![0.0; features];
        both.extend(of_row.weights());
        Ok(Found { head: Head::new(both, &[0.0, of_row.bias()[0]], features)?, integers: None, notes })
    }
}

/// The numbers of an array of this shape, if they are not too many.
pub(crate) fn check_size(shape: &[usize]) -> Result<usize> {
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let count = count.filter(|count| *count <= MOST_NUMBERS);
    count.with_context(|| format!("its shape is {shape:?}, but a head has {MOST_NUMBERS} numbers at most"))
}
