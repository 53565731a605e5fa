//! Dense layers with ReLU between them, and SGD on one sample a step, in f64 from their definitions.

/// A dense layer, `W x + b`, with its velocity.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The weights row by row (a row is an output), then the biases.
    pub parameters: Vec<f64>,
    velocity: Vec<f64>,
    inputs: usize,
}

/// SGD in PyTorch's conventions: weight decay enters the gradient, momentum has no dampening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub learning_rate: f64,
    /// Momentum.
    pub momentum: f64,
    /// Whether momentum looks ahead.
    pub nesterov: bool,
    /// Weight decay.
    pub weight_decay: f64,
}

/// Layers, the features first, with ReLU between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The layers; the last gives the logits.
    pub layers: Vec<Layer>,
}

impl Layer {
    /// A layer of `inputs` inputs with these parameters and zero velocity.
    ///
    /// # Panics
    /// If the number of parameters is not a multiple of `inputs + 1`.
    pub fn new(parameters: &[f32], inputs: usize) -> Self {
        assert!(parameters.len().is_multiple_of(inputs + 1), "{} parameters of {inputs} inputs", parameters.len());
        let parameters: Vec<f64> = parameters.iter().map(|parameter| f64::from(*parameter)).collect();
        Layer { velocity: vec![0.0; parameters.len()], parameters, inputs }
    }

    /// The weights of each output with its bias.
    pub fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        let (weights, bias) = self.parameters.split_at(self.parameters.len() / (self.inputs + 1) * self.inputs);
        weights.chunks_exact(self.inputs).zip(bias.iter().copied())
    }

    /// `W x + b`.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.rows().map(|(row, bias)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias).collect()
    }

    /// Moves down the gradient `d x^T` of the weights and `d` of the biases.
    fn descend(&mut self, sgd: &Sgd, d: &[f64], x: &[f64]) {
        let slopes: Vec<f64> = d.iter().flat_map(|d| x.iter().map(move |x| d * x)).chain(d.iter().copied()).collect();
        for ((w, v), slope) in self.parameters.iter_mut().zip(&mut self.velocity).zip(slopes) {
            let slope = slope + sgd.weight_decay * *w;
            *v = sgd.momentum * *v + slope;
            *w -= sgd.learning_rate * if sgd.nesterov { slope + sgd.momentum * *v } else { *v };
        }
    }
}

impl Network {
    /// The logits of a sample.
    pub fn logits(&self, features: &[f64]) -> Vec<f64> {
        self.forward(features).pop().unwrap_or_default()
    }

    /// One step on one sample; returns the loss before.
    pub fn step(&mut self, sgd: &Sgd, features: &[f64], target: usize, beta: f64) -> f64 {
        let outputs = self.forward(features);
        let Some(logits) = outputs.last() else { return 0.0 };
        let mut d = crate::gradient(logits, target, beta);
        for i in (0..self.layers.len()).rev() {
            let inputs: Vec<f64> = match i.checked_sub(1) {
                Some(before) => outputs[before].iter().map(|sum| sum.max(0.0)).collect(),
                None => features.to_vec(),
            };
            // Backward through the weights before they change.
            let mut back = vec![0.0; inputs.len()];
            for ((row, _), d) in self.layers[i].rows().zip(&d) {
                back.iter_mut().zip(row).for_each(|(back, w)| *back += d * w);
            }
            self.layers[i].descend(sgd, &d, &inputs);
            // ReLU passes the gradient of active units.
            d = back.iter().zip(&inputs).map(|(back, unit)| if *unit > 0.0 { *back } else { 0.0 }).collect();
        }
        crate::loss(logits, target, beta)
    }

    /// The outputs of each layer, before ReLU.
    fn forward(&self, features: &[f64]) -> Vec<Vec<f64>> {
        let mut outputs: Vec<Vec<f64>> = Vec::new();
        for layer in &self.layers {
            let output = match outputs.last() {
                Some(sums) => layer.apply(&sums.iter().map(|sum| sum.max(0.0)).collect::<Vec<_>>()),
                None => layer.apply(features),
            };
            outputs.push(output);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerances::CENTRAL_DIFFERENCE;

    const PLAIN: Sgd = Sgd { learning_rate: 1.0, momentum: 0.0, nesterov: false, weight_decay: 0.0 };

    fn network() -> Network {
        let parameters = |count: usize| (0..count).map(|i| ((i * 37 % 23) as f32 - 11.0) / 16.0).collect::<Vec<_>>();
        Network { layers: vec![Layer::new(&parameters(4 * 4), 3), Layer::new(&parameters(3 * 5), 4)] }
    }

    #[test]
    fn a_step_of_rate_one_is_the_gradient() {
        const STEP: f64 = 1e-5;
        let (features, target, beta) = ([0.5, -1.0, 2.0], 1, 0.3);
        let before = network();
        let mut after = before.clone();
        let loss = after.step(&PLAIN, &features, target, beta);
        assert_eq!(loss, crate::loss(&before.logits(&features), target, beta));
        for layer in 0..2 {
            for i in 0..before.layers[layer].parameters.len() {
                let at = |step: f64| {
                    let mut moved = before.clone();
                    moved.layers[layer].parameters[i] += step;
                    crate::loss(&moved.logits(&features), target, beta)
                };
                let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                let moved = before.layers[layer].parameters[i] - after.layers[layer].parameters[i];
                assert!((moved - slope).abs() < CENTRAL_DIFFERENCE, "{moved} for {slope}, parameter {i} of {layer}");
            }
        }
    }

    /// One weight, without a gradient: the effect of momentum and decay, computed by hand.
    #[test]
    fn momentum_decay_and_nesterov_by_hand() {
        for (nesterov, after) in [(false, [0.9, 0.76]), (true, [0.85, 0.697_5])] {
            let sgd = Sgd { learning_rate: 0.1, momentum: 0.5, nesterov, weight_decay: 1.0 };
            let mut layer = Layer::new(&[1.0, 0.0], 1);
            for expected in after {
                layer.descend(&sgd, &[0.0], &[0.0]);
                assert!((layer.parameters[0] - expected).abs() < 1e-12, "{} for {expected}", layer.parameters[0]);
            }
        }
    }
}
