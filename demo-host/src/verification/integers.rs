//! The accuracy cost of integers: inference in i8 and training in fixed point, compared with float on the same images.

use anyhow::Result;
use gradient_decay::quantized::{Quantization, QuantizedHead};
use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, LinearHead, Sgd, State};

use super::Check;
use super::samples::{Samples, largest_square};

/// The accuracy that integers may cost, in percentage points.
const POINTS: f64 = 1.0;

/// The images that a fresh head learns from, at most; it is tested on as many others.
const LEARNED: usize = 5000;

/// The learning rate, relative to that at which no step overshoots.
const RATE: f32 = 4.0;

impl Samples<'_> {
    /// The accuracy that the trained head loses in i8, and that a fresh head loses which learns in fixed point.
    pub(super) fn integers<const CLASSES: usize, const FEATURES: usize>(
        &self,
        head: &LinearHead<CLASSES, FEATURES>,
    ) -> Result<[Check; 2]> {
        let features = self.outputs.features.as_chunks::<FEATURES>().0;
        let largest = |values: &[f32]| values.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let (top, top_logit) = (largest(&self.outputs.features), largest(&self.outputs.logits));
        // Features behind a ReLU start at 0; others take both sides.
        let input = if self.outputs.features.iter().all(|x| *x >= 0.0) {
            Quantization::try_new(top / 255.0, -128)?
        } else {
            Quantization::try_new(top / 127.0, 0)?
        };
        let small = QuantizedHead::new(head, input, Quantization::try_new(top_logit / 127.0, 0)?)?;
        let (mut in_float, mut in_integers) = (0_usize, 0_usize);
        for (features, &label) in features.iter().zip(self.labels) {
            in_float += usize::from(head.predict(features)?.class == label);
            in_integers += usize::from(small.predict(&features.map(|x| input.quantize(x)))? == label);
        }
        let inference = lost("points of accuracy that inference in i8 costs", in_float, in_integers, self.labels.len());

        let half = (self.labels.len() / 2).min(LEARNED);
        let (mut float, mut state) = (LinearHead::<CLASSES, FEATURES>::new(), State::new());
        let exponent = (127.0 / top).log2().floor().clamp(0.0, 7.0) as u32;
        let (mut fixed, mut fixed_state) = (FixedHead::<CLASSES, FEATURES>::new(exponent, 1), State::new());
        let schedule = BetaSchedule::geometric(0.01, 1.0, 500);
        let rate = RATE / largest_square(features);
        let (tuner, fixed_tuner) =
            (FineTuner::new(schedule, Sgd::try_new(rate)?), FineTuner::new(schedule, FixedRate::try_new(rate)?));
        for (features, &label) in features.iter().zip(self.labels).take(half) {
            tuner.step(&mut float, &mut state, features, label)?;
            let features = fixed.quantize(features);
            fixed_tuner.step(&mut fixed, &mut fixed_state, &features, label)?;
        }
        let (mut by_float, mut by_fixed, mut tested) = (0, 0, 0);
        for (features, &label) in features.iter().zip(self.labels).skip(half).take(half) {
            by_float += usize::from(float.predict(features)?.class == label);
            by_fixed += usize::from(fixed.predict(&fixed.quantize(features))? == label);
            tested += 1;
        }
        let what = format!("points of accuracy that learning {half} images in integers costs");
        Ok([inference, lost(&what, by_float, by_fixed, tested)])
    }
}

fn lost(what: &str, in_float: usize, in_integers: usize, tested: usize) -> Check {
    let percent = 100.0 / tested as f64;
    let what = format!("{what}, {:.2} % in float", in_float as f64 * percent);
    let found = (in_float as f64 - in_integers as f64).max(0.0) * percent;
    Check { what, found, accepted: POINTS }
}
