//! The loss.

use arbitrary::{Arbitrary, Unstructured};
use gradient_decay::{GradientDecay, Target, TargetOptions};

use crate::numbers::{number, numbers};

/// Loss and gradient of any logits: refused, and nothing changed; or finite, and the gradient sums to 0.
pub fn loss(bytes: &[u8]) {
    let _: arbitrary::Result<()> = try_loss(&mut Unstructured::new(bytes));
}

fn try_loss(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (beta, target, classes) = (number(u)?, usize::from(u8::arbitrary(u)? % 12), u.int_in_range(0..=10)?);
    let logits = numbers(u, classes)?;
    let smoothing = number(u)?;
    let Ok(loss) = GradientDecay::try_new(beta) else {
        assert!(!(beta > 0.0 && beta <= 1e6), "beta {beta} was refused");
        return Ok(());
    };
    let mut gradient = vec![7.0; classes];
    match loss.loss_and_gradient(&logits, target, &mut gradient) {
        Ok(value) => {
            assert!(value.is_finite() && value >= 0.0, "{value}");
            assert!(gradient.iter().all(|g| (-1.0..=1.0).contains(g)), "{gradient:?}");
            let sum = gradient.iter().map(|g| f64::from(*g)).sum::<f64>();
            assert!(sum.abs() < 2e-6, "{sum}");
            assert_eq!(loss.loss(&logits, target), Ok(value));
            assert!(target < classes && logits.iter().all(|z| z.is_finite()));
        }
        Err(_) => {
            assert!(gradient.iter().all(|g| *g == 7.0), "an error changed the gradient");
            assert!(target >= classes || logits.iter().any(|z| !z.is_finite()));
        }
    }
    let mut probabilities = vec![7.0; classes];
    if loss.probabilities(&logits, &mut probabilities).is_ok() && classes > 0 {
        let sum = probabilities.iter().sum::<f32>();
        assert!((sum - 1.0).abs() < 1e-5, "{probabilities:?}");
        loss.consistent_probabilities(&logits, &mut probabilities).expect("these are the same logits");
        assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{probabilities:?}");
    }
    if let Ok(options) = TargetOptions::new().try_with_label_smoothing(smoothing) {
        for target in [Target::Class(target), Target::Distribution(&probabilities)] {
            if let Ok(Some(value)) = loss.loss_and_gradient_with(&logits, &target, &options, &mut gradient) {
                assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()), "{value} {gradient:?}");
            }
        }
    }
    Ok(())
}
