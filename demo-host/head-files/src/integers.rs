//! A head in integers, as TensorFlow Lite and the core's `QuantizedHead` have it.

use anyhow::{Context, Result, ensure};
use gradient_decay::quantized::{Quantization, quantize_row};

use crate::head::Head;

/// The meaning of an i8: `scale (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meaning {
    /// In [1e-30, 1e30].
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i8,
}

impl Meaning {
    /// Of a scale in [1e-30, 1e30] and a zero point in [-128, 127].
    ///
    /// # Errors
    /// If one is out of its range.
    pub fn new(scale: f32, zero_point: i32) -> Result<Self> {
        let zero_point = i8::try_from(zero_point)
            .with_context(|| format!("a zero point is {zero_point}, but must be from -128 to 127"))?;
        let meaning = Meaning { scale, zero_point };
        meaning.quantization()?;
        Ok(meaning)
    }

    /// In which 255 steps reach from `low` to `high`, 0 among them exactly, as TensorFlow Lite chooses it.
    ///
    /// # Errors
    /// If one is not finite, or both are the same.
    pub fn of_range(low: f32, high: f32) -> Result<Self> {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let scale = (high - low) / 255.0;
        ensure!(scale.is_finite() && scale > 0.0, "values from {low} to {high} have no scale");
        Meaning::new(scale, (-128.0 - low / scale).round() as i32)
    }

    fn quantization(self) -> Result<Quantization> {
        Quantization::try_new(self.scale, self.zero_point).map_err(|error| anyhow::anyhow!("a scale: {error}"))
    }
}

/// A linear head in integers: i8 weights with a scale for each row, i32 biases in the product of that and the features' scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Integers {
    /// Row by row; a row is a class.
    pub weights: Vec<i8>,
    /// One a class, in [1e-30, 1e30].
    pub scales: Vec<f32>,
    /// One a class.
    pub bias: Vec<i32>,
    /// The features of a sample.
    pub features: usize,
    /// The meaning of a feature.
    pub input: Meaning,
    /// The meaning of a logit.
    pub output: Meaning,
}

impl Integers {
    /// Of its numbers.
    ///
    /// # Errors
    /// If there is no class or no feature, the lengths do not fit, or a scale is out of its range.
    pub fn new(
        weights: Vec<i8>,
        scales: Vec<f32>,
        bias: Vec<i32>,
        features: usize,
        input: Meaning,
        output: Meaning,
    ) -> Result<Self> {
        let classes = bias.len();
        ensure!(
            classes > 0 && features > 0 && classes.checked_mul(features) == Some(weights.len()),
            "there are {} weights, but must be {classes} classes, as many as biases, times {features} features",
            weights.len()
        );
        ensure!(
            scales.len() == classes,
            "there are {} scales of rows, but must be one a class, {classes}",
            scales.len()
        );
        scales.iter().try_for_each(|scale| Meaning::new(*scale, 0).map(drop))?;
        Ok(Integers { weights, scales, bias, features, input, output })
    }

    /// The nearest integers of a head, as the core's `QuantizedHead::new` rounds them.
    ///
    /// # Errors
    /// If a bias leaves the range of i32 in its scale.
    pub fn of_head(head: &Head, input: Meaning, output: Meaning) -> Result<Self> {
        let (from, to) = (input.quantization()?, output.quantization()?);
        let (mut weights, mut scales, mut biases) = (vec![0; head.weights().len()], Vec::new(), Vec::new());
        let rows = weights.chunks_mut(head.features()).zip(head.weights().chunks(head.features()));
        for (class, ((quantized, weights), bias)) in rows.zip(head.bias()).enumerate() {
            let row = quantize_row(weights, *bias, from, to, quantized);
            let row = row.with_context(|| {
                format!("the bias of class {class}, {bias}, is beyond int32 in the scale of its features and weights")
            })?;
            scales.push(row.scale);
            biases.push(row.bias);
        }
        Integers::new(weights, scales, biases, head.features(), input, output)
    }

    /// The head in f32 that the integers stand for.
    ///
    /// # Errors
    /// If a number leaves the range of f32.
    pub fn to_head(&self) -> Result<Head> {
        let rows = self.weights.chunks(self.features).zip(&self.scales);
        let weights = rows.flat_map(|(row, scale)| row.iter().map(move |q| scale * f32::from(*q))).collect();
        let bias: Vec<f32> = self
            .bias
            .iter()
            .zip(&self.scales)
            .map(|(q, scale)| (f64::from(*q) * f64::from(*scale) * f64::from(self.input.scale)) as f32)
            .collect();
        Head::new(weights, &bias, self.features)
    }
}
