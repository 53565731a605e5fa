//! Inference in integers: the arithmetic against an implementation of its description, and accuracy on the digits.

use gradient_decay::quantized::{Quantization, QuantizedHead, requantize};
use gradient_decay::{Error, Head, LinearHead};
use gradient_decay_app::digits::{HIDDEN, extract, trained_head};
use proptest::prelude::*;

/// The two roundings in exact integers, as gemmlowp's documentation has them: the high half of the doubled product to the
/// nearest with ties up, saturating; the division by a power of two to the nearest with ties away from zero.
fn described(value: i32, multiplier: i32, shift: i32) -> i32 {
    let (left, right) = (shift.max(0), (-shift).max(0));
    let shifted = i128::from(value.wrapping_mul(1_i32.wrapping_shl(left as u32)));
    let product = shifted * i128::from(multiplier);
    let high = (2 * product + (1 << 31)).div_euclid(1 << 32).min(i128::from(i32::MAX));
    let power = 1_i128 << right;
    let away = (2 * high.abs() + power).div_euclid(2 * power);
    (if high < 0 { -away } else { away }) as i32
}

/// The values where roundings and saturation happen.
const EDGES: [i32; 15] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    1 << 30,
    -(1 << 30),
    (1 << 30) - 1,
    (1 << 30) + 1,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
    -(1 << 30) - 1,
];

#[test]
fn requantisation_at_its_edges() {
    for value in EDGES {
        for multiplier in EDGES {
            for shift in -31..=30 {
                let (found, expected) = (requantize(value, multiplier, shift), described(value, multiplier, shift));
                assert_eq!(found, expected, "{value} {multiplier} {shift}");
            }
        }
    }
    assert_eq!(requantize(i32::MIN, i32::MIN, 0), i32::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn requantisation_everywhere(value in any::<i32>(), multiplier in any::<i32>(), shift in -31..=30_i32) {
        prop_assert_eq!(requantize(value, multiplier, shift), described(value, multiplier, shift));
    }

    /// The same as in embedded-nn, a port of CMSIS-NN, for multipliers that occur. (embedded-nn treats a shift by 31 as 0.)
    #[test]
    fn requantisation_is_that_of_a_port_of_cmsis_nn(value in any::<i32>(), multiplier in (1 << 30)..=i32::MAX, shift in -30..=30_i32) {
        prop_assert_eq!(requantize(value, multiplier, shift), embedded_nn::support::requantize(value, multiplier, shift));
    }

    #[test]
    fn ties_of_both_roundings(value in -10_000..10_000_i32, shift in -8..=0_i32) {
        // A multiplier of a half makes every odd value a tie.
        prop_assert_eq!(requantize(value, 1 << 30, shift), described(value, 1 << 30, shift));
    }

    #[test]
    fn quantization_is_to_the_nearest(x in -300.0..300.0_f32, scale in 0.01..2.0_f32, zero_point in any::<i8>()) {
        let quantization = Quantization::new(scale, zero_point);
        let q = quantization.quantize(x);
        let back = quantization.dequantize(q);
        if q > -128 && q < 127 {
            prop_assert!((back - x).abs() <= 0.5001 * scale, "{x} {back}");
        }
    }

    #[test]
    fn logits_are_those_of_the_float_head(
        parameters in prop::collection::vec(-2.0..2.0_f32, 3 * 13),
        features in prop::collection::vec(-1.0..1.0_f32, 12),
        zero_point in any::<i8>(),
    ) {
        let mut head = LinearHead::<3, 12>::new();
        head.import(&parameters).unwrap();
        let (input, output) = (Quantization::new(2.0 / 127.0, zero_point / 4), Quantization::new(32.0 / 127.0, 5));
        let quantized = QuantizedHead::new(&head, input, output).unwrap();
        let features: [f32; 12] = features.try_into().unwrap();
        let bytes = features.map(|x| input.quantize(x));
        let mut logits = [0.0; 3];
        head.logits(&bytes.map(|q| input.dequantize(q)), &mut logits).unwrap();
        for (q, z) in quantized.logits(&bytes).into_iter().zip(logits) {
            // Half a step of the logits, and of each weight times its feature.
            let bound = 0.51 * 32.0 / 127.0 + 12.0 * 0.5 * 2.0 / 127.0;
            prop_assert!((output.dequantize(q) - z).abs() <= bound, "{} for {z}", output.dequantize(q));
        }
    }
}

#[test]
fn the_digits_are_read_as_well_as_in_float() {
    let head = trained_head();
    let samples: Vec<([f32; 64], usize)> = digits::test()
        .iter()
        .map(|digit| {
            let mut features = [0.0; 64];
            extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
            (features, usize::from(digit.label))
        })
        .collect();
    let largest = |values: &[f32]| values.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let top = samples.iter().map(|(features, _)| largest(features)).fold(0.0, f32::max);
    let mut logits = [0.0; 10];
    let mut top_logit = 0.0_f32;
    for (features, _) in &samples {
        head.logits(features, &mut logits).unwrap();
        top_logit = top_logit.max(largest(&logits));
    }
    // Features after a ReLU start at 0.
    let (input, output) = (Quantization::new(top / 255.0, -128), Quantization::new(top_logit / 127.0, 0));
    let quantized = QuantizedHead::new(&head, input, output).unwrap();
    let right_in_float = samples.iter().filter(|(x, label)| head.predict(x).unwrap().class == *label).count();
    let right =
        samples.iter().filter(|(x, label)| quantized.predict(&x.map(|x| input.quantize(x))) == Ok(*label)).count();
    println!("{right} of {} right in integers, {right_in_float} in float", samples.len());
    println!("bytes: {} and {}", QuantizedHead::<10, 64>::BYTES, LinearHead::<10, 64>::BYTES);
    // At most one percentage point below.
    assert!(right + samples.len() / 100 >= right_in_float);
}

#[test]
fn classes_that_are_not_in_use_are_never_answered() {
    let mut head = LinearHead::<4, 2>::new();
    head.import(&[1.0, -1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -3.0, -3.0, 9.0, 9.0]).unwrap();
    let unit = Quantization::new(0.05, 0);
    let features = [[20, -20], [-20, 20], [-3, -3]];
    let all = QuantizedHead::new(&head, unit, unit).unwrap();
    assert_eq!(features.map(|x| all.predict(&x)), [Ok(2); 3]);
    head.truncate(2).unwrap();
    let two = QuantizedHead::new(&head, unit, unit).unwrap();
    assert_eq!((two.classes(), features.map(|x| two.predict(&x))), (2, [Ok(0), Ok(1), Ok(0)]));
    let mut logits = [0.0; 4];
    Head::logits(&two, &features[0], &mut logits).unwrap();
    assert_eq!(logits[2..], [f32::NEG_INFINITY; 2]);
}

#[test]
fn what_no_integer_holds_is_refused() {
    assert!(Quantization::try_new(0.0, 0).is_err() && Quantization::try_new(f32::NAN, 0).is_err());
    let mut head = LinearHead::<2, 1>::new();
    head.import(&[1.0, 1.0, 0.0, 1e20]).unwrap();
    let unit = Quantization::new(1.0, 0);
    let error = QuantizedHead::new(&head, unit, unit).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index: 3, .. }), "{error}");
    // The logit of a row of zeros is its bias.
    head.import(&[0.0, 1.0, 3.0, 0.0]).unwrap();
    assert_eq!(QuantizedHead::new(&head, unit, unit).unwrap().logits(&[2]), [3, 2]);
}
