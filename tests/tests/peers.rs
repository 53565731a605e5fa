//! Nine defects of other libraries, measured or found in their sources when this library was begun. Each test checks that this library
//! does not have the defect.

use gradient_decay::quantized::{Quantization, QuantizedHead};
use gradient_decay::{
    BetaSchedule, Calibration, Error, FineTuner, FixedHead, FixedRate, GradientDecay, Head as _, Libm, LinearHead,
    LinearView, Math, Sgd, State,
};

/// 1: a batched softmax took its maximum from row 0 for every row.
#[test]
fn defect_1_rows_of_different_scale() {
    let loss = GradientDecay::new(1.0);
    let batch = [200.0, 0.0, 0.0, 5.0, 1.0, 0.0];
    let mut gradient = [0.0; 6];
    let mean = loss.batch_loss_and_gradient(&batch, &[0, 0], &mut gradient).unwrap();
    // The probabilities of row 1 must be 0.976 / 0.018 / 0.007; the gradient is halved by the mean, minus the target.
    let row: Vec<f32> = gradient[3..].iter().map(|g| 2.0 * g).collect();
    for (g, p) in row.iter().zip([0.975_6 - 1.0, 0.017_9, 0.006_6]) {
        assert!((g - p).abs() < 1e-4, "{row:?}");
    }
    assert!((mean - 0.5 * -(0.975_6_f32.ln())).abs() < 1e-4);
    let mut p = [0.0; 3];
    loss.probabilities(&batch[3..], &mut p).unwrap();
    for (p, expected) in p.iter().zip([0.975_6, 0.017_9, 0.006_6]) {
        assert!((p - expected).abs() < 1e-4);
    }
}

/// 2: a fast exponential was wrong by 5.8 %, and clamped its argument to +-80, which hid that training had diverged.
#[test]
fn defect_2_an_exponential_that_is_exact_and_hides_nothing() {
    for i in 0..=8700 {
        let x = -i as f32 / 100.0;
        let error = f64::from(Libm::exp(x)) / f64::from(x).exp() - 1.0;
        assert!(error.abs() < 1.2e-7, "{error} at {x}");
    }
    // Logits that are 1000 apart cost 1000, not 80.
    let loss = GradientDecay::new(1.0);
    assert_eq!(loss.loss(&[0.0, 1000.0], 0).unwrap(), 1000.0);
    assert!(matches!(loss.loss(&[0.0, f32::NAN], 0), Err(Error::NotFinite { .. })));
    // A head that has diverged returns an error.
    let mut head = LinearHead::<2, 1>::new();
    head.import(&[3e38, -3e38, 0.0, 0.0]).unwrap();
    let mut state = State::new();
    let step = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1)).step(&mut head, &mut state, &[9.0], 0);
    assert!(matches!(step, Err(Error::NotFinite { .. })));
}

/// 3: the search for the maximum started at the smallest positive float, so that logits near -110 gave NaN and near -800 infinity.
#[test]
fn defect_3_logits_far_below_zero() {
    for offset in [-110.0, -800.0, -1e6, -3e38] {
        for beta in [0.01, 1.0, 5.0] {
            let loss = GradientDecay::new(beta);
            let (mut p, mut gradient) = ([0.0; 3], [0.0; 3]);
            loss.probabilities(&[offset; 3], &mut p).unwrap();
            assert!(p.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-6), "{p:?} at {offset}");
            let value = loss.loss_and_gradient(&[offset; 3], 1, &mut gradient).unwrap();
            assert!((value - (2.0 / beta).ln_1p()).abs() < 1e-5, "{value} at {offset}");
        }
    }
}

/// 4: the bias was silently left out in the default build.
#[test]
fn defect_4_the_bias_counts_and_learns() {
    let bias = [0.5, 3.0, -1.0];
    let mut parameters = [0.0; 9];
    parameters[6..].copy_from_slice(&bias);
    let mut head = LinearHead::<3, 2>::new();
    head.import(&parameters).unwrap();
    let mut logits = [0.0; 3];
    head.logits(&[0.25, -4.0], &mut logits).unwrap();
    assert_eq!(logits, bias);
    let mut copy = parameters;
    LinearView::new(&mut copy, 3, 2).unwrap().logits(&[0.25, -4.0], &mut logits).unwrap();
    assert_eq!(logits, bias);
    let scale = Quantization::new(0.05, 0);
    let small = QuantizedHead::new(&head, scale, scale).unwrap();
    assert_eq!(small.logits(&[5, -80]).map(|q| small.output().dequantize(q)), bias);
    assert_eq!(FixedHead::<3, 2>::from_head(&head, 5, 1).logits(&[8, -128]), bias.map(|z| (z * 65_536.0) as i32));
    // Where all features are 0, only the bias can learn.
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.5));
    let mut state = State::new();
    for _ in 0..100 {
        tuner.step(&mut head, &mut state, &[0.0, 0.0], 2).unwrap();
    }
    let prediction = head.predict(&[0.0, 0.0]).unwrap();
    assert!(prediction.class == 2 && prediction.probability > 0.9, "{prediction:?}");
}

