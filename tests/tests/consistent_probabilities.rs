//! The consistent probabilities recover the true ones: the expected loss is minimised for known class probabilities,
//! and the closed form is read off at the minimum.

use gradient_decay::{GradientDecay, Micromath};
use oracle::tolerances;
use proptest::prelude::*;

/// Class probabilities, none below a thousandth or so, that sum to 1.
fn class_probabilities() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.01..1.0_f64, 2..=10).prop_map(|weights| {
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    })
}

/// Logits, of which many are a few roundings apart.
fn logits_some_close() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![-20.0..20.0_f32, 1.0..1.000_002_f32, Just(1.0)];
    prop::collection::vec(value, 2..=20)
}

proptest! {
    #[test]
    fn recovered_at_the_minimum(pi in class_probabilities(), exponent in -2.0..1.7_f64) {
        let beta = 10.0_f64.powf(exponent);
        let z = oracle::minimise_expected_loss(&pi, beta);
        for (recovered, pi) in oracle::consistent_probabilities(&z, beta).iter().zip(&pi) {
            prop_assert!((recovered - pi).abs() <= tolerances::CONSISTENT, "{recovered} for {pi}");
        }
    }

    #[test]
    fn the_core_agrees_with_the_oracle(
        z in prop::collection::vec(-40.0..40.0_f32, 1..=200),
        exponent in -4.0..3.0_f32,
    ) {
        let beta = 10.0_f32.powf(exponent);
        let mut p = vec![0.0; z.len()];
        GradientDecay::try_new(beta).unwrap().consistent_probabilities(&z, &mut p).unwrap();
        let wide: Vec<f64> = z.iter().map(|z| f64::from(*z)).collect();
        let exact = oracle::consistent_probabilities(&wide, f64::from(beta));
        for (p, exact) in p.iter().zip(&exact) {
            // Twice a softmax's tolerance, for the terms' relative errors and the oracle's own 1 - p.
            prop_assert!((f64::from(*p) - exact).abs() <= 2.0 * tolerances::probability(z.len()), "{p} for {exact}");
        }
    }

    #[test]
    fn the_order_of_classes_stays(z in logits_some_close(), exponent in -44.0..6.0_f32) {
        let loss = GradientDecay::try_new(10.0_f32.powf(exponent)).unwrap();
        let (mut softmax, mut consistent) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        loss.probabilities(&z, &mut softmax).unwrap();
        loss.consistent_probabilities(&z, &mut consistent).unwrap();
        for i in 0..z.len() {
            for j in 0..z.len() {
                // Rounding may tie or swap nearly equal classes, as the documentation says.
                if softmax[i] > softmax[j] {
                    prop_assert!(consistent[i] >= consistent[j] * (1.0 - 1e-6));
                }
            }
        }
    }
}

#[test]
fn at_beta_one_it_is_the_softmax() {
    let z = [1.0, -2.0, 0.5, 7.0];
    let (mut softmax, mut consistent) = ([0.0; 4], [0.0; 4]);
    let loss = GradientDecay::new(1.0);
    loss.probabilities(&z, &mut softmax).unwrap();
    loss.consistent_probabilities(&z, &mut consistent).unwrap();
    for (a, b) in softmax.iter().zip(consistent) {
        assert!((a - b).abs() <= 2.0 * f32::EPSILON);
    }
}

#[test]
fn softmax_itself_is_biased() {
    // The example of the documentation: 0.9 against one other class.
    let confidence = |beta| oracle::softmax(&oracle::minimise_expected_loss(&[0.9, 0.1], beta))[0];
    assert!((confidence(0.01) - 0.999).abs() < 5e-4, "{}", confidence(0.01));
    assert!((confidence(5.0) - 0.796).abs() < 5e-4, "{}", confidence(5.0));
}

#[test]
fn micromath_is_as_good_as_it_says() {
    let loss = GradientDecay::<Micromath>::try_with_math(1.0).unwrap();
    for i in 0..200_i16 {
        let z: Vec<f32> = (0..10_i16).map(|k| f32::from((i * 37 + k * 101) % 160) / 10.0 - 8.0).collect();
        let mut p = [0.0; 10];
        loss.probabilities(&z, &mut p).unwrap();
        let wide: Vec<f64> = z.iter().map(|z| f64::from(*z)).collect();
        for (p, exact) in p.iter().zip(oracle::softmax(&wide)) {
            assert!((f64::from(*p) - exact).abs() <= tolerances::MICROMATH_PROBABILITY);
        }
    }
}
