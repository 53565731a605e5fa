//! The features that a head takes, and the comparisons for any head.

use anyhow::Result;
use gradient_decay::{BetaSchedule, FineTuner, GradientDecay, Sgd};
use oracle::tolerances;

use super::{Check, in_f64, largest, largest_difference};
use crate::evaluation::Outputs;

/// The momentum of the comparison of training, where there is one.
const MOMENTUM: f32 = 0.9;

/// Features with the logits of a trained head and the labels.
pub(super) struct Samples<'a> {
    /// Features and logits.
    pub(super) outputs: Outputs,
    /// The class of each sample.
    pub(super) labels: &'a [usize],
}

impl Samples<'_> {
    /// Losses of the logits and their gradients, against the oracle.
    pub(super) fn losses(&self, beta: f32) -> Result<[Check; 2]> {
        let (core, exact) = (GradientDecay::try_new(beta)?, f64::from(beta));
        let classes = self.outputs.classes;
        let (mut gradients, mut losses) = (Vec::new(), Vec::new());
        for (row, &label) in self.outputs.rows().zip(self.labels) {
            let mut gradient = vec![0.0; classes];
            let loss = f64::from(core.loss_and_gradient(row, label, &mut gradient)?);
            let row = in_f64(row);
            gradients.push(largest_difference(in_f64(&gradient), oracle::gradient(&row, label, exact)));
            let exact = oracle::loss(&row, label, exact);
            losses.push((loss - exact).abs() / tolerances::relative(classes, exact));
        }
        let check = |what: &str, found, accepted| Check { what: format!("{what}, beta {beta}"), found, accepted };
        Ok([
            check("gradients, against the oracle", largest(gradients), tolerances::probability(classes)),
            check("losses, against the oracle, in tolerances", largest(losses), 1.0),
        ])
    }
}

/// The settings with which training is compared: SGD, and SGD with Nesterov's momentum and weight decay, both with a warm-up, at a learning
/// rate of `1 / curvature`, where `curvature` is twice the largest curvature of a sample's loss. At these rates steps do not overshoot, so that
/// only the arithmetic is compared: unstable training would amplify every rounding error.
///
/// # Errors
/// If the curvature is not finite.
pub(super) fn tuners(curvature: f32) -> Result<[FineTuner; 2]> {
    let (warm_up, rate) = (BetaSchedule::linear(0.01, 1.0, 500), 1.0 / curvature);
    let heavy = Sgd::try_new(rate * (1.0 - MOMENTUM))?.try_with_momentum(MOMENTUM)?.with_nesterov();
    Ok([FineTuner::new(warm_up, Sgd::try_new(rate)?), FineTuner::new(warm_up, heavy.try_with_weight_decay(1e-4)?)])
}

/// The largest `|x|^2 + 1` of a sample's features x, which is twice the largest curvature of a linear head's loss.
pub(super) fn largest_square<const FEATURES: usize>(features: &[[f32; FEATURES]]) -> f32 {
    features.iter().map(|x| x.iter().fold(1.0, |sum, x| sum + x * x)).fold(1.0, f32::max)
}
