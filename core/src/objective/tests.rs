use crate::error::{Error, Slice};
use crate::lengths::steps;
use crate::math::{Libm, Math, ln_1p};
use crate::{GradientDecay, Target, TargetOptions};
use std::vec::Vec;

#[test]
fn beta_one_is_cross_entropy_to_the_bit() {
    // Plain cross-entropy by the same steps, but without ln(beta).
    let plain = |logits: &[f32], target: usize, gradient: &mut [f32]| {
        let others = || logits.iter().enumerate().filter(move |(class, _)| *class != target);
        let top = others().map(|(_, z)| *z).fold(f32::NEG_INFINITY, f32::max);
        let own = logits[target] - top;
        let (shift, exp_own) = if own > 0.0 { (own, 1.0) } else { (0.0, Libm::exp(own)) };
        let mut rest = 0.0;
        for (class, z) in others() {
            gradient[class] = Libm::exp((z - top) - shift);
            rest += gradient[class];
        }
        let scale = 1.0 / (rest + exp_own);
        gradient.iter_mut().for_each(|g| *g *= scale);
        gradient[target] = -rest * scale;
        if own > 0.0 { ln_1p::<Libm>(rest) } else { Libm::ln(rest + exp_own) - own }
    };
    let mut seed = 1_u32;
    for classes in 1..steps(7, 40) {
        let logits: Vec<f32> = (0..classes)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / 262_144.0 - 32.0
            })
            .collect();
        for target in 0..classes {
            let (mut expected, mut actual) = ([0.0; 40], [0.0; 40]);
            let loss = plain(&logits, target, &mut expected[..classes]);
            let gradient = &mut actual[..classes];
            assert_eq!(GradientDecay::new(1.0).loss_and_gradient(&logits, target, gradient), Ok(loss));
            assert_eq!(actual.map(f32::to_bits), expected.map(f32::to_bits));
        }
    }
}

#[test]
fn loss_alone_is_the_fused_loss_to_the_bit() {
    for beta in [1e-4, 0.3, 1.0, 7.0, 1e6] {
        for target in 0..4 {
            let logits = [1.5, -0.25, 30.0, 2.0];
            let loss = GradientDecay::new(beta);
            assert_eq!(loss.loss(&logits, target), loss.loss_and_gradient(&logits, target, &mut [0.0; 4]));
        }
    }
}

#[test]
fn one_class_has_no_loss() {
    for (beta, logit) in [(f32::from_bits(1), f32::MIN), (f32::from_bits(1), -3e38), (0.5, 3.0), (1e6, f32::MAX)] {
        let mut gradient = [9.0];
        assert_eq!(GradientDecay::new(beta).loss_and_gradient(&[logit], 0, &mut gradient), Ok(0.0));
        assert_eq!((gradient, GradientDecay::new(beta).loss(&[logit], 0)), ([0.0], Ok(0.0)));
        GradientDecay::new(beta).consistent_probabilities(&[5.0], &mut gradient).unwrap();
        assert_eq!(gradient, [1.0]);
    }
}

#[test]
fn mean_gradient_matches_the_published_values() {
    let known = [(0.01, 0.963), (0.1, 0.827), (0.5, 0.614), (1.0, 0.5), (2.0, 0.386), (5.0, 0.253), (20.0, 0.113)];
    for (beta, g) in known {
        assert!((GradientDecay::new(beta).mean_gradient() - g).abs() < 6e-4, "G({beta})");
    }
    // The series around 1 equals the closed form, which f64 computes to ten digits for these betas.
    for beta in [0.999_01_f32, 0.9995, 1.0005, 1.000_99] {
        let u = f64::from(beta) - 1.0;
        let exact = ((1.0 + u) * u.ln_1p() - u) / (u * u);
        let found = f64::from(GradientDecay::new(beta).mean_gradient());
        assert!((found - exact).abs() <= f64::from(f32::EPSILON) / 4.0, "G({beta}) is {found} for {exact}");
    }
}

#[test]
fn refused_input_leaves_the_output_alone() {
    let loss = GradientDecay::new(0.5);
    let mut out = [7.0; 2];
    let nan = Err(Error::NotFinite { slice: Slice::Logits, index: 1 });
    assert_eq!(loss.probabilities(&[0.0, f32::NAN], &mut out), nan);
    assert_eq!(loss.consistent_probabilities(&[0.0, f32::INFINITY], &mut out), nan);
    assert!(loss.loss_and_gradient(&[0.0, 1.0], 2, &mut out).is_err());
    assert!(loss.loss_and_gradient(&[0.0, 1.0, 2.0], 0, &mut out).is_err());
    assert!(loss.batch_loss_and_gradient(&[0.0, 1.0], &[0, 5], &mut out).is_err());
    assert!(loss.batch_loss_and_gradient(&[0.0, 1.0], &[], &mut out).is_err());
    assert_eq!(out, [7.0; 2]);
    let odd = Error::Length { slice: Slice::Logits, expected: 2, actual: 3 };
    assert_eq!(loss.batch_loss(&[0.0, 1.0, 2.0], &[0, 0]), Err(odd));
    assert!(loss.loss(&[], 0).is_err());
    for beta in [0.0, -1.0, 1.1e6, f32::NAN, f32::INFINITY] {
        assert!(GradientDecay::try_new(beta).is_err());
    }
}

#[test]
fn the_first_of_equal_logits_is_predicted() {
    let class = |mut logits: [f32; 3], target: usize| {
        GradientDecay::<Libm>::new(0.5).sample(&mut logits, &mut [0.0; 3], target).class
    };
    assert_eq!(class([1.0, 1.0, 0.0], 2), 0);
    for target in 0..2 {
        assert_eq!(class([1.0, 1.0, 0.0], target), 0);
        assert_eq!(class([0.0, 1.0, 1.0], target + 1), 1);
    }
}

#[test]
fn a_distribution_takes_impossible_classes_and_tiny_losses() {
    let (loss, options) = (GradientDecay::new(0.5), TargetOptions::new());
    let mut gradient = [0.0; 3];
    // The loss of the class with the coefficient 0 would be infinite.
    let target = Target::Distribution(&[0.5, 0.0, 0.5]);
    let found = loss.loss_and_gradient_with(&[3e38, -3e38, 0.0], &target, &options, &mut gradient).unwrap().unwrap();
    assert!((found / 1.5e38 - 1.0).abs() < 1e-5, "{found}");
    // ln(1 + 2 e^-20), which a difference of logarithms would round to 0.
    let certain = Target::Distribution(&[1.0, 0.0]);
    let found = loss.loss_and_gradient_with(&[20.0, 0.0], &certain, &options, &mut gradient[..2]).unwrap().unwrap();
    assert!((f64::from(found) / (2.0 * (-20.0_f64).exp()) - 1.0).abs() < 1e-5, "{found}");
}
