//! The core against burn, and both against the f64 oracle, on a trained model and real images.

mod integers;

use std::fmt;

use anyhow::{Context, Result, bail};
use burn::module::Param;
use burn::nn::Linear;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use gradient_decay::storage::StoredVelocity;
use gradient_decay::{BetaSchedule, FineTuner, GradientDecay, Libm, LinearHead, MomentumHead, Sgd, State};
use oracle::tolerances;

use crate::data::Split;
use crate::evaluation::Outputs;
use crate::models::{Model, core_parameters, floats};
use crate::training::gradient_decay_loss;

/// The betas that losses and gradients are compared at.
const BETAS: [f32; 5] = [0.01, 0.1, 1.0, 5.0, 20.0];

/// The steps of the comparison of training.
const STEPS: usize = 1000;

/// The momentum of the comparison of training, where there is one.
const MOMENTUM: f32 = 0.9;

/// One comparison: a figure and the largest that it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What was compared.
    pub what: String,
    /// The largest difference that was found.
    pub found: f64,
    /// The largest that is accepted.
    pub accepted: f64,
}

/// All comparisons on one model and split.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// The images that were compared on.
    pub images: usize,
    /// How many of them burn's model predicts right.
    pub right_by_burn: usize,
    /// How many the head predicts right in the core.
    pub right_by_core: usize,
    /// The comparisons.
    pub checks: Vec<Check>,
}

/// Compares core and burn on all images of `split`, and on 1,000 training steps.
///
/// # Errors
/// If the core refuses a sample.
pub fn verify(model: &Model, split: &Split, device: &Device) -> Result<Verification> {
    let Outputs { features, logits, classes } = Outputs::of(model, split, None, device);
    let samples = Samples { features, logits, classes, labels: &split.labels, device };
    let head = core_parameters(model.head());
    match (classes, head.len() / classes - 1) {
        (10, 64) => samples.verify::<10, 64>(&head),
        (10, 84) => samples.verify::<10, 84>(&head),
        (10, 128) => samples.verify::<10, 128>(&head),
        (10, 512) => samples.verify::<10, 512>(&head),
        (100, 64) => samples.verify::<100, 64>(&head),
        (100, 512) => samples.verify::<100, 512>(&head),
        (_, features) => bail!(
            "a head of {features} features and {classes} classes has no comparison yet: add its size to verification.rs"
        ),
    }
}

/// What comparing classes and probabilities came to.
struct Predictions {
    right_by_burn: usize,
    right_by_core: usize,
    checks: Vec<Check>,
}

/// Features with burn's logits and the labels.
struct Samples<'a> {
    features: Vec<f32>,
    logits: Vec<f32>,
    classes: usize,
    labels: &'a [usize],
    device: &'a Device,
}

