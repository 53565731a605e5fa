//! The small MLP, computed by the core: the digits' pixels, a hidden layer with ReLU, the classes.

use anyhow::Result;
use gradient_decay::{FineTuner, MomentumMlpHead, State, Train};

use super::MLP_FEATURES as FEATURES;
use crate::data::Split;
use crate::data::digits::{CLASSES, PIXELS};
use crate::evaluation::Outputs;

type Network = MomentumMlpHead<CLASSES, FEATURES, PIXELS>;

/// An MLP 64-64-10 that the core trains, one sample a step.
#[derive(Clone, Debug)]
pub struct CoreMlp {
    network: Box<Network>,
    state: State<<Network as Train>::Work>,
}

impl CoreMlp {
    /// A network with hidden weights drawn uniformly from `+-sqrt(6 / 64)` and zeros elsewhere; the same seed gives the same network on
    /// every machine.
    pub fn new(seed: u32) -> Self {
        let mut network = Box::new(Network::new());
        network.initialise(seed);
        CoreMlp { network, state: State::new() }
    }

    /// One training step on one image, with the beta that the schedule has after the steps so far; returns the loss before.
    ///
    /// # Errors
    /// If the core refuses the sample, as it does when training has diverged; see [`FineTuner::step`]. Nothing is then changed.
    pub fn step(&mut self, tuner: &FineTuner, pixels: &[f32; PIXELS], label: usize) -> Result<f32> {
        Ok(tuner.step(&mut *self.network, &mut self.state, pixels, label)?.loss())
    }

    /// The training steps so far.
    pub fn steps(&self) -> u32 {
        self.state.steps()
    }

    /// The parameters of the hidden layer: the weights row by row (a row is a unit), then the biases.
    pub fn hidden(&self) -> Vec<f32> {
        let mut parameters = [0.0; FEATURES * (PIXELS + 1)];
        self.network.hidden().export(&mut parameters).expect("there is room for each");
        parameters.to_vec()
    }

    /// The parameters of the head, in the same order.
    pub fn head(&self) -> Vec<f32> {
        let mut parameters = [0.0; CLASSES * (FEATURES + 1)];
        self.network.output().export(&mut parameters).expect("there is room for each");
        parameters.to_vec()
    }

    /// Features and logits of images of 8x8 grey pixels.
    ///
    /// # Errors
    /// If a feature or logit leaves the range of f32.
    pub fn outputs(&self, split: &Split) -> Result<Outputs> {
        let mut outputs = Outputs { features: Vec::new(), logits: Vec::new(), classes: CLASSES };
        for pixels in Self::pixels(split) {
            let (mut units, mut logits) = ([0.0; FEATURES], [0.0; CLASSES]);
            self.network.hidden().logits(&pixels, &mut units)?;
            units.iter_mut().for_each(|unit| *unit = unit.max(0.0));
            self.network.output().logits(&units, &mut logits)?;
            outputs.features.extend(units);
            outputs.logits.extend(logits);
        }
        Ok(outputs)
    }

    /// The images of a split of 8x8 grey pixels, normalised.
    pub fn pixels(split: &Split) -> Vec<[f32; PIXELS]> {
        let mut numbers = Vec::with_capacity(split.pixels.len());
        for image in split.pixels.chunks_exact(split.image_len()) {
            split.normalisation.append(image, split.shape, &mut numbers);
        }
        numbers.as_chunks::<PIXELS>().0.to_vec()
    }
}
