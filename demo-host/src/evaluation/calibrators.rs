//! Read-outs fitted on held-out images.

use anyhow::{Result, ensure};

use super::{Outputs, ReadOut};

/// The range of the natural logarithms of the temperatures and read-out coefficients that are tried.
const RANGE: (f64, f64) = (-6.0, 6.0);

/// Points of the first, coarse search.
const COARSE: usize = 49;

/// Steps of the second, fine search, each of which narrows the range by the golden ratio.
const FINE: usize = 24;

/// The temperature with the least negative log-likelihood (Guo et al. 2017).
///
/// # Errors
/// If there is no image, or a logit is NaN or infinite.
pub fn fit_temperature(outputs: &Outputs, labels: &[usize]) -> Result<f32> {
    fit(outputs, labels, ReadOut::Temperature)
}

/// The beta whose consistent probabilities have the least negative log-likelihood, whatever beta the head was trained
/// with.
///
/// # Errors
/// If there is no image, or a logit is NaN or infinite.
pub fn fit_coefficient(outputs: &Outputs, labels: &[usize]) -> Result<f32> {
    fit(outputs, labels, ReadOut::Consistent)
}

fn fit(outputs: &Outputs, labels: &[usize], read_out: impl Fn(f32) -> ReadOut) -> Result<f32> {
    ensure!(!labels.is_empty(), "there is no held-out image to fit on");
    let cost = |ln: f64| mean_nll(outputs, labels, read_out(ln.exp() as f32));
    let step = (RANGE.1 - RANGE.0) / (COARSE - 1) as f64;
    let mut best = (f64::INFINITY, 0.0);
    for i in 0..COARSE {
        let ln = RANGE.0 + i as f64 * step;
        let cost = cost(ln)?;
        if cost < best.0 {
            best = (cost, ln);
        }
    }
    // The minimum is between the neighbours of the best point; the golden section narrows that interval.
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (best.1 - step, best.1 + step);
    for _ in 0..FINE {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if cost(left)? < cost(right)? {
            high = right;
        } else {
            low = left;
        }
    }
    Ok(((low + high) / 2.0).exp() as f32)
}

/// The mean negative log-likelihood, in nats.
fn mean_nll(outputs: &Outputs, labels: &[usize], read_out: ReadOut) -> Result<f64> {
    let mut probabilities = vec![0.0; outputs.classes];
    let mut sum = 0.0;
    for (row, &label) in outputs.rows().zip(labels) {
        read_out.probabilities(row, &mut probabilities)?;
        sum -= f64::from(probabilities[label].max(f32::MIN_POSITIVE)).ln();
    }
    Ok(sum / labels.len() as f64)
}

#[cfg(test)]
mod tests {
    use gradient_decay::GradientDecay;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Logits with labels drawn from the probabilities that a read-out gives them.
    fn sampled(read_out: ReadOut) -> (Outputs, Vec<usize>) {
        let mut random = StdRng::seed_from_u64(1);
        let logits: Vec<f32> = (0..3 * 20_000).map(|_| random.random_range(-3.0..3.0)).collect();
        let outputs = Outputs { features: Vec::new(), logits, classes: 3 };
        let draw = |row: &[f32], mark: f32| {
            let mut probabilities = [0.0; 3];
            read_out.probabilities(row, &mut probabilities).unwrap();
            usize::from(mark > probabilities[0]) + usize::from(mark > probabilities[0] + probabilities[1])
        };
        let labels = outputs.rows().map(|row| draw(row, random.random_range(0.0..1.0))).collect();
        (outputs, labels)
    }

    // 20,000 samples put the fit within a few per cent of the truth.
    #[test]
    fn the_temperature_of_the_labels_is_found() {
        for temperature in [0.5, 1.0, 3.0] {
            let (outputs, labels) = sampled(ReadOut::Temperature(temperature));
            let found = fit_temperature(&outputs, &labels).unwrap();
            assert!((found / temperature - 1.0).abs() < 0.06, "{found} for {temperature}");
        }
    }

    #[test]
    fn the_coefficient_of_the_labels_is_found() {
        for beta in [0.1, 1.0, 5.0] {
            let (outputs, labels) = sampled(ReadOut::Consistent(beta));
            let found = fit_coefficient(&outputs, &labels).unwrap();
            assert!((found / beta - 1.0).abs() < 0.25, "{found} for {beta}");
            // Lower than for nearby coefficients.
            let cost = |beta| mean_nll(&outputs, &labels, ReadOut::Consistent(beta)).unwrap();
            assert!(cost(found) <= cost(found * 1.05) && cost(found) <= cost(found / 1.05));
        }
        assert!(GradientDecay::try_new(RANGE.0.exp() as f32).is_ok());
        let none = Outputs { features: Vec::new(), logits: Vec::new(), classes: 3 };
        assert!(fit_temperature(&none, &[]).is_err());
    }
}
