//! The functions of the math backends, over their whole domains.

use gradient_decay::{GradientDecay, Libm, Math, Micromath};
use oracle::lengths::steps;
use oracle::tolerances::{EXPONENTIAL_ULPS, LN_IN_F64, LOGARITHM_ULPS, MICROMATH_EXP, MICROMATH_LN};
use oracle::ulps::largest_error;

/// With full lengths over every number.
#[test]
fn exp_is_within_its_stated_error() {
    // From -0 down to -104: 1,120,927,745 numbers.
    let (first, last) = ((-0.0_f32).to_bits(), (-104.0_f32).to_bits());
    let (error, x) = largest_error(first, last, steps(101, 1), Libm::exp, f64::exp);
    println!("the largest error of exp is {error} ulp, at {x:e}");
    assert!(error <= EXPONENTIAL_ULPS, "{error} ulp at {x:e}");
    // Below, everything is 0.
    for x in [-104.000_01, -105.0, -1e3, -1e30, f32::MIN, f32::NEG_INFINITY] {
        assert_eq!(Libm::exp(x).to_bits(), 0, "exp({x})");
    }
    assert_eq!(Libm::exp(0.0), 1.0);
}

#[test]
fn exp_never_leaves_0_to_1() {
    for bits in ((-0.0_f32).to_bits()..=f32::NEG_INFINITY.to_bits()).step_by(997) {
        let x = f32::from_bits(bits);
        assert!((0.0..=1.0).contains(&Libm::exp(x)) && (0.0..=1.0).contains(&Micromath::exp(x)), "{x:e}");
    }
}

/// The settings' own logarithm, in integers. With full lengths over every seventh beta; over all 1,232,348,160 it was compared once.
#[test]
fn the_logarithm_of_a_beta_is_rounded_once() {
    for bits in (1..=1e6_f32.to_bits()).step_by(steps(101, 7)) {
        let beta = f32::from_bits(bits);
        let (found, exact) = (GradientDecay::new(beta).ln_beta(), f64::from(beta).ln());
        // Two where f64 does not decide to which side it is rounded.
        let rounded = [exact * (1.0 - LN_IN_F64), exact * (1.0 + LN_IN_F64)].map(|exact| exact as f32);
        assert!(rounded.contains(&found), "ln({beta:e}) = {exact:e}, but {found:e} was found");
    }
    assert_eq!(GradientDecay::new(1.0).ln_beta(), 0.0);
}

/// With full lengths over every positive number: two billion.
#[test]
fn ln_is_within_its_stated_error() {
    let (error, x) = largest_error(1, f32::MAX.to_bits(), steps(101, 1), Libm::ln, f64::ln);
    println!("the largest error of ln is {error} ulp, at {x:e}");
    assert!(error <= LOGARITHM_ULPS, "{error} ulp at {x:e}");
    assert_eq!(Libm::ln(1.0), 0.0);
}

#[test]
fn micromath_is_as_inaccurate_as_it_is_said_to_be() {
    let (mut exp, mut ln) = (0.0_f64, 0.0_f64);
    for bits in ((-0.0_f32).to_bits()..=(-20.0_f32).to_bits()).step_by(101) {
        let x = f32::from_bits(bits);
        exp = exp.max((f64::from(Micromath::exp(x)) / f64::from(x).exp() - 1.0).abs());
    }
    for bits in (f32::MIN_POSITIVE.to_bits()..1.0_f32.to_bits()).step_by(101) {
        let x = f32::from_bits(bits);
        ln = ln.max((f64::from(Micromath::ln(x)) - f64::from(x).ln()).abs());
    }
    println!("micromath: exp within {exp:e}, ln within {ln:e}");
    assert!(exp <= MICROMATH_EXP && ln <= MICROMATH_LN);
    // The documented bounds are tight.
    assert!(exp > 0.9 * MICROMATH_EXP && ln > 0.9 * MICROMATH_LN);
}
