//! The loss and its gradient against the f64 oracle, over the whole range of what the core accepts.

use gradient_decay::GradientDecay;
use oracle::tolerances;
use proptest::prelude::*;

/// Beta, evenly in its logarithm over [1e-4, 1e3].
fn beta() -> impl Strategy<Value = f32> {
    (-4.0..3.0_f32).prop_map(|exponent| 10.0_f32.powf(exponent).clamp(1e-4, 1e3))
}

/// Logits of ordinary size, with some tied.
fn logits(classes: std::ops::RangeInclusive<usize>, range: f32) -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![8 => -range..range, 1 => Just(0.0), 1 => Just(range)];
    prop::collection::vec(value, classes)
}

/// Any finite logits: huge, subnormal, zero of both signs, tied.
fn extreme_logits() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![
        -1e4..1e4_f32,
        any::<f32>().prop_filter("finite", |z| z.is_finite()),
        prop::sample::select(vec![
            1e4,
            -1e4,
            3e38,
            -3e38,
            f32::MAX,
            f32::MIN,
            0.0,
            -0.0,
            1e-45,
            -1e-45,
            f32::MIN_POSITIVE
        ]),
    ];
    prop::collection::vec(value, 1..=40)
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn loss_and_gradient_match_the_oracle(beta in beta(), z in logits(1..=1000, 30.0), pick in any::<prop::sample::Index>()) {
        let target = pick.index(z.len());
        let mut gradient = vec![0.0; z.len()];
        let loss = f64::from(GradientDecay::try_new(beta).unwrap().loss_and_gradient(&z, target, &mut gradient).unwrap());
        let exact_loss = oracle::loss(&wide(&z), target, f64::from(beta));
        prop_assert!((loss - exact_loss).abs() <= tolerances::relative(z.len(), exact_loss), "{loss} for {exact_loss}");
        prop_assert!(loss >= 0.0);
        let exact = oracle::gradient(&wide(&z), target, f64::from(beta));
        for (g, exact) in gradient.iter().zip(&exact) {
            prop_assert!((f64::from(*g) - exact).abs() <= tolerances::relative(z.len(), *exact), "{g} for {exact}");
        }
        prop_assert!(wide(&gradient).iter().sum::<f64>().abs() <= tolerances::gradient_sum(z.len()));
    }

    #[test]
    fn gradient_matches_central_differences(beta in beta(), z in logits(2..=100, 20.0), pick in any::<prop::sample::Index>()) {
        let target = pick.index(z.len());
        let mut gradient = vec![0.0; z.len()];
        GradientDecay::try_new(beta).unwrap().loss_and_gradient(&z, target, &mut gradient).unwrap();
        let exact = oracle::central_differences(&wide(&z), target, f64::from(beta));
        let largest = exact.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        // Below this the differences themselves have lost their digits.
        prop_assume!(largest > 1e-5);
        for (g, exact) in gradient.iter().zip(&exact) {
            prop_assert!((f64::from(*g) - exact).abs() <= tolerances::GRADIENT * largest, "{g} for {exact}");
        }
    }

    #[test]
    fn finite_in_finite_out(beta in beta(), z in extreme_logits(), pick in any::<prop::sample::Index>()) {
        let target = pick.index(z.len());
        let loss = GradientDecay::try_new(beta).unwrap();
        let mut out = vec![0.0; z.len()];
        let value = loss.loss_and_gradient(&z, target, &mut out).unwrap();
        prop_assert!(value.is_finite() && value >= 0.0, "loss {value}");
        prop_assert!(out.iter().all(|g| (-1.0..=1.0).contains(g)), "gradient {out:?}");
        prop_assert!(wide(&out).iter().sum::<f64>().abs() <= tolerances::gradient_sum(z.len()));
        prop_assert_eq!(loss.loss(&z, target).unwrap(), value);
        let exact = oracle::loss(&wide(&z), target, f64::from(beta)).min(f64::from(f32::MAX));
        prop_assert!((f64::from(value) - exact).abs() <= tolerances::relative(z.len(), exact), "{value} for {exact}");

        loss.probabilities(&z, &mut out).unwrap();
        prop_assert!(out.iter().all(|p| (0.0..=1.0).contains(p)), "softmax {out:?}");
        for (p, exact) in out.iter().zip(oracle::softmax(&wide(&z))) {
            prop_assert!((f64::from(*p) - exact).abs() <= tolerances::relative(z.len(), exact), "{p} for {exact}");
        }
        loss.consistent_probabilities(&z, &mut out).unwrap();
        prop_assert!(out.iter().all(|p| (0.0..=1.0).contains(p)), "consistent {out:?}");
    }

    #[test]
    fn every_beta_is_finite(bits in 1..=0x4974_2400_u32, z in extreme_logits(), pick in any::<prop::sample::Index>()) {
        // All of (0, 1e6], subnormal betas included: 0x49742400 is 1e6.
        let loss = GradientDecay::try_new(f32::from_bits(bits)).unwrap();
        let mut out = vec![0.0; z.len()];
        let value = loss.loss_and_gradient(&z, pick.index(z.len()), &mut out).unwrap();
        prop_assert!(value.is_finite() && value >= 0.0);
        prop_assert!(out.iter().all(|g| (-1.0..=1.0).contains(g)));
        loss.consistent_probabilities(&z, &mut out).unwrap();
        prop_assert!(out.iter().all(|p| (0.0..=1.0).contains(p)));
        let mean = loss.mean_gradient();
        prop_assert!(mean > 0.0 && mean <= 1.0);
    }

    #[test]
    fn not_finite_in_is_an_error_that_names_it(
        z in extreme_logits(),
        at in any::<prop::sample::Index>(),
        bad in prop::sample::select(vec![f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
    ) {
        let mut z = z;
        let index = at.index(z.len());
        z[index] = bad;
        let error = gradient_decay::Error::NotFinite { slice: gradient_decay::error::Slice::Logits, index };
        let loss = GradientDecay::new(0.5);
        let mut out = vec![0.25; z.len()];
        prop_assert_eq!(loss.loss(&z, 0), Err(error));
        prop_assert_eq!(loss.loss_and_gradient(&z, 0, &mut out), Err(error));
        prop_assert_eq!(loss.probabilities(&z, &mut out), Err(error));
        prop_assert_eq!(loss.consistent_probabilities(&z, &mut out), Err(error));
        prop_assert!(out.iter().all(|x| *x == 0.25));
    }

    #[test]
    fn batches_are_means_of_rows(beta in beta(), rows in 1..6_usize, z in logits(30..=30, 30.0), scale in prop::sample::select(vec![1.0_f32, 1e3, 1e-3])) {
        let classes = 30 / rows;
        let mut z = z[..rows * classes].to_vec();
        // Rows of very different scale.
        z.iter_mut().take(classes).for_each(|z| *z *= scale);
        let targets: Vec<usize> = (0..rows).map(|row| (row * 7) % classes).collect();
        let loss = GradientDecay::try_new(beta).unwrap();
        let mut gradient = vec![0.0; z.len()];
        let mean = f64::from(loss.batch_loss_and_gradient(&z, &targets, &mut gradient).unwrap());
        prop_assert_eq!(f64::from(loss.batch_loss(&z, &targets).unwrap()), mean);
        let mut exact_mean = 0.0;
        for (row, target) in targets.iter().enumerate() {
            let span = row * classes..(row + 1) * classes;
            let exact = oracle::gradient(&wide(&z[span.clone()]), *target, f64::from(beta));
            exact_mean += oracle::loss(&wide(&z[span.clone()]), *target, f64::from(beta)) / rows as f64;
            for (g, exact) in gradient[span].iter().zip(exact) {
                prop_assert!((f64::from(*g) - exact / rows as f64).abs() <= tolerances::probability(classes));
            }
        }
        prop_assert!((mean - exact_mean).abs() <= tolerances::relative(classes, exact_mean));
    }
}

#[test]
fn gradient_magnitude_has_its_shape() {
    for beta in [1e-4_f32, 0.01, 0.3, 1.0, 3.0, 50.0, 1e3] {
        let loss = GradientDecay::new(beta);
        let g = |p: f32| f64::from(loss.gradient_magnitude(p).unwrap());
        assert_eq!((g(0.0), g(1.0)), (1.0, 0.0));
        for i in 0..=1000_u16 {
            let p = f32::from(i) / 1000.0;
            let exact = oracle::gradient_magnitude(f64::from(p), f64::from(beta));
            // Both p and 1 - p are rounded, and beta multiplies one of them.
            assert!((g(p) - exact).abs() <= 4.0 * tolerances::EPS, "g({p}) at beta {beta}");
        }
        // The second difference: negative where concave, 0 where straight, positive where convex.
        for i in 1..20_u16 {
            let p = f32::from(i) / 20.0;
            let bend = g(p - 0.05) - 2.0 * g(p) + g((p + 0.05).min(1.0));
            let noise = 16.0 * tolerances::EPS;
            match beta.partial_cmp(&1.0).unwrap() {
                std::cmp::Ordering::Less => assert!(bend < noise, "beta {beta} is concave, but bends by {bend} at {p}"),
                std::cmp::Ordering::Equal => assert!(bend.abs() < noise),
                std::cmp::Ordering::Greater => {
                    assert!(bend > -noise, "beta {beta} is convex, but bends by {bend} at {p}");
                }
            }
        }
        let middle = g(0.45) - 2.0 * g(0.5) + g(0.55);
        assert_eq!(middle.abs() > 1e-6, beta != 1.0, "beta {beta} bends by {middle} in the middle");
    }
}

#[test]
fn gradient_magnitude_is_the_gradient_of_the_target() {
    for beta in [0.01_f32, 1.0, 20.0] {
        for z in [-5.0_f32, -1.0, 0.0, 2.0, 6.0] {
            let loss = GradientDecay::new(beta);
            let (mut p, mut gradient) = ([0.0; 3], [0.0; 3]);
            loss.probabilities(&[z, 0.5, -1.0], &mut p).unwrap();
            loss.loss_and_gradient(&[z, 0.5, -1.0], 0, &mut gradient).unwrap();
            let g = loss.gradient_magnitude(p[0]).unwrap();
            // 1 - p loses digits near p = 1, where the gradient itself keeps them.
            assert!((f64::from(g + gradient[0])).abs() <= 8.0 * tolerances::EPS * f64::from(1.0 / beta).max(1.0));
        }
    }
}

#[test]
fn mean_gradient_is_the_integral() {
    for i in -60..=24_i32 {
        let beta = 10.0_f32.powf(i as f32 / 4.0).min(1e6);
        let exact = oracle::mean_gradient(f64::from(beta));
        let error = (f64::from(GradientDecay::new(beta).mean_gradient()) / exact - 1.0).abs();
        assert!(error <= tolerances::MEAN_GRADIENT, "G({beta}) is off by {error:e}");
    }
}

#[test]
fn the_margin_is_not_lost_on_large_logits() {
    // At 1e4 the spacing of f32 is 1e-3: added to the logit itself, ln(beta) would lose its digits.
    for (shift, beta) in [(1e4_f32, 0.3_f32), (-1e4, 0.3), (1e6, 7.0)] {
        let mut gradient = [0.0; 2];
        GradientDecay::new(beta).loss_and_gradient(&[shift, shift], 0, &mut gradient).unwrap();
        let exact = oracle::gradient(&[0.0, 0.0], 0, f64::from(beta));
        assert!((f64::from(gradient[0]) - exact[0]).abs() <= tolerances::probability(2));
    }
}
