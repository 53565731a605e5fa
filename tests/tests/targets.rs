//! Targets other than a plain class against the f64 oracle: distributions, label smoothing, class weights, an ignored class.

use gradient_decay::error::{Number, Slice};
use gradient_decay::{BetaSchedule, Error, FineTuner, GradientDecay, LinearHead, Sgd, State, Target, TargetOptions};
use oracle::tolerances;
use proptest::prelude::*;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// A case: logits, a distribution and weights, all of one length, with zeros among them.
fn case(range: f32) -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<f32>)> {
    (1..=40_usize).prop_flat_map(move |classes| {
        let logits = prop::collection::vec(prop_oneof![8 => -range..range, 1 => Just(0.0), 1 => Just(range)], classes);
        let raw = prop::collection::vec(prop_oneof![2 => 0.01..1.0_f32, 1 => Just(0.0)], classes);
        let distribution = raw.prop_map(|raw| {
            let sum: f32 = raw.iter().sum();
            let even = 1.0 / raw.len() as f32;
            raw.iter().map(|t| if sum > 0.0 { t / sum } else { even }).collect::<Vec<_>>()
        });
        let weights = prop::collection::vec(prop_oneof![3 => 0.1..3.0_f32, 1 => Just(0.0)], classes);
        (logits, distribution, weights)
    })
}

/// Every hundredth of beta's logarithm over [1e-4, 1e3].
fn beta() -> impl Strategy<Value = f32> {
    (-4.0..3.0_f32).prop_map(|exponent| 10.0_f32.powf(exponent))
}

fn check(
    z: &[f32],
    target: &Target<'_>,
    options: &TargetOptions<'_>,
    a: &[f64],
    beta: f32,
) -> Result<(), TestCaseError> {
    let mut gradient = vec![0.0; z.len()];
    let loss = GradientDecay::try_new(beta).unwrap();
    let found = f64::from(loss.loss_and_gradient_with(z, target, options, &mut gradient).unwrap().unwrap());
    let total: f64 = a.iter().sum();
    let exact = oracle::expected_loss(&wide(z), a, f64::from(beta));
    let largest =
        a.iter().enumerate().map(|(class, _)| oracle::loss(&wide(z), class, f64::from(beta))).fold(0.0, f64::max);
    let bound = tolerances::relative(z.len(), largest) * total.max(f64::from(f32::MIN_POSITIVE));
    prop_assert!((found - exact).abs() <= bound, "loss {found} for {exact}, beta {beta}");
    for (g, exact) in gradient.iter().zip(oracle::expected_gradient(&wide(z), a, f64::from(beta))) {
        let bound = 2.0 * tolerances::probability(z.len()) * total;
        prop_assert!((f64::from(*g) - exact).abs() <= bound, "gradient {g} for {exact}, beta {beta}");
        prop_assert!(f64::from(g.abs()) <= total * 1.000_001);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn distributions_match_the_oracle((z, t, w) in case(30.0), beta in beta(), smoothing in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f32]) {
        let options = TargetOptions::new().try_with_label_smoothing(smoothing).unwrap().try_with_class_weights(&w).unwrap();
        let a = oracle::coefficients(&wide(&t), f64::from(smoothing), &wide(&w));
        check(&z, &Target::Distribution(&t), &options, &a, beta)?;
    }

    #[test]
    fn classes_match_the_oracle((z, _, w) in case(30.0), beta in beta(), smoothing in prop_oneof![Just(0.0), 0.0..1.0_f32], pick in any::<prop::sample::Index>()) {
        let class = pick.index(z.len());
        let mut one_hot = vec![0.0; z.len()];
        one_hot[class] = 1.0;
        let options = TargetOptions::new().try_with_label_smoothing(smoothing).unwrap().try_with_class_weights(&w).unwrap();
        let a = oracle::coefficients(&one_hot, f64::from(smoothing), &wide(&w));
        check(&z, &Target::Class(class), &options, &a, beta)?;
        // A class and its one-hot distribution are the same target.
        let one_hot: Vec<f32> = one_hot.iter().map(|t| *t as f32).collect();
        check(&z, &Target::Distribution(&one_hot), &options, &a, beta)?;
    }

    #[test]
    fn finite_in_finite_out(
        z in prop::collection::vec(prop_oneof![-1e4..1e4_f32, any::<f32>().prop_filter("finite", |z| z.is_finite()), Just(f32::MAX), Just(f32::MIN)], 1..=20),
        beta in prop_oneof![Just(1e6_f32), Just(f32::from_bits(1)), 1e-30..1.0_f32],
    ) {
        let even = vec![1.0 / z.len() as f32; z.len()];
        let mut gradient = vec![0.0; z.len()];
        let loss = GradientDecay::try_new(beta).unwrap();
        let value = loss.loss_and_gradient_with(&z, &Target::Distribution(&even), &TargetOptions::new(), &mut gradient);
        let value = value.unwrap().unwrap();
        prop_assert!(value.is_finite() && value >= 0.0, "loss {value}");
        prop_assert!(gradient.iter().all(|g| g.abs() <= 1.001), "{gradient:?}");
    }
}

