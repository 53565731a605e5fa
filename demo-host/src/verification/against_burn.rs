//! The core against burn on the head of a model of any architecture.

use anyhow::{Context, Result, bail};
use burn::module::Param;
use burn::nn::Linear;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use gradient_decay::storage::StoredVelocity;
use gradient_decay::{FineTuner, GradientDecay, Libm, LinearHead, MomentumHead, State};
use oracle::tolerances;

use super::samples::{Samples, largest_square, tuners};
use super::{BETAS, Check, STEPS, Verification, in_f64, largest, largest_difference};
use crate::data::Split;
use crate::models::{Model, core_parameters, floats};
use crate::training::gradient_decay_loss;

/// Compares core and burn on all images of `split`, and on 1,000 training steps; losses and gradients with the f64 oracle as well.
///
/// # Errors
/// If the core refuses a sample, or the head has a size that no model has.
pub fn against_burn(model: &Model, split: &Split, device: &Device) -> Result<Verification> {
    let samples = Samples { outputs: model.outputs(split, None, device), labels: &split.labels };
    let (classes, head) = (samples.outputs.classes, core_parameters(model.head()));
    let comparison = Comparison { samples, device };
    match (classes, head.len() / classes - 1) {
        (10, 64) => comparison.verify::<10, 64>(&head),
        (10, 84) => comparison.verify::<10, 84>(&head),
        (10, 128) => comparison.verify::<10, 128>(&head),
        (10, 512) => comparison.verify::<10, 512>(&head),
        (100, 64) => comparison.verify::<100, 64>(&head),
        (100, 512) => comparison.verify::<100, 512>(&head),
        (_, features) => bail!(
            "a head of {features} features and {classes} classes has no comparison yet: add its size to against_burn.rs"
        ),
    }
}

/// The outcome of comparing classes and probabilities.
struct Predictions {
    right_by_burn: usize,
    right_by_core: usize,
    checks: Vec<Check>,
}

/// The samples, and burn's device.
struct Comparison<'a> {
    samples: Samples<'a>,
    device: &'a Device,
}