impl Samples<'_> {
    fn verify<const CLASSES: usize, const FEATURES: usize>(&self, parameters: &[f32]) -> Result<Verification> {
        let mut head: LinearHead<CLASSES, FEATURES> = LinearHead::new();
        head.import(parameters)?;
        let Predictions { right_by_burn, right_by_core, mut checks } = self.predictions(&head)?;
        for beta in BETAS {
            checks.extend(self.losses(beta)?);
        }
        let warm_up = BetaSchedule::linear(0.01, 1.0, 500);
        // The curvature of a sample's loss is at most half of |x|^2 + 1. At these rates steps do not overshoot it, so
        // that what is compared is arithmetic: an unstable training doubles any rounding again and again.
        let rate = 1.0 / self.largest_square::<FEATURES>();
        let plain = FineTuner::new(warm_up, Sgd::try_new(rate)?);
        let heavy = Sgd::try_new(rate * (1.0 - MOMENTUM))?.try_with_momentum(MOMENTUM)?.with_nesterov();
        let heavy = FineTuner::new(warm_up, heavy.try_with_weight_decay(1e-4)?);
        // The trained head has little left to learn here, a head of zeros everything.
        let zeros = vec![0.0; parameters.len()];
        for (start, from) in [("the trained head", parameters), ("a fresh head", &zeros)] {
            let light = LinearHead::<CLASSES, FEATURES>::new();
            let full = MomentumHead::<CLASSES, FEATURES>::new();
            checks.push(self.steps(&format!("{start}, {STEPS} steps of SGD"), light, from, &plain)?);
            checks.push(self.steps(&format!("{start}, {STEPS} of Nesterov SGD with decay"), full, from, &heavy)?);
        }
        checks.extend(self.integers(&head)?);
        Ok(Verification { images: self.labels.len(), right_by_burn, right_by_core, checks })
    }

    /// Classes and probabilities.
    fn predictions<const CLASSES: usize, const FEATURES: usize>(
        &self,
        head: &LinearHead<CLASSES, FEATURES>,
    ) -> Result<Predictions> {
        let burn_logits = self.tensor(&self.logits, CLASSES);
        let burn_probabilities = floats(softmax(burn_logits.clone(), 1));
        let burn_classes: Vec<i32> = burn_logits.argmax(1).into_data().iter::<i32>().collect();
        let loss = GradientDecay::new(1.0);
        let (mut right_by_burn, mut right_by_core, mut other_classes, mut difference) = (0, 0, 0, 0.0_f64);
        let rows = self.features.as_chunks::<FEATURES>().0.iter().zip(burn_probabilities.chunks_exact(CLASSES));
        for (((features, expected), burn_class), &label) in rows.zip(burn_classes).zip(self.labels) {
            let (mut logits, mut probabilities) = ([0.0; CLASSES], [0.0; CLASSES]);
            head.logits(features, &mut logits)?;
            loss.probabilities(&logits, &mut probabilities)?;
            let class = head.predict(features)?.class;
            other_classes += usize::from(class != burn_class as usize);
            right_by_burn += usize::from(burn_class as usize == label);
            right_by_core += usize::from(class == label);
            difference = difference.max(largest_difference(&probabilities, expected));
        }
        let classes = "images with another predicted class than burn's".to_owned();
        let probabilities = "probabilities, against burn".to_owned();
        let checks = vec![
            Check { what: classes, found: other_classes as f64, accepted: 0.0 },
            Check { what: probabilities, found: difference, accepted: tolerances::AGAINST_BURN },
        ];
        Ok(Predictions { right_by_burn, right_by_core, checks })
    }

    /// Losses and gradients of the logits, against burn's automatic ones and the oracle.
    fn losses(&self, beta: f32) -> Result<Vec<Check>> {
        let core = GradientDecay::try_new(beta)?;
        let device = self.device.clone().autodiff();
        let count = self.labels.len();
        let targets: Vec<i32> = self.labels.iter().map(|label| *label as i32).collect();
        let targets = Tensor::<1, Int>::from_data(TensorData::new(targets, [count]), &device);
        let z =
            Tensor::<2>::from_data(TensorData::new(self.logits.clone(), [count, self.classes]), &device).require_grad();
        let mean = gradient_decay_loss(z.clone(), targets, core.ln_beta());
        let burn_gradient = z.grad(&mean.backward()).context("burn gave no gradient")?.mul_scalar(count as f32);
        let burn_gradient = floats(burn_gradient);

        let (mut against_burn, mut against_oracle, mut loss_difference) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut sum = 0.0;
        let rows = self.logits.chunks_exact(self.classes).zip(burn_gradient.chunks_exact(self.classes));
        for ((row, burn_row), &label) in rows.zip(self.labels) {
            let mut gradient = vec![0.0; self.classes];
            let loss = f64::from(core.loss_and_gradient(row, label, &mut gradient)?);
            sum += loss;
            let row: Vec<f64> = row.iter().map(|z| f64::from(*z)).collect();
            let exact: Vec<f32> = oracle::gradient(&row, label, f64::from(beta)).iter().map(|g| *g as f32).collect();
            let exact_loss = oracle::loss(&row, label, f64::from(beta));
            against_burn = against_burn.max(largest_difference(&gradient, burn_row));
            against_oracle = against_oracle.max(largest_difference(&gradient, &exact));
            loss_difference =
                loss_difference.max((loss - exact_loss).abs() / tolerances::loss(self.classes, exact_loss));
        }
        let burn_mean = f64::from(mean.into_scalar::<f32>());
        let mean_difference = (sum / count as f64 - burn_mean).abs() / burn_mean.max(1.0);
        let check = |what: &str, found, accepted| Check { what: format!("{what}, beta {beta}"), found, accepted };
        Ok(vec![
            check("mean loss, against burn", mean_difference, tolerances::AGAINST_BURN),
            check("gradients, against burn", against_burn, tolerances::AGAINST_BURN),
            check("gradients, against the oracle", against_oracle, tolerances::probability(self.classes)),
            check("losses, against the oracle, in tolerances", loss_difference, 1.0),
        ])
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

        let all = self.features.as_chunks::<FEATURES>().0.iter().zip(self.labels);
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
        let moved = largest_difference(&parameters, before);
        Ok(Check {
            what: format!("{name}: parameters that moved by up to {moved:.1e}"),
            found: largest_difference(&parameters, &core_parameters(&layer)),
            accepted: tolerances::PARAMETERS_AFTER_1000_STEPS,
        })
    }

    /// The largest |x|^2 + 1 of a sample's features x.
    fn largest_square<const FEATURES: usize>(&self) -> f32 {
        let samples = self.features.as_chunks::<FEATURES>().0.iter();
        samples.map(|x| x.iter().fold(1.0, |sum, x| sum + x * x)).fold(1.0, f32::max)
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

fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    let differences = a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs());
    // f64::max would pass over a NaN.
    differences.fold(0.0, |most, d| if d > most || d.is_nan() { d } else { most })
}

impl Check {
    /// Whether the difference is accepted.
    pub fn holds(&self) -> bool {
        self.found <= self.accepted
    }
}

impl Verification {
    /// Whether every comparison holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    /// A line that says how it came out, and the comparisons that do not hold.
    pub fn summary(&self) -> String {
        let Verification { images, right_by_burn, right_by_core, checks } = self;
        let good = checks.iter().filter(|check| check.holds()).count();
        let mut text = format!(
            "The trained head replayed through the core: {right_by_core} of {images} right, {right_by_burn} by burn.\n\
             Core against burn and the f64 oracle: {good} of {} comparisons hold; the report lists them.\n",
            checks.len()
        );
        text.extend(checks.iter().filter(|check| !check.holds()).map(|check| format!("{check}\n")));
        text
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { what, found, accepted } = self;
        let verdict = if self.holds() { "ok" } else { "NOT OK" };
        write!(f, "  {what:<84} {found:>9.2e}  (accepted {accepted:.1e})  {verdict}")
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verification { images, right_by_burn, right_by_core, .. } = self;
        writeln!(f, "The trained head replayed through the core, on {images} images:")?;
        writeln!(f, "  predicted right: {right_by_core} by the core, {right_by_burn} by burn")?;
        writeln!(f, "Largest differences of the core from burn and from the f64 oracle:")?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}
