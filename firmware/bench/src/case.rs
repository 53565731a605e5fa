//! The numbers that are counted on.

use crate::Random;

/// The samples of a shape.
const SAMPLES: usize = 8;

/// Parameters, and samples whose features are like those behind a ReLU: half of them 0.
pub struct Case<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    /// The weights row by row, then the biases.
    pub parameters: [f32; PARAMETERS],
    /// The features of each sample.
    pub features: [[f32; FEATURES]; SAMPLES],
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Case<CLASSES, FEATURES, PARAMETERS> {
    /// Zeros, for a static.
    pub const fn new() -> Self {
        const { assert!(PARAMETERS == CLASSES * (FEATURES + 1)) };
        Case { parameters: [0.0; PARAMETERS], features: [[0.0; FEATURES]; SAMPLES] }
    }

    /// Fills in the numbers.
    pub fn fill(&mut self) {
        let mut random = Random(2024);
        self.parameters.fill_with(|| 0.3 * random.symmetric());
        for x in self.features.as_flattened_mut() {
            let value = 2.0 * random.symmetric();
            *x = if value > 0.0 { value } else { 0.0 };
        }
    }

    /// The target of a sample.
    pub fn target(sample: usize) -> usize {
        sample % CLASSES
    }

    /// The largest of what `count` returns for the samples, which come with their targets.
    pub fn largest(&self, mut count: impl FnMut(&[f32; FEATURES], usize) -> u32) -> u32 {
        let samples = self.features.iter().enumerate();
        samples.fold(0, |largest, (sample, features)| largest.max(count(features, Self::target(sample))))
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Default
    for Case<CLASSES, FEATURES, PARAMETERS>
{
    fn default() -> Self {
        Self::new()
    }
}
