//! The streaming calibration against its definitions, computed over all samples in f64.

use gradient_decay::Calibration;
use oracle::tolerances;
use proptest::prelude::*;

const BINS: usize = 15;

/// Probabilities of 4 classes with the target.
fn sample() -> impl Strategy<Value = ([f32; 4], usize)> {
    (prop::array::uniform4(1e-6..1.0_f32), 0..4_usize).prop_map(|(weights, target)| {
        let sum: f32 = weights.iter().sum();
        (weights.map(|weight| (weight / sum).min(1.0)), target)
    })
}

proptest! {
    #[test]
    fn the_definitions(samples in prop::collection::vec(sample(), 1..300)) {
        let mut calibration: Calibration<BINS> = Calibration::new();
        let mut bins = vec![(0.0_f64, 0.0_f64, 0.0_f64); BINS];
        let (mut nll, mut brier, mut right) = (0.0, 0.0, 0.0);
        for (p, target) in &samples {
            calibration.record(p, *target).unwrap();
            let class = (0..4).rev().max_by(|i, j| p[*i].total_cmp(&p[*j])).unwrap();
            // The border of a bin, in the f32 product that the core documents.
            let bin = ((p[class] * BINS as f32).ceil() as usize).clamp(1, BINS) - 1;
            bins[bin].0 += 1.0;
            bins[bin].1 += f64::from(p[class]);
            bins[bin].2 += f64::from(u8::from(class == *target));
            right += f64::from(u8::from(class == *target));
            nll -= f64::from(p[*target]).ln();
            brier += (0..4).map(|i| (f64::from(p[i]) - f64::from(u8::from(i == *target))).powi(2)).sum::<f64>();
        }
        let n = samples.len() as f64;
        let gap = |bin: &(f64, f64, f64)| (bin.1 - bin.2).abs();
        let ece = bins.iter().map(gap).sum::<f64>() / n;
        let mce = bins.iter().filter(|bin| bin.0 > 0.0).map(|bin| gap(bin) / bin.0).fold(0.0, f64::max);
        let confidence = bins.iter().map(|bin| bin.1).sum::<f64>() / n;

        let summary = calibration.summary().unwrap();
        prop_assert_eq!(f64::from(summary.count), n);
        for (name, found, exact) in [
            ("accuracy", summary.accuracy, right / n),
            ("confidence", summary.confidence, confidence),
            ("nll", summary.nll, nll / n),
            ("brier", summary.brier, brier / n),
            ("ece", summary.ece, ece),
            ("mce", summary.mce, mce),
        ] {
            prop_assert!((f64::from(found) - exact).abs() <= tolerances::CALIBRATION * (1.0 + exact), "{name} is {found} for {exact}");
        }
    }
}
