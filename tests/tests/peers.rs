//! Defects seen in other libraries (the numbers are those of the project's list of them): each is a test that this one
//! does not have it.

use gradient_decay::{Calibration, GradientDecay};

/// 1: a batched softmax took its maximum from row 0 for every row.
#[test]
fn defect_1_rows_of_different_scale() {
    let loss = GradientDecay::new(1.0);
    let batch = [200.0, 0.0, 0.0, 5.0, 1.0, 0.0];
    let mut gradient = [0.0; 6];
    let mean = loss.batch_loss_and_gradient(&batch, &[0, 0], &mut gradient).unwrap();
    // Row 1 alone must be 0.976 / 0.018 / 0.007; halved by the mean, less the target.
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

/// 3: the maximum began at the smallest positive float, so that logits near -110 gave NaN and near -800 infinity.
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

/// 5: the loss was -ln(p), which loses its digits near p = 1 and is infinite at p = 0.
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

/// 6: cross-entropy had lost its sign.
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

/// 9: a confidence of exactly 1 or exactly 0 fell into no bin, or into one that is not there.
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