impl Comparison<'_> {
    fn verify<const CLASSES: usize, const FEATURES: usize>(&self, parameters: &[f32]) -> Result<Verification> {
        let mut head: LinearHead<CLASSES, FEATURES> = LinearHead::new();
        head.import(parameters)?;
        let Predictions { right_by_burn, right_by_core, mut checks } = self.predictions(&head)?;
        for beta in BETAS {
            checks.extend(self.losses(beta)?);
            checks.extend(self.samples.losses(beta)?);
        }
        let [plain, heavy] = tuners(largest_square(self.features::<FEATURES>()))?;
        // The trained head has little left to learn, a head of zeros everything.
        let zeros = vec![0.0; parameters.len()];
        for (start, from) in [("the trained head", parameters), ("a fresh head", &zeros)] {
            let light = LinearHead::<CLASSES, FEATURES>::new();
            let full = MomentumHead::<CLASSES, FEATURES>::new();
            checks.push(self.steps(&format!("{start}, {STEPS} steps of SGD"), light, from, &plain)?);
            checks.push(self.steps(&format!("{start}, {STEPS} of Nesterov SGD with decay"), full, from, &heavy)?);
        }
        checks.extend(self.samples.integers(&head)?);
        let (images, right_by_reference) = (self.samples.labels.len(), right_by_burn);
        Ok(Verification { reference: "burn", images, right_by_reference, right_by_core, checks })
    }

    /// Classes and probabilities.
    fn predictions<const CLASSES: usize, const FEATURES: usize>(
        &self,
        head: &LinearHead<CLASSES, FEATURES>,
    ) -> Result<Predictions> {
        let burn_logits = self.tensor(&self.samples.outputs.logits, CLASSES);
        let burn_probabilities = floats(softmax(burn_logits.clone(), 1));
        let burn_classes: Vec<i32> = burn_logits.argmax(1).into_data().iter::<i32>().collect();
        let loss = GradientDecay::new(1.0);
        let (mut right_by_burn, mut right_by_core, mut other_classes, mut differences) = (0, 0, 0, Vec::new());
        let rows = self.features::<FEATURES>().iter().zip(burn_probabilities.chunks_exact(CLASSES));
        for (((features, expected), burn_class), &label) in rows.zip(burn_classes).zip(self.samples.labels) {
            let (mut logits, mut probabilities) = ([0.0; CLASSES], [0.0; CLASSES]);
            head.logits(features, &mut logits)?;
            loss.probabilities(&logits, &mut probabilities)?;
            let class = head.predict(features)?.class;
            other_classes += usize::from(class != burn_class as usize);
            right_by_burn += usize::from(burn_class as usize == label);
            right_by_core += usize::from(class == label);
            differences.push(largest_difference(in_f64(&probabilities), in_f64(expected)));
        }
        let classes = "images with another predicted class than burn's".to_owned();
        let probabilities = "probabilities, against burn".to_owned();
        let checks = vec![
            Check { what: classes, found: other_classes as f64, accepted: 0.0 },
            Check { what: probabilities, found: largest(differences), accepted: tolerances::AGAINST_BURN },
        ];
        Ok(Predictions { right_by_burn, right_by_core, checks })
    }

    /// The mean loss of the logits and its gradients, against burn's automatic ones.
    fn losses(&self, beta: f32) -> Result<[Check; 2]> {
        let core = GradientDecay::try_new(beta)?;
        let device = self.device.clone().autodiff();
        let Samples { ref outputs, labels } = self.samples;
        let (count, classes) = (labels.len(), outputs.classes);
        let targets: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), &device);
        let z =
            Tensor::<2>::from_data(TensorData::new(outputs.logits.clone(), [count, classes]), &device).require_grad();
        let mean = gradient_decay_loss(z.clone(), targets, core.ln_beta());
        let burn_gradient = z.grad(&mean.backward()).context("burn gave no gradient")?.mul_scalar(count as f32);
        let burn_gradient = floats(burn_gradient);

        let (mut sum, mut differences) = (0.0, Vec::new());
        for ((row, burn_row), &label) in outputs.rows().zip(burn_gradient.chunks_exact(classes)).zip(labels) {
            let mut gradient = vec![0.0; classes];
            sum += f64::from(core.loss_and_gradient(row, label, &mut gradient)?);
            differences.push(largest_difference(in_f64(&gradient), in_f64(burn_row)));
        }
        let burn_mean = f64::from(mean.into_scalar::<f32>());
        let of_means = (sum / count as f64 - burn_mean).abs() / burn_mean.max(1.0);
        let check = |what: &str, found| Check {
            what: format!("{what}, against burn, beta {beta}"),
            found,
            accepted: tolerances::AGAINST_BURN,
        };
        Ok([check("mean loss", of_means), check("gradients", largest(differences))])
    }

    /// The largest difference of a parameter after 1,000 steps of one sample each, by core and by burn.
    fn steps<const CLASSES: usize, const FEATURES: usize, V: StoredVelocity>(
        &self,
        name: &str,
        mut head: LinearHead<CLASSES, FEATURES, Libm, V>,
        before: &[f32],
        tuner: &FineTuner,
    ) -> Result<Check> {
        head.import(before)?;
        let mut state = State::new();
        let device = self.device.clone().autodiff();
        let mut layer = dense(before, FEATURES, &device);
        let settings = tuner.optimizer();
        let momentum = MomentumConfig::new()
            .with_momentum(f64::from(settings.momentum()))
            .with_dampening(0.0)
            .with_nesterov(settings.nesterov());
        let mut optimizer = SgdConfig::new()
            .with_momentum((settings.momentum() > 0.0).then_some(momentum))
            .with_weight_decay(Some(WeightDecayConfig::new(settings.weight_decay())))
            .init();

        let all = self.features::<FEATURES>().iter().zip(self.samples.labels);
        for (step, (features, &label)) in all.cycle().take(STEPS).enumerate() {
            tuner.step(&mut head, &mut state, features, label)?;
            let decay: GradientDecay = tuner.schedule().at(step as u32);
            let x = Tensor::<2>::from_data(TensorData::new(features.to_vec(), [1, FEATURES]), &device);
            let target = Tensor::<1, Int>::from_data(TensorData::new(vec![label as i32], [1]), &device);
            let loss = gradient_decay_loss(layer.forward(x), target, decay.ln_beta());
            let gradients = GradientsParams::from_grads(loss.backward(), &layer);
            layer = optimizer.step(f64::from(settings.learning_rate()), layer, gradients);
        }
        let mut parameters = vec![0.0; before.len()];
        head.export(&mut parameters)?;
        let moved = largest_difference(in_f64(&parameters), in_f64(before));
        Ok(Check {
            what: format!("{name}: parameters that moved by up to {moved:.1e}"),
            found: largest_difference(in_f64(&parameters), in_f64(&core_parameters(&layer))),
            accepted: tolerances::PARAMETERS_AFTER_1000_STEPS,
        })
    }

    fn features<const FEATURES: usize>(&self) -> &[[f32; FEATURES]] {
        self.samples.outputs.features.as_chunks::<FEATURES>().0
    }

    fn tensor(&self, values: &[f32], columns: usize) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len() / columns, columns]), self.device)
    }
}

/// A dense layer of burn with these parameters in the core's order.
fn dense(parameters: &[f32], features: usize, device: &Device) -> Linear {
    let classes = parameters.len() / (features + 1);
    let (weights, bias) = parameters.split_at(classes * features);
    let weights = Tensor::<2>::from_data(TensorData::new(weights.to_vec(), [classes, features]), device).transpose();
    let bias = Tensor::<1>::from_data(TensorData::new(bias.to_vec(), [classes]), device);
    Linear { weight: Param::from_tensor(weights), bias: Some(Param::from_tensor(bias)) }
}
