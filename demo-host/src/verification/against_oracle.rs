//! The core against the same network in f64.

use anyhow::Result;
use gradient_decay::storage::{Empty, StoredVelocity};
use gradient_decay::{FineTuner, GradientDecay, Libm, LinearHead, MlpHead, State, Train, Velocity};
use oracle::network::{Layer, Network, Sgd};
use oracle::tolerances;

use super::samples::{Samples, largest_square, tuners};
use super::{BETAS, Check, STEPS, Verification, in_f64, largest, largest_difference};
use crate::data::Split;
use crate::data::digits::{CLASSES, PIXELS};
use crate::evaluation::Outputs;
use crate::models::{CoreMlp, MLP_FEATURES as FEATURES};

/// Steps between two comparisons of parameters.
const EVERY: usize = 100;

type Mlp<V, W> = MlpHead<CLASSES, FEATURES, PIXELS, Libm, V, W>;

/// Compares the core with f64 on all images of `split`: the whole network's layers, the losses of its logits, and 1,000 training steps of
/// its head and of the network, from the trained parameters and from fresh ones.
///
/// # Errors
/// If the core refuses a sample, or there is none.
pub fn against_oracle(model: &CoreMlp, split: &Split) -> Result<Verification> {
    let (images, labels) = (CoreMlp::pixels(split), &split.labels[..]);
    let (hidden, parameters) = (model.hidden(), model.head());
    let samples = Samples { outputs: model.outputs(split)?, labels };
    let exact = Network { layers: vec![Layer::new(&hidden, PIXELS), Layer::new(&parameters, FEATURES)] };
    let (predictions, mut checks) = layers(&exact, &images, &samples.outputs);
    for beta in BETAS {
        checks.extend(samples.losses(beta)?);
    }

    let features = samples.outputs.features.as_chunks::<FEATURES>().0;
    let [plain, heavy] = tuners(largest_square(features))?;
    let zeros = vec![0.0; parameters.len()];
    for (start, from) in [("the trained head", &parameters), ("a fresh head", &zeros)] {
        let what = format!("{start}, {STEPS} steps of SGD");
        checks.push(head_steps::<()>(&what, from, &plain, features, labels)?);
        let what = format!("{start}, {STEPS} of Nesterov SGD with decay");
        checks.push(head_steps::<Velocity<CLASSES, FEATURES>>(&what, from, &heavy, features, labels)?);
    }
    // The curvature of the loss follows from the features for the head, and from the pixels and the difference of two classes' weights for the
    // hidden layer.
    let rows = || parameters[..CLASSES * FEATURES].chunks_exact(FEATURES);
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    let apart = rows().flat_map(|a| rows().map(move |b| distance(a, b))).fold(0.0, f32::max);
    let [plain, heavy] = tuners(largest_square(features) + 0.5 * apart * largest_square(&images))?;
    // Without weight decay: the weights of pixels that are always empty would only decay, by less in a step than f32 resolves, all rounded the
    // same way.
    let heavy = FineTuner::new(*heavy.schedule(), heavy.optimizer().try_with_weight_decay(0.0)?);
    let fresh = CoreMlp::new(1);
    let (fresh_hidden, fresh_head) = (fresh.hidden(), fresh.head());
    for (start, from) in
        [("the trained network", [&hidden, &parameters]), ("a fresh network", [&fresh_hidden, &fresh_head])]
    {
        let what = format!("{start}, {STEPS} steps of SGD");
        checks.push(network_steps::<(), ()>(&what, from, &plain, &images, labels)?);
        let what = format!("{start}, {STEPS} of Nesterov SGD");
        checks.push(network_steps::<Velocity<FEATURES, PIXELS>, Velocity<CLASSES, FEATURES>>(
            &what, from, &heavy, &images, labels,
        )?);
    }
    let mut head: LinearHead<CLASSES, FEATURES> = LinearHead::new();
    head.import(&parameters)?;
    checks.extend(samples.integers(&head)?);

    let [right_by_core, right_by_reference] =
        [0, 1].map(|side| predictions.iter().zip(labels).filter(|(classes, label)| classes[side] == **label).count());
    Ok(Verification { reference: "f64", images: labels.len(), right_by_reference, right_by_core, checks })
}

