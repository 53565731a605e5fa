//! The losses that models are trained with: values and gradients against their equations in f64.

use burn::tensor::{Device, Tensor, TensorData};
use demo_host::data::DatasetName;
use demo_host::models::ModelName;
use demo_host::training::{AdaptiveBeta, Loss, Settings, batch_loss};
use oracle::tolerances;
use proptest::prelude::*;

const CLASSES: usize = 10;

/// Without class weights and ignored classes.
fn settings(loss: Loss) -> Settings {
    Settings { loss, ..Settings::new(DatasetName::Digits, ModelName::Mlp) }
}

/// The loss of one row by its equation in f64, including class weights.
fn row_loss(settings: &Settings, logits: &[f64], label: usize) -> f64 {
    if settings.ignore_index == Some(label) {
        return 0.0;
    }
    let weight = |class: usize| settings.class_weights.as_ref().map_or(1.0, |weights| f64::from(weights[class]));
    let nll = |class: usize| oracle::loss(logits, class, 1.0);
    match settings.loss {
        Loss::CrossEntropy => weight(label) * nll(label),
        Loss::GradientDecay { beta, .. } | Loss::AdaptiveDecay(AdaptiveBeta { start: beta, .. }) => {
            weight(label) * oracle::loss(logits, label, f64::from(beta))
        }
        Loss::AmSoftmax { scale, margin } => {
            weight(label) * oracle::loss(logits, label, (-f64::from(scale) * f64::from(margin)).exp())
        }
        Loss::Focal { gamma } => weight(label) * (1.0 - (-nll(label)).exp()).powf(f64::from(gamma)) * nll(label),
        Loss::LabelSmoothing { smoothing } => {
            let smoothing = f64::from(smoothing);
            let of_all: f64 = (0..CLASSES).map(|class| weight(class) * nll(class)).sum();
            (1.0 - smoothing) * weight(label) * nll(label) + smoothing / CLASSES as f64 * of_all
        }
    }
}

/// The mean as PyTorch takes it.
fn expected(settings: &Settings, logits: &[f64], labels: &[usize]) -> f64 {
    let rows = || logits.chunks_exact(CLASSES).zip(labels);
    let weight = |label: usize| match &settings.class_weights {
        _ if settings.ignore_index == Some(label) => 0.0,
        Some(weights) => f64::from(weights[label]),
        None => 1.0,
    };
    let total: f64 = labels.iter().map(|label| weight(*label)).sum();
    if total == 0.0 { 0.0 } else { rows().map(|(row, &label)| row_loss(settings, row, label)).sum::<f64>() / total }
}

/// Value and gradient by burn.
fn by_burn(settings: &Settings, logits: &[f32], labels: &[usize]) -> (f64, Vec<f64>) {
    let device = Device::flex().autodiff();
    let shape = [labels.len(), CLASSES];
    let z = Tensor::<2>::from_data(TensorData::new(logits.to_vec(), shape), &device).require_grad();
    let ln_beta = settings.loss.final_beta().ln();
    let loss = batch_loss(settings, z.clone(), labels, ln_beta);
    let gradient = z.grad(&loss.backward()).unwrap().into_data().try_to_vec::<f32>().unwrap();
    (f64::from(loss.into_scalar::<f32>()), gradient.into_iter().map(f64::from).collect())
}

fn check(settings: &Settings, logits: &[f32], labels: &[usize]) {
    let (value, gradient) = by_burn(settings, logits, labels);
    let logits: Vec<f64> = logits.iter().map(|z| f64::from(*z)).collect();
    let exact = expected(settings, &logits, labels);
    assert!((value - exact).abs() <= tolerances::AGAINST_BURN * exact.max(1.0), "{value}, not {exact}: {settings:?}");
    // Central differences in f64: their own error is below 1e-8 here.
    let step = 1e-5;
    for (i, found) in gradient.iter().enumerate() {
        let at = |z: f64| {
            let mut moved = logits.clone();
            moved[i] = z;
            expected(settings, &moved, labels)
        };
        let slope = (at(logits[i] + step) - at(logits[i] - step)) / (2.0 * step);
        assert!((found - slope).abs() <= tolerances::AGAINST_BURN, "{found}, not {slope} at {i}: {settings:?}");
    }
}

fn any_loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::CrossEntropy),
        (0.01_f32..20.0).prop_map(|beta| Loss::GradientDecay { beta, warm_up: None, scale_rate: false }),
        (0.01_f32..20.0).prop_map(|start| Loss::AdaptiveDecay(AdaptiveBeta { start, ..AdaptiveBeta::default() })),
        (0.0_f32..0.9).prop_map(|smoothing| Loss::LabelSmoothing { smoothing }),
        (0.5_f32..5.0).prop_map(|gamma| Loss::Focal { gamma }),
        (1.0_f32..30.0, 0.0_f32..0.5).prop_map(|(scale, margin)| Loss::AmSoftmax { scale, margin }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn values_and_gradients_are_those_of_the_equations(
        loss in any_loss(),
        logits in proptest::collection::vec(-8.0_f32..8.0, 4 * CLASSES),
        labels in proptest::collection::vec(0..CLASSES, 4),
        class_weights in proptest::option::of(proptest::collection::vec(0.1_f32..3.0, CLASSES)),
        ignore_index in proptest::option::of(0..CLASSES),
    ) {
        check(&Settings { class_weights, ignore_index, ..settings(loss) }, &logits, &labels);
    }
}

#[test]
fn ignored_images_have_no_gradient_and_a_batch_of_them_is_no_nan() {
    let logits: Vec<f32> = (0..3 * CLASSES).map(|i| (i as f32).sin()).collect();
    for loss in [Loss::CrossEntropy, Loss::LabelSmoothing { smoothing: 0.1 }, Loss::Focal { gamma: 2.0 }, Loss::plain()]
    {
        let settings = Settings { ignore_index: Some(4), ..settings(loss) };
        let (_, gradient) = by_burn(&settings, &logits, &[1, 4, 2]);
        assert!(gradient[CLASSES..2 * CLASSES].iter().all(|g| *g == 0.0));
        assert!(gradient[..CLASSES].iter().any(|g| *g != 0.0));
        let (value, gradient) = by_burn(&settings, &logits, &[4, 4, 4]);
        assert!(value == 0.0 && gradient.iter().all(|g| *g == 0.0), "{value} {gradient:?}");
    }
}

#[test]
fn focal_loss_has_a_gradient_where_the_prediction_is_certain() {
    let mut logits = vec![0.0; CLASSES];
    logits[3] = 60.0;
    for gamma in [0.5, 1.0, 2.0] {
        let (value, gradient) = by_burn(&settings(Loss::Focal { gamma }), &logits, &[3]);
        assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "gamma {gamma}: {gradient:?}");
    }
}

#[test]
fn am_softmax_is_gradient_decay_on_the_logits_of_cosines() {
    let logits: Vec<f32> = (0..2 * CLASSES).map(|i| 30.0 * (i as f32).sin()).collect();
    let margin = settings(Loss::AmSoftmax { scale: 30.0, margin: 0.1 });
    let beta = (-3.0_f32).exp();
    let decay = settings(Loss::GradientDecay { beta, warm_up: None, scale_rate: false });
    assert_eq!(by_burn(&margin, &logits, &[7, 0]), by_burn(&decay, &logits, &[7, 0]));
}
