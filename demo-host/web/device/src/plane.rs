//! Two learners on a plane of two features, taught by the same clicks: the discriminant, and a linear head by a step of the
//! gradient-decay loss a label.

use gradient_decay::{
    BetaSchedule, Calibration, Classes, DiscriminantHead, FineTuner, GradientDecay, Learner, LinearHead, Parts, Sgd,
    StreamingLda, kernels,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// The classes that there are colours for.
const CLASSES: usize = 3;
/// The bars of a reliability diagram.
const BINS: usize = 5;

const LDA: StreamingLda = StreamingLda::new();

type Counted = Parts<(), (), (), Calibration<BINS>>;
type Discriminant = Learner<DiscriminantHead<CLASSES, 2, { kernels::packed(2) }>, Counted>;
type Linear = Learner<LinearHead<CLASSES, 2>, Counted>;

const PARTS: Counted = Parts { preprocess: (), memory: (), guard: (), calibration: Calibration::new(), readout: () };

/// The learners. Features are in [-1, 1] and are scaled to deviations of about 1.
#[wasm_bindgen]
pub struct Plane {
    discriminant: Discriminant,
    linear: Linear,
    tuner: FineTuner,
}

/// The deviation that features in [-1, 1] are divided by.
const DEVIATION: f32 = 0.5;

#[wasm_bindgen]
impl Plane {
    /// Learners that know nothing, of `classes` classes, 1 to 3; the linear one learns with this beta, in (0, 1e6], and rate.
    ///
    /// # Errors
    /// If beta, the rate or the number of classes is out of range.
    #[wasm_bindgen(constructor)]
    pub fn new(classes: usize, beta: f32, rate: f32) -> Result<Self, String> {
        if !(1..=CLASSES).contains(&classes) {
            return Err(format!("there are 1 to {CLASSES} classes, not {classes}"));
        }
        let words = |error: gradient_decay::Error| error.to_string();
        let schedule = BetaSchedule::try_constant(beta).map_err(words)?;
        let tuner = FineTuner::new(schedule, Sgd::try_new(rate).map_err(words)?);
        let mut head = LinearHead::empty();
        for _ in 0..classes {
            head.add_class().map_err(words)?;
        }
        let (discriminant, linear) = (Learner::new(DiscriminantHead::empty(), PARTS), Learner::new(head, PARTS));
        let mut plane = Plane { discriminant, linear, tuner };
        for _ in 0..classes {
            plane.discriminant.add_class().map_err(words)?;
        }
        Ok(plane)
    }

    /// Both learn a labelled point.
    ///
    /// # Errors
    /// If a coordinate is not finite or the class is out of range; nothing is then learned.
    pub fn learn(&mut self, x: f32, y: f32, class: usize) -> Result<(), String> {
        let features = [x / DEVIATION, y / DEVIATION];
        self.discriminant.learn(&LDA, &features, class).map_err(|error| error.to_string())?;
        self.linear.learn(&self.tuner, &features, class).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// The discriminant's answers at `side * side` points from the top left to the bottom right: for each the most probable class and its
    /// probability, in turn. Empty before the first label.
    pub fn discriminant_map(&mut self, side: usize) -> Vec<f32> {
        map(side, |features, p| self.discriminant.probabilities(features, p).is_ok())
    }

    /// The same of the linear head.
    pub fn linear_map(&mut self, side: usize) -> Vec<f32> {
        map(side, |features, p| self.linear.probabilities(features, p).is_ok())
    }

    /// How the discriminant's answers went before each label: the labels, the share that was right, the mean confidence; then for each of
    /// 5 bins of the confidence its count, accuracy and mean confidence. Empty before the first label.
    pub fn discriminant_reliability(&self) -> Vec<f32> {
        reliability(&self.discriminant.parts().calibration)
    }

    /// The same of the linear head.
    pub fn linear_reliability(&self) -> Vec<f32> {
        reliability(&self.linear.parts().calibration)
    }
}

fn map(side: usize, mut probabilities: impl FnMut(&[f32; 2], &mut [f32]) -> bool) -> Vec<f32> {
    let at = |i: usize| ((2 * i + 1) as f32 / side as f32 - 1.0) / DEVIATION;
    let mut all = Vec::with_capacity(2 * side * side);
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        let mut p = [0.0; CLASSES];
        if !probabilities(&[at(column), -at(row)], &mut p) {
            return Vec::new();
        }
        let (class, probability) = p.into_iter().enumerate().fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
        all.extend([class as f32, probability]);
    }
    all
}

fn reliability(calibration: &Calibration<BINS>) -> Vec<f32> {
    let Some(summary) = calibration.summary() else { return Vec::new() };
    let mut all = vec![summary.count as f32, summary.accuracy, summary.confidence];
    for bin in calibration.bins() {
        all.extend(bin.map_or([0.0; 3], |bin| [bin.count as f32, bin.accuracy, bin.confidence]));
    }
    all
}

/// The magnitude of a sample's gradient, g(p), when the probability of its class is p; NaN if beta or p is out of range.
#[wasm_bindgen]
pub fn gradient_magnitude(beta: f32, p: f32) -> f32 {
    GradientDecay::try_new(beta).and_then(|loss| loss.gradient_magnitude(p)).unwrap_or(f32::NAN)
}

/// Its mean over p in [0, 1], G(beta); NaN if beta is out of range.
#[wasm_bindgen]
pub fn mean_gradient(beta: f32) -> f32 {
    GradientDecay::try_new(beta).map_or(f32::NAN, |loss| loss.mean_gradient())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_learn_the_same_points_and_count_their_answers() {
        let mut plane = Plane::new(2, 1.0, 0.3).unwrap();
        assert!(plane.discriminant_map(4).is_empty() && plane.discriminant_reliability().is_empty());
        for i in 0..20 {
            let (class, off) = (i % 2, (i / 2) as f32 / 100.0);
            plane.learn(if class == 0 { -0.5 + off } else { 0.5 - off }, off, class).unwrap();
        }
        for map in [plane.discriminant_map(4), plane.linear_map(4)] {
            let classes: Vec<f32> = map.iter().copied().step_by(2).collect();
            assert_eq!(classes, [0.0, 0.0, 1.0, 1.0].repeat(4));
            assert!(map.iter().skip(1).step_by(2).all(|p| (0.5..=1.0).contains(p)));
        }
        // The discriminant has no answer to count to the first label of a class, which it cannot know yet.
        for (reliability, labels) in [(plane.discriminant_reliability(), 18.0), (plane.linear_reliability(), 20.0)] {
            assert_eq!(reliability.len(), 3 + 3 * BINS);
            let counted: f32 = reliability[3..].iter().step_by(3).sum();
            assert_eq!((reliability[0], counted), (labels, labels));
        }
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (classes, beta, rate) in [(0, 1.0, 0.1), (4, 1.0, 0.1), (2, 0.0, 0.1), (2, f32::NAN, 0.1), (2, 1.0, -1.0)] {
            assert!(Plane::new(classes, beta, rate).is_err(), "{classes} {beta} {rate}");
        }
        let mut plane = Plane::new(2, 1.0, 0.1).unwrap();
        assert!(plane.learn(f32::NAN, 0.0, 0).is_err() && plane.learn(0.0, 0.0, 2).is_err());
        assert!(plane.linear_reliability().is_empty(), "nothing was learned");
        assert!(gradient_magnitude(-1.0, 0.5).is_nan() && gradient_magnitude(1.0, 2.0).is_nan());
        assert_eq!((gradient_magnitude(4.0, 0.5), mean_gradient(1.0)), (0.2, 0.5));
    }
}