/// Hidden sums and logits against the same layers in f64, both as multiples of the tolerance; also the classes that the core and f64 predict.
fn layers(exact: &Network, images: &[[f32; PIXELS]], outputs: &Outputs) -> (Vec<[usize; 2]>, Vec<Check>) {
    let (mut hidden, mut logits) = (Vec::new(), Vec::new());
    let mut classes = Vec::new();
    let [first, second] = [&exact.layers[0], &exact.layers[1]];
    for ((image, units), row) in images.iter().zip(outputs.features.chunks_exact(FEATURES)).zip(outputs.rows()) {
        let image = in_f64(image);
        // The error that each unit may have, the same after the ReLU as before it.
        let sums: Vec<(f64, f64)> =
            bounds(first, &image).zip(first.apply(&image)).map(|(b, s)| (s.max(0.0), b)).collect();
        hidden.extend(sums.iter().zip(units).map(|((sum, bound), unit)| (f64::from(*unit) - sum).abs() / bound));
        let exact_units: Vec<f64> = sums.iter().map(|(sum, _)| *sum).collect();
        let exact_row = second.apply(&exact_units);
        let passed_on = second.rows().map(|(row, _)| row.iter().zip(&sums).map(|(w, (_, b))| w.abs() * b).sum::<f64>());
        let bounds = bounds(second, &exact_units).zip(passed_on).map(|(own, passed_on)| own + passed_on);
        logits.extend(
            exact_row.iter().zip(row).zip(bounds).map(|((z, found), bound)| (f64::from(*found) - z).abs() / bound),
        );
        classes.push([top(&in_f64(row)), top(&exact_row)]);
    }
    let check = |what: &str, found, accepted| Check { what: what.to_owned(), found, accepted };
    let other_classes = classes.iter().filter(|[core, exact]| core != exact).count();
    let checks = vec![
        check("images with another predicted class than in f64", other_classes as f64, 0.0),
        check("hidden units, against f64, in tolerances", largest(hidden), 1.0),
        check("logits, against f64, in tolerances", largest(logits), 1.0),
    ];
    (classes, checks)
}

/// The error that f32 may have in each output of a layer.
fn bounds<'a>(layer: &'a Layer, x: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    layer.rows().map(move |(row, bias)| {
        let magnitudes = row.iter().zip(x).map(|(w, x)| (w * x).abs()).sum::<f64>() + bias.abs();
        tolerances::dot_product(row.len() + 1, magnitudes)
    })
}

fn top(logits: &[f64]) -> usize {
    (0..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best })
}

/// The largest difference of a parameter of a head from f64 during the steps.
fn head_steps<V: StoredVelocity>(
    what: &str,
    from: &[f32],
    tuner: &FineTuner,
    features: &[[f32; FEATURES]],
    labels: &[usize],
) -> Result<Check> {
    let mut head = LinearHead::<CLASSES, FEATURES, Libm, V>::new();
    head.import(from)?;
    steps(what, &mut head, Network { layers: vec![Layer::new(from, FEATURES)] }, tuner, (features, labels), |head| {
        let mut parameters = vec![0.0; from.len()];
        head.export(&mut parameters)?;
        Ok(parameters)
    })
}

/// The largest difference of a parameter of the network from f64 during the steps.
fn network_steps<V: StoredVelocity, W: StoredVelocity>(
    what: &str,
    [hidden, output]: [&Vec<f32>; 2],
    tuner: &FineTuner,
    images: &[[f32; PIXELS]],
    labels: &[usize],
) -> Result<Check> {
    let mut network = Box::new(Mlp::<V, W>::new());
    network.import_hidden(hidden)?;
    network.import_output(output)?;
    let exact = Network { layers: vec![Layer::new(hidden, PIXELS), Layer::new(output, FEATURES)] };
    steps(what, &mut *network, exact, tuner, (images, labels), |network| {
        let (mut first, mut second) = (vec![0.0; hidden.len()], vec![0.0; output.len()]);
        network.hidden().export(&mut first)?;
        network.output().export(&mut second)?;
        Ok([first, second].concat())
    })
}

/// Trains `head` by the core and `exact` in f64 on the samples in turn, comparing all parameters every so many steps.
fn steps<H, const N: usize>(
    what: &str,
    head: &mut H,
    mut exact: Network,
    tuner: &FineTuner,
    (features, labels): (&[[f32; N]], &[usize]),
    export: impl Fn(&H) -> Result<Vec<f32>>,
) -> Result<Check>
where
    H: Train<Features = [f32; N], Number = f32, Optimizer = gradient_decay::Sgd, Work: Empty>,
{
    let core = tuner.optimizer();
    let sgd = Sgd {
        learning_rate: f64::from(core.learning_rate()),
        momentum: f64::from(core.momentum()),
        nesterov: core.nesterov(),
        weight_decay: f64::from(core.weight_decay()),
    };
    let (before, mut state) = (export(head)?, State::new());
    let mut found = Vec::new();
    for (step, (x, &label)) in features.iter().zip(labels).cycle().take(STEPS).enumerate() {
        tuner.step(head, &mut state, x, label)?;
        let decay: GradientDecay = tuner.schedule().at(step as u32);
        exact.step(&sgd, &in_f64(x), label, f64::from(decay.beta()));
        if (step + 1) % EVERY == 0 {
            let parameters = exact.layers.iter().flat_map(|layer| layer.parameters.iter().copied());
            found.push(largest_difference(in_f64(&export(head)?), parameters));
        }
    }
    let moved = largest_difference(in_f64(&export(head)?), in_f64(&before));
    Ok(Check {
        what: format!("{what}: parameters that moved by up to {moved:.1e}"),
        found: largest(found),
        accepted: tolerances::PARAMETERS_AFTER_1000_STEPS,
    })
}