/// 5: the loss was -ln(p), which is inaccurate near p = 1 and infinite at p = 0.
#[test]
fn defect_5_loss_by_log_sum_exp() {
    let loss = GradientDecay::new(1.0);
    // p = 1 - 1.1e-9 rounds to 1, but the loss does not round to 0.
    let right = loss.loss(&[0.0, 20.6], 1).unwrap();
    assert!((right / (-20.6_f32).exp() - 1.0).abs() < 1e-5, "{right}");
    // p = e^-500 underflows to 0, but the loss is 500.
    assert_eq!(loss.loss(&[0.0, 500.0], 0).unwrap(), 500.0);
    assert_eq!(loss.loss(&[0.0, 1e30], 0).unwrap(), 1e30);
}

/// 6: cross-entropy had the wrong sign.
#[test]
fn defect_6_the_loss_is_positive() {
    for beta in [1e-4, 0.1, 1.0, 10.0, 1e3] {
        let loss = GradientDecay::new(beta);
        let wrong = loss.loss(&[2.0, -1.0, 0.5], 1).unwrap();
        let right = loss.loss(&[2.0, -1.0, 0.5], 0).unwrap();
        assert!(wrong > right && right > 0.0, "{wrong} and {right} at beta {beta}");
        // A step against the gradient makes it smaller.
        let mut gradient = [0.0; 3];
        loss.loss_and_gradient(&[2.0, -1.0, 0.5], 1, &mut gradient).unwrap();
        let moved = [2.0 - 0.1 * gradient[0], -1.0 - 0.1 * gradient[1], 0.5 - 0.1 * gradient[2]];
        assert!(loss.loss(&moved, 1).unwrap() < wrong);
    }
}

/// 7: softmax without subtraction of the maximum.
#[test]
fn defect_7_logits_far_above_zero() {
    for offset in [100.0, 1e4, 3e38] {
        let loss = GradientDecay::new(0.5);
        let (mut p, mut gradient) = ([0.0; 2], [0.0; 2]);
        loss.probabilities(&[offset, offset], &mut p).unwrap();
        assert_eq!(p, [0.5, 0.5]);
        loss.consistent_probabilities(&[offset, offset], &mut p).unwrap();
        assert_eq!(p, [0.5, 0.5]);
        let value = loss.loss_and_gradient(&[offset, offset], 0, &mut gradient).unwrap();
        assert!((value - 3.0_f32.ln()).abs() < 1e-6, "{value} at {offset}");
        assert!((gradient[0] + 2.0 / 3.0).abs() < 1e-6);
    }
}

/// 8: integers were updated with a truncating shift, which biases every step.
#[test]
fn defect_8_updates_in_integers_have_no_bias() {
    const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.001));
    const SEEDS: u32 = 4000;
    // Updates of a fraction of a unit, of both signs: -1/2 and 1/2 times 33 / 2^15 times x / 2^5, in units of 2^-12.
    for x in [1_i8, 3, 17, -5] {
        let mut sums = [0.0_f64; 2];
        for seed in 0..SEEDS {
            let mut head: FixedHead<2, 1> = FixedHead::new(5, seed);
            TUNER.step(&mut head, &mut State::new(), &[x], 0).unwrap();
            let mut parameters = [0.0; 4];
            head.to_head().export(&mut parameters).unwrap();
            sums[0] += f64::from(parameters[0]) * 4096.0;
            sums[1] += f64::from(parameters[1]) * 4096.0;
        }
        let exact = 33.0 / 32_768.0 * 0.5 * f64::from(x) / 32.0 * 4096.0;
        for (sum, exact) in sums.iter().zip([exact, -exact]) {
            let mean = sum / f64::from(SEEDS);
            // Five standard deviations of a mean of 4000 numbers that are one unit apart.
            assert!((mean - exact).abs() < 5.0 * 0.5 / f64::from(SEEDS).sqrt(), "{mean} for {exact}");
        }
    }
}

/// 9: a confidence of exactly 1 or exactly 0 fell into no bin, or into a bin that does not exist.
#[test]
fn defect_9_confidences_of_exactly_0_and_1() {
    let mut calibration: Calibration<10> = Calibration::new();
    calibration.record(&[1.0, 0.0], 0).unwrap();
    calibration.record(&[0.0, 0.0], 1).unwrap();
    let bins: Vec<_> = calibration.bins().collect();
    assert_eq!(bins.len(), 10);
    assert_eq!((bins[0].unwrap().count, bins[9].unwrap().count), (1, 1));
    assert!(bins[1..9].iter().all(Option::is_none));
    let summary = calibration.summary().unwrap();
    assert_eq!((summary.count, summary.ece, summary.accuracy), (2, 0.0, 0.5));
}