#[test]
fn values_of_pytorch() {
    // PyTorch 2.15 prints these for CrossEntropyLoss(weight=[1, 2, 0.5], label_smoothing=0.2, reduction="sum") on [[0.5, -1, 2]].
    let options = TargetOptions::new().with_label_smoothing(0.2).with_class_weights(&[1.0, 2.0, 0.5]);
    let loss = GradientDecay::new(1.0);
    let mut gradient = [0.0; 3];
    for (target, expected) in [(Target::Class(1), 5.742_404), (Target::Distribution(&[0.5, 0.25, 0.25]), 2.573_486)] {
        let found = loss.loss_and_gradient_with(&[0.5, -1.0, 2.0], &target, &options, &mut gradient).unwrap().unwrap();
        assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
    }
}

#[test]
fn a_class_without_options_has_the_bits_of_a_step() {
    const TUNER: FineTuner =
        FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 9), Sgd::new(0.3).with_weight_decay(0.01));
    let (mut head, mut state) = (LinearHead::<3, 2>::new(), State::new());
    let (mut other_head, mut other_state) = (head.clone(), state.clone());
    for i in 0..20 {
        let features = [i as f32 * 0.1 - 1.0, 0.5];
        let step = TUNER.step(&mut head, &mut state, &features, i % 3).unwrap();
        let options = TargetOptions::new();
        let label = Target::Class(i % 3).with(&options);
        assert_eq!(TUNER.step(&mut other_head, &mut other_state, &features, label), Ok(step));
    }
    assert_eq!((head, state), (other_head, other_state));
}

#[test]
fn a_light_sample_with_huge_features_is_clipped_and_not_lost() {
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(1.0).with_clip_norm(0.01));
    let (mut head, mut state) = (LinearHead::<2, 1>::new(), State::new());
    let options = TargetOptions::new().with_class_weights(&[1e-10, 1.0]);
    tuner.step(&mut head, &mut state, &[3e25], Target::Class(0).with(&options)).unwrap();
    let mut moved = [0.0; 4];
    head.export(&mut moved).unwrap();
    let norm = moved.iter().map(|w| f64::from(*w) * f64::from(*w)).sum::<f64>().sqrt();
    assert!((norm - 0.01).abs() < 1e-6, "{norm}");
}

#[test]
fn an_ignored_or_refused_target_changes_nothing() {
    const TUNER: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.3));
    let (mut head, mut state) = (LinearHead::<3, 2>::new(), State::new());
    TUNER.step(&mut head, &mut state, &[1.0, 2.0], 1).unwrap();
    let before = (head.clone(), state.clone());
    let mut step = |target: Target<'_>, options: TargetOptions<'_>| {
        let step = TUNER.step(&mut head, &mut state, &[1.0, 0.5], target.with(&options))?;
        assert_eq!(step.loss(), 0.0);
        Ok(step.learned())
    };
    let plain = TargetOptions::new();
    assert_eq!(step(Target::Class(255), plain.with_ignore_index(255)), Ok(false));
    assert_eq!(step(Target::Class(3), plain), Err(Error::Target { target: 3, classes: 3 }));
    let length = |slice, actual| Err(Error::Length { slice, expected: 3, actual });
    assert_eq!(step(Target::Class(0), plain.with_class_weights(&[1.0; 2])), length(Slice::ClassWeights, 2));
    assert_eq!(step(Target::Distribution(&[0.5, 0.5]), plain), length(Slice::Targets, 2));
    let range = |number, value| Err(Error::OutOfRange { number, value });
    assert_eq!(step(Target::Distribution(&[0.5, 0.75, -0.25]), plain), range(Number::Probability, -0.25));
    assert_eq!(step(Target::Distribution(&[0.5, 0.25, 0.0]), plain), range(Number::TargetSum, 0.75));
    assert!(step(Target::Distribution(&[f32::NAN, 0.5, 0.5]), plain).is_err());
    assert_eq!((head, state), before);

    assert!(plain.try_with_label_smoothing(1.1).is_err());
    assert!(plain.try_with_class_weights(&[1.0, f32::NAN]).is_err());
}
