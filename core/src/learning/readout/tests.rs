//! Tests of the read-out.

use super::*;
use crate::lengths::steps;
use crate::{Classes, LinearHead, Replay};

type Mine = LinearHead<3, 2>;

fn head() -> Mine {
    let mut head = Mine::new();
    head.import(&[2.0, -1.0, -3.0, 4.0, 0.5, 0.5, 0.1, 0.2, 0.3]).unwrap();
    head
}

fn memory() -> Replay<3, 20, [f32; 2]> {
    let mut memory = Replay::new(5);
    for i in 0..60_u8 {
        let x = [f32::from(i % 7) / 3.0 - 1.0, f32::from(i % 5) / 2.0 - 1.0];
        // Some predictions are right, others wrong.
        let class = if i % 4 == 0 { usize::from(i) % 3 } else { head().predict(&x).unwrap().class };
        memory.insert(&x, class).unwrap();
    }
    memory
}

/// The function that a fitted temperature makes smallest.
fn objective(temperature: f32) -> f64 {
    let t = f64::from(temperature);
    let mut sum = f64::from(PRIOR) * (1.0 / t + t.ln() - 1.0);
    memory().for_each(|features, target| {
        let mut logits = [0.0; 3];
        head().logits(features, &mut logits).unwrap();
        let z = logits.map(|z| f64::from(z) / t);
        let total: f64 = z.iter().map(|z| z.exp()).sum();
        sum += total.ln() - z[target];
    });
    sum
}

#[test]
fn the_fitted_temperature_is_the_best() {
    let readout = Readout::new().fitted(&head(), &memory(), steps(16, 24), &mut [0.0; 3]).unwrap();
    let best = objective(readout.temperature());
    assert!((readout.temperature() - 1.0).abs() > 0.1);
    for factor in [0.9, 0.97, 1.03, 1.1] {
        assert!(best < objective(readout.temperature() * factor), "{} {factor}", readout.temperature());
    }
}

#[test]
fn some_samples_that_are_all_right_are_no_reason_to_be_sure() {
    let mut memory: Replay<3, 4, [f32; 2]> = Replay::new(5);
    for x in [[1.0, -1.0], [-1.0, 1.0], [2.0, 0.0], [1.5, -1.0], [-1.0, 2.0]] {
        memory.insert(&x, head().predict(&x).unwrap().class).unwrap();
    }
    let readout = Readout::new().fitted(&head(), &memory, 24, &mut [0.0; 3]).unwrap();
    assert!(readout.temperature() > 0.9 && readout.temperature() <= 1.0, "{}", readout.temperature());
    // A head of zeros keeps the temperature 1, and so does an empty memory.
    let readout = Readout::new().fitted(&Mine::new(), &memory, 24, &mut [0.0; 3]).unwrap();
    assert!((readout.temperature() - 1.0).abs() < 1e-3);
    let none: Replay<3, 4, [f32; 2]> = Replay::new(5);
    let readout = Readout::new().with_temperature(2.0);
    assert_eq!(readout.fitted(&head(), &none, 24, &mut [0.0; 3]), Ok(readout));
}

#[test]
fn logits_that_differ_by_more_than_a_float_are_fitted() {
    let mut head: LinearHead<2, 1> = LinearHead::new();
    head.import(&[3e38, -3e38, 0.0, 0.0]).unwrap();
    let mut memory: Replay<2, 40, [f32; 1]> = Replay::new(5);
    (0..40).for_each(|_| memory.insert(&[1.0], 0).unwrap());
    let fit = |memory: &Replay<2, 40, [f32; 1]>| {
        Readout::new().fitted(&head, memory, steps(14, 24), &mut [0.0; 2]).unwrap().temperature()
    };
    assert!((fit(&memory) - 1.0).abs() < 1e-3, "{}", fit(&memory));
    // A sample whose prediction is as wrong as possible.
    memory.insert(&[1.0], 1).unwrap();
    assert!(fit(&memory) > 99.0);
}

/// Rows that are not in use take no part, neither in the answer nor in the temperature.
#[test]
fn a_head_with_two_of_ten_classes_answers_as_one_with_two() {
    let (mut small, mut large) = (LinearHead::<2, 1>::new(), LinearHead::<10, 1>::empty());
    small.import(&[-1.0, -2.0, -0.5, -1.5]).unwrap();
    let mut parameters = [0.0; 20];
    (parameters[0], parameters[1], parameters[10], parameters[11]) = (-1.0, -2.0, -0.5, -1.5);
    large.import(&parameters).unwrap();
    large.truncate(2).unwrap();
    let mut memory: Replay<2, 100, [f32; 1]> = Replay::new(5);
    for i in 0..steps(12, 100_u8) {
        let x = [f32::from(i % 9) - 2.0];
        let class = usize::from(i % 3 == 0) ^ small.predict(&x).unwrap().class;
        memory.insert(&x, class).unwrap();
        let read = Readout::new();
        assert_eq!(read.answer(&large, &x, &mut [0.0; 10]), read.answer(&small, &x, &mut [0.0; 2]));
    }
    let (small, large) = (
        Readout::new().fitted(&small, &memory, steps(6, 24), &mut [0.0; 2]).unwrap(),
        Readout::new().fitted(&large, &memory, steps(6, 24), &mut [0.0; 10]).unwrap(),
    );
    assert_eq!(small, large);
    let mut none: LinearHead<10, 1> = LinearHead::empty();
    assert_eq!(Readout::new().answer(&none, &[1.0], &mut [0.0; 10]), Err(Error::NoClasses));
    none.add_class().unwrap();
    assert!(Readout::new().answer(&none, &[1.0], &mut [0.0; 10]).is_ok());
}

#[test]
fn temperature_one_is_softmax() {
    let (mut logits, mut p) = ([0.0; 3], [0.0; 3]);
    head().logits(&[0.3, 0.7], &mut logits).unwrap();
    crate::GradientDecay::new(1.0).probabilities(&logits, &mut p).unwrap();
    let Answer::Class(answer) = Readout::new().answer(&head(), &[0.3, 0.7], &mut [0.0; 3]).unwrap() else {
        panic!("unknown")
    };
    assert!((answer.probability - p[answer.class]).abs() < 1e-6);
}

#[test]
fn settings_out_of_range_are_refused() {
    for bad in [0.0, -1.0, 0.009, 101.0, f32::NAN, f32::INFINITY] {
        assert!(Readout::new().try_with_temperature(bad).is_err());
    }
    for bad in [-0.1, 1.1, f32::NAN] {
        assert!(Readout::new().try_with_threshold(bad).is_err());
    }
}
