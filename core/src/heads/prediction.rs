//! The reading of logits.

/// The most probable class of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prediction {
    /// The class with the largest logit; the first of equal ones.
    pub class: usize,
    /// Its softmax probability, in [0, 1].
    pub probability: f32,
}
