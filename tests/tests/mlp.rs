//! The head with a hidden layer: its gradient against central differences in f64, and that errors change nothing.

use gradient_decay::storage::StoredVelocity;
use gradient_decay::{BetaSchedule, Error, FineTuner, Head as _, Libm, MlpHead, MomentumMlpHead, Sgd, State};
use oracle::tolerances;
use proptest::prelude::*;

const CLASSES: usize = 4;
const HIDDEN: usize = 6;
const FEATURES: usize = 5;

type Head = MlpHead<CLASSES, HIDDEN, FEATURES>;
type MomentumHead = MomentumMlpHead<CLASSES, HIDDEN, FEATURES>;
/// The head with or without velocities.
type Mlp<V, W> = MlpHead<CLASSES, HIDDEN, FEATURES, Libm, V, W>;

/// Weights and biases of both layers, as they are imported.
type Parameters = (Vec<f64>, Vec<f64>);

fn parameters<V: StoredVelocity, W: StoredVelocity>(head: &Mlp<V, W>) -> Parameters {
    let mut hidden = [0.0; HIDDEN * (FEATURES + 1)];
    let mut output = [0.0; CLASSES * (HIDDEN + 1)];
    head.hidden().export(&mut hidden).unwrap();
    head.output().export(&mut output).unwrap();
    (hidden.map(f64::from).to_vec(), output.map(f64::from).to_vec())
}

fn dense(parameters: &[f64], x: &[f64], rows: usize) -> Vec<f64> {
    let (weights, bias) = parameters.split_at(rows * x.len());
    let row = |i: usize| bias[i] + weights[i * x.len()..][..x.len()].iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    (0..rows).map(row).collect()
}

fn units(parameters: &Parameters, features: &[f32]) -> Vec<f64> {
    let x: Vec<f64> = features.iter().map(|x| f64::from(*x)).collect();
    dense(&parameters.0, &x, HIDDEN)
}

fn loss(parameters: &Parameters, features: &[f32], target: usize, beta: f64) -> f64 {
    let h: Vec<f64> = units(parameters, features).into_iter().map(|h| h.max(0.0)).collect();
    oracle::loss(&dense(&parameters.1, &h, CLASSES), target, beta)
}

/// The gradient of all parameters, hidden ones first, by central differences.
fn differences(parameters: &Parameters, features: &[f32], target: usize, beta: f64) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let hidden = parameters.0.len();
    let at = |i: usize, step: f64| {
        let mut moved = parameters.clone();
        if i < hidden {
            moved.0[i] += step;
        } else {
            moved.1[i - hidden] += step;
        }
        loss(&moved, features, target, beta)
    };
    (0..hidden + parameters.1.len()).map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP)).collect()
}

fn head<V: StoredVelocity, W: StoredVelocity>(hidden: &[f32], output: &[f32]) -> Mlp<V, W> {
    let mut head = Mlp::new();
    head.import_hidden(hidden).unwrap();
    head.import_output(output).unwrap();
    head
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_step_goes_down_the_gradient(
        hidden in prop::collection::vec(-1.0..1.0_f32, HIDDEN * (FEATURES + 1)),
        output in prop::collection::vec(-1.0..1.0_f32, CLASSES * (HIDDEN + 1)),
        features in prop::array::uniform5(-2.0..2.0_f32),
        target in 0..CLASSES,
        beta in prop_oneof![Just(1.0_f32), 0.01..5.0_f32],
    ) {
        let mut head: Head = head(&hidden, &output);
        let before = parameters(&head);
        // Near a kink of ReLU, central differences are meaningless.
        prop_assume!(units(&before, &features).iter().all(|h| h.abs() > 1e-3));
        let tuner = FineTuner::new(BetaSchedule::try_constant(beta).unwrap(), Sgd::new(1.0));
        let mut state = State::new();
        let step = tuner.step(&mut head, &mut state, &features, target).unwrap();
        let exact = loss(&before, &features, target, f64::from(beta));
        prop_assert!((f64::from(step.loss()) - exact).abs() <= 1e-5 * (1.0 + exact));
        let after = parameters(&head);
        let moved = before.0.iter().zip(&after.0).chain(before.1.iter().zip(&after.1)).map(|(b, a)| b - a);
        let gradient = differences(&before, &features, target, f64::from(beta));
        let largest = gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        for (moved, g) in moved.zip(gradient) {
            // The parameters themselves, of up to 2, are rounded to EPS.
            prop_assert!((moved - g).abs() <= tolerances::GRADIENT * largest + 4.0 * tolerances::EPS, "{moved} for {g}");
        }
    }

    #[test]
    fn whatever_comes_parameters_stay_finite(
        hidden in prop::collection::vec(-1e20..1e20_f32, HIDDEN * (FEATURES + 1)),
        output in prop::collection::vec(-1e20..1e20_f32, CLASSES * (HIDDEN + 1)),
        features in prop::array::uniform5(prop_oneof![-1e20..1e20_f32, any::<f32>(), -1.0..1.0_f32]),
        target in 0..CLASSES + 1,
        momentum in prop_oneof![Just(0.0_f32), Just(0.9)],
        clip in any::<bool>(),
    ) {
        let (mut head, mut state): (MomentumHead, _) = (head(&hidden, &output), State::new());
        let sgd = Sgd::new(0.1).try_with_momentum(momentum).unwrap();
        let sgd = if clip { sgd.with_clip_norm(1.0) } else { sgd };
        let tuner = FineTuner::new(BetaSchedule::constant(0.5), sgd);
        let before = (head.clone(), state.clone());
        let result = tuner.step(&mut head, &mut state, &features, target).map(drop);
        let (hidden, output) = parameters(&head);
        prop_assert!(hidden.iter().chain(&output).all(|w| w.is_finite()));
        if result.is_err() {
            prop_assert_eq!((head, state), before);
        }
    }
}

