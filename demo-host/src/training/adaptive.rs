//! A beta that is controlled by the calibration: the later recipe of the paper's authors, a PID controller (NeurIPS 2024).

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// After each epoch `beta <- beta exp(-u)`, with `u = P e + I sum(e) + D (e - e before)` and the error `e = accuracy - confidence` on
/// the held-out images, as fractions: an overconfident model gets a larger beta. The gains of the authors are not known; the defaults were
/// set before any run, so that a gap of 5 % changes beta by two thirds in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptiveBeta {
    /// Beta in the first epoch.
    pub start: f32,
    /// P, at least 0.
    pub proportional: f32,
    /// I, at least 0.
    pub integral: f32,
    /// D, at least 0.
    pub derivative: f32,
}

impl Default for AdaptiveBeta {
    fn default() -> Self {
        AdaptiveBeta { start: 1.0, proportional: 10.0, integral: 0.5, derivative: 5.0 }
    }
}

/// The range that beta is kept within.
pub const BETA: std::ops::RangeInclusive<f32> = 0.01..=100.0;

impl AdaptiveBeta {
    /// The beta of the next epoch, from the gaps after all earlier epochs; a gap is the mean confidence minus the accuracy on the held-out images.
    pub fn beta(&self, gaps: impl IntoIterator<Item = f32>) -> f32 {
        let (mut beta, mut sum, mut before) = (self.start, 0.0, None);
        for gap in gaps {
            let error = -gap;
            sum += error;
            let change = error - before.unwrap_or(error);
            let u = self.proportional * error + self.integral * sum + self.derivative * change;
            beta = (beta * (-u).exp()).clamp(*BETA.start(), *BETA.end());
            before = Some(error);
        }
        beta
    }

    /// Refuses numbers that cannot be used.
    ///
    /// # Errors
    /// A sentence that names the number and its range.
    pub fn check(&self) -> Result<()> {
        ensure!(
            BETA.contains(&self.start),
            "the start of an adaptive beta is {}, but must be from {} to {}",
            self.start,
            BETA.start(),
            BETA.end()
        );
        for (name, gain) in
            [("proportional", self.proportional), ("integral", self.integral), ("derivative", self.derivative)]
        {
            ensure!((0.0..=1000.0).contains(&gain), "the gain {name} is {gain}, but must be from 0 to 1000");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: AdaptiveBeta = AdaptiveBeta { start: 1.0, proportional: 10.0, integral: 0.0, derivative: 0.0 };

    #[test]
    fn too_sure_a_model_gets_a_larger_beta() {
        assert_eq!(PLAIN.beta([]), 1.0);
        assert!((PLAIN.beta([0.05]) - 0.5_f32.exp()).abs() < 1e-6);
        assert!((PLAIN.beta([0.05, -0.05]) - 1.0).abs() < 1e-6);
        assert_eq!(PLAIN.beta([0.9; 9]), *BETA.end());
        assert_eq!(PLAIN.beta([-0.9; 9]), *BETA.start());
    }

    #[test]
    fn the_three_terms_by_hand() {
        let all = AdaptiveBeta { integral: 2.0, derivative: 3.0, ..PLAIN };
        // e = -0.1 then 0.1: u = -1 - 0.2 + 0, then 1 + 0 + 0.6.
        assert!((all.beta([0.1]) - 1.2_f32.exp()).abs() < 1e-5);
        assert!((all.beta([0.1, -0.1]) - (1.2_f32 - 1.6).exp()).abs() < 1e-5);
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        assert!(PLAIN.check().is_ok());
        let message = |adaptive: AdaptiveBeta| adaptive.check().unwrap_err().to_string();
        assert!(message(AdaptiveBeta { start: 0.0, ..PLAIN }).contains("start"));
        assert!(message(AdaptiveBeta { integral: f32::NAN, ..PLAIN }).contains("integral"));
    }
}