#[test]
fn momentum_needs_its_velocity() {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1).with_momentum(0.9));
    let mut head = Head::new();
    head.initialise(3);
    let (before, mut state) = (head.clone(), State::new());
    assert_eq!(tuner.step(&mut head, &mut state, &[1.0; 5], 0), Err(Error::NoVelocity));
    assert_eq!((head, state.steps()), (before, 0));
    let (mut head, mut state) = (MomentumHead::new(), State::new());
    head.initialise(3);
    for i in 0..20_u8 {
        tuner.step(&mut head, &mut state, &[f32::from(i % 4), 1.0, 0.0, -1.0, 0.5], usize::from(i) % 4).unwrap();
    }
    assert_eq!(state.steps(), 20);
}

/// Rows of the output layer that are not in use take no part.
#[test]
fn a_head_with_room_to_spare_trains_as_one_without() {
    let tuner = FineTuner::new(BetaSchedule::constant(0.3), Sgd::new(0.1).with_clip_norm(0.5));
    let (mut head, mut state) = (Head::new(), State::new());
    let (mut roomy, mut its_state) = (MlpHead::<{ CLASSES + 3 }, HIDDEN, FEATURES>::new(), State::new());
    head.initialise(3);
    roomy.truncate(CLASSES).unwrap();
    roomy.initialise(3);
    for i in 0..200_u8 {
        let features = [f32::from(i % 4), 1.0, f32::from(i % 7) - 3.0, -1.0, 0.5];
        let reported = tuner.step(&mut head, &mut state, &features, usize::from(i) % 4).unwrap();
        let its = tuner.step(&mut roomy, &mut its_state, &features, usize::from(i) % 4).unwrap();
        assert_eq!((reported.loss(), reported.prediction()), (its.loss(), its.prediction()), "{i}");
    }
    assert_eq!((head.hidden(), roomy.classes()), (roomy.hidden(), CLASSES));
    let mut output = [0.0; (CLASSES + 3) * (HIDDEN + 1)];
    roomy.output().export(&mut output).unwrap();
    let used = [&output[..CLASSES * HIDDEN], &output[(CLASSES + 3) * HIDDEN..][..CLASSES]].concat();
    assert_eq!(used.into_iter().map(f64::from).collect::<Vec<_>>(), parameters(&head).1);
}

#[test]
fn a_clipped_step_has_the_stated_norm() {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(1.0).with_clip_norm(0.01));
    let output = [0.2, -0.4, 0.1, 0.3, 0.2, 0.1, 0.5].repeat(CLASSES);
    let mut head: Head = head(&[0.3; HIDDEN * (FEATURES + 1)], &output);
    let before = parameters(&head);
    tuner.step(&mut head, &mut State::new(), &[1.0, 2.0, -0.5, 0.3, 0.7], 2).unwrap();
    let after = parameters(&head);
    let moved = before.0.iter().zip(&after.0).chain(before.1.iter().zip(&after.1)).map(|(b, a)| (b - a) * (b - a));
    let norm = moved.sum::<f64>().sqrt();
    assert!((norm - 0.01).abs() < 1e-6, "{norm}");
}
