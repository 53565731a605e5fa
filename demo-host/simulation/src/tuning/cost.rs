//! The cost of a learner on a device: bytes by its layout, instructions by a model that is fitted to the committed counts of `cargo xtask footprint`.
//!
//! An operation takes `a f(K, N) + b g(K, N)` instructions at K classes and N features, with `a` and `b` those of the least relative squares over the
//! shapes that were counted. Where a core has counted one shape alone, the model is that of the Cortex-M4F times the quotient there. The error
//! that is stated is the largest over the shapes that were counted, each predicted from the others. These are instructions, not cycles.

use std::collections::BTreeMap;

use crate::on_device::{self, DeviceSettings, HeadKind};
use crate::tasks::Units;

/// The committed counts: `CORE/BUILD/FEATURES->CLASSES/WHAT`, a tab, the count.
const COUNTS: &str = include_str!("../../../../firmware/bench/expected.tsv");

/// The shape at which every core was counted.
const COMMON: Shape = (10, 64);

/// Classes and features.
type Shape = (usize, usize);

/// A core that firmware runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Target {
    /// Cortex-M4F, with an FPU
    M4f,
    /// Cortex-M0 and M0+, floats in software
    M0,
    /// Cortex-M33, with an FPU
    M33,
    /// Cortex-M7, with an FPU
    M7,
    /// RISC-V without an FPU; not counted: the counts of a Cortex-M3, which has floats in software too, stand in
    Riscv32imc,
}

/// The cost of a learner by the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Bytes of RAM: head, memory, units, and the room to work in.
    pub ram: usize,
    /// Instructions of a label, its rehearsals among them.
    pub label: f64,
    /// Instructions of an answer.
    pub answer: f64,
    /// The largest relative error of a part on a shape that was left out.
    pub error: f64,
}

/// An operation that was counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Step,
    Inference,
    /// The mean over sixteen labels, one of which puts the ridge back.
    LdaLearn,
    LdaInference,
}

/// A fitted operation.
struct Model {
    basis: fn(Shape) -> [f64; 2],
    factors: [f64; 2],
    error: f64,
}

impl Target {
    /// Every core.
    pub const ALL: [Target; 5] = [Target::M4f, Target::M0, Target::M33, Target::M7, Target::Riscv32imc];

    /// The name that `tune` takes.
    pub fn name(self) -> &'static str {
        match self {
            Target::M4f => "m4f",
            Target::M0 => "m0",
            Target::M33 => "m33",
            Target::M7 => "m7",
            Target::Riscv32imc => "riscv32imc",
        }
    }

    /// The core, as people write it.
    pub fn core(self) -> &'static str {
        match self {
            Target::M4f => "Cortex-M4F",
            Target::M0 => "Cortex-M0",
            Target::M33 => "Cortex-M33",
            Target::M7 => "Cortex-M7",
            Target::Riscv32imc => "riscv32imc",
        }
    }

    /// Core and build of its counts.
    fn counted(self) -> (&'static str, &'static str) {
        match self {
            Target::M0 => ("Cortex-M0", "portable"),
            Target::Riscv32imc => ("Cortex-M3", "portable"),
            other => (other.core(), "asm"),
        }
    }

    /// The cost of a learner of so many classes and features; `based`: with a trained head mixed into a discriminant.
    pub fn cost(self, settings: &DeviceSettings, classes: usize, features: usize, units: Units, based: bool) -> Cost {
        let shape = (classes, features);
        let models = Operation::ALL.map(|operation| (operation, self.model(operation)));
        let mut error = 0.0;
        let mut of = |operation: Operation| {
            let model = &models.iter().find(|(own, _)| *own == operation).unwrap_or(&models[0]).1;
            error = f64::max(error, model.error);
            model.at(shape)
        };
        let scale = self.counts(Operation::Step)[&COMMON] / Target::M4f.counts(Operation::Step)[&COMMON];
        let [standardize, remember, recall] = per_feature().map(|count| scale * count * features as f64);
        let rehearsals = if settings.slots > 0 { f64::from(settings.rehearsals) } else { 0.0 };
        let (learn, rehearse, answer) = match settings.head {
            HeadKind::Linear => (of(Operation::Step), of(Operation::Step), of(Operation::Inference)),
            head => {
                let trained = if based { of(Operation::Inference) } else { 0.0 };
                let (learn, look) = (of(Operation::LdaLearn) + trained, of(Operation::LdaInference) + trained);
                match head {
                    HeadKind::Residual => {
                        (learn + of(Operation::Step), look + of(Operation::Step), look + of(Operation::Inference))
                    }
                    HeadKind::Neighbours => {
                        let distances = self.per_kept_feature() * (classes * settings.slots * features) as f64;
                        (learn + distances, 0.0, look + distances)
                    }
                    _ => (learn, 0.0, look),
                }
            }
        };
        let (ram, _) = on_device::cost(settings, classes, features, based && settings.head != HeadKind::Linear);
        let raw = units == Units::Raw;
        let front = if raw { 0.0 } else { standardize };
        let kept = if settings.slots > 0 { remember } else { 0.0 };
        Cost {
            ram: ram + if raw { 0 } else { 12 * features + 8 },
            label: front + learn + kept + rehearsals * (rehearse + recall),
            answer: front + answer,
            error,
        }
    }

    fn model(self, operation: Operation) -> Model {
        let (own, common) = (self.counts(operation), Target::M4f.counts(operation));
        if own.len() > 1 || self == Target::M4f {
            return Model::fit(&own, operation.basis());
        }
        let mut model = Model::fit(&common, operation.basis());
        let quotient = own.get(&COMMON).map_or(f64::NAN, |count| count / model.at(COMMON));
        model.factors.iter_mut().for_each(|factor| *factor *= quotient);
        model
    }

    /// The instructions of a distance for each feature of each kept sample. The Cortex-M0 that was counted has no room for them: those of a Cortex-M3
    /// times the quotient of their steps.
    fn per_kept_feature(self) -> f64 {
        let common = |target: Self, operation| target.counts(operation)[&COMMON];
        let target = if self == Target::M0 { Target::Riscv32imc } else { self };
        // Ten samples of each class.
        let counted = target.count("near-inference").map_or(0.0, |all| all - common(target, Operation::LdaInference));
        let quotient = common(self, Operation::Step) / common(target, Operation::Step);
        quotient * counted / (10 * COMMON.0 * COMMON.1) as f64
    }

    /// A figure that was counted at the common shape, or not at all.
    fn count(self, what: &str) -> Option<f64> {
        let (core, build) = self.counted();
        figures().find(|figure| (figure.0, figure.1, figure.3) == (core, build, what)).map(|figure| figure.4)
    }

    /// The counts of an operation by shape.
    fn counts(self, operation: Operation) -> BTreeMap<Shape, f64> {
        let (core, build) = self.counted();
        let of = |name: &str| -> BTreeMap<Shape, f64> {
            let figures = figures().filter(|figure| (figure.0, figure.1, figure.3) == (core, build, name));
            figures.map(|(_, _, shape, _, count)| (shape, count)).collect()
        };
        match operation {
            Operation::Step => of("step"),
            Operation::Inference => of("inference"),
            Operation::LdaInference => of("lda-inference"),
            Operation::LdaLearn => {
                let ridge = of("lda-learn-ridge");
                let mean = |(shape, count): (Shape, f64)| Some((shape, (15.0 * count + ridge.get(&shape)?) / 16.0));
                of("lda-learn").into_iter().filter_map(mean).collect()
            }
        }
    }
}

/// Every figure of a shape: core, build, shape, what, count.
fn figures() -> impl Iterator<Item = (&'static str, &'static str, Shape, &'static str, f64)> {
    COUNTS.lines().filter_map(|line| {
        let (name, count) = line.split_once('\t')?;
        let mut parts = name.splitn(4, '/');
        let (core, build, shape, what) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (features, classes) = shape.split_once("->")?;
        Some((core, build, (classes.parse().ok()?, features.parse().ok()?), what, count.parse().ok()?))
    })
}

/// The instructions that standardising, remembering and recalling take a feature, of the calls of a learner with all its parts on a Cortex-M4F:
/// beside these parts they have a read-out and a calibration, so it is a little more than there is.
fn per_feature() -> [f64; 3] {
    let call = |what: &str| {
        figures()
            .find(|figure| (figure.0, figure.1, figure.3) == ("Cortex-M4F", "calls", what))
            .map_or(0.0, |figure| figure.4)
    };
    let common = |operation| Target::M4f.counts(operation)[&COMMON];
    let (step, inference) = (common(Operation::Step), common(Operation::Inference));
    let standardize = call("answer") - inference;
    [standardize, call("learn") - step - standardize, call("rehearse-1") - step].map(|count| count / COMMON.1 as f64)
}

impl Operation {
    const ALL: [Operation; 4] = [Operation::Step, Operation::Inference, Operation::LdaLearn, Operation::LdaInference];

    fn basis(self) -> fn(Shape) -> [f64; 2] {
        match self {
            // A class has an exponential; a step has a logarithm and checks.
            Operation::Step => |(k, n)| [(k * n) as f64, k as f64 + 12.0],
            Operation::Inference | Operation::LdaInference => |(k, n)| [(k * n) as f64, k as f64],
            // The factors are half a square; the rows, and what each class and each row costs beside.
            Operation::LdaLearn => |(k, n)| [(n * n) as f64, (k * (n + 8) + 100) as f64],
        }
    }
}

impl Model {
    fn fit(counts: &BTreeMap<Shape, f64>, basis: fn(Shape) -> [f64; 2]) -> Self {
        let without = |left: &Shape| {
            let others: BTreeMap<Shape, f64> =
                counts.iter().filter(|(shape, _)| *shape != left).map(|(shape, count)| (*shape, *count)).collect();
            let [a, b] = least_squares(&others, basis);
            let [f, g] = basis(*left);
            ((a * f + b * g) / counts[left] - 1.0).abs()
        };
        let error = if counts.len() > 1 { counts.keys().map(without).fold(0.0, f64::max) } else { f64::NAN };
        Model { basis, factors: least_squares(counts, basis), error }
    }

    fn at(&self, shape: Shape) -> f64 {
        let ([a, b], [f, g]) = (self.factors, (self.basis)(shape));
        a * f + b * g
    }
}

/// The factors of the least relative squares, neither below zero.
fn least_squares(counts: &BTreeMap<Shape, f64>, basis: fn(Shape) -> [f64; 2]) -> [f64; 2] {
    let rows = || counts.iter().map(|(shape, count)| basis(*shape).map(|value| value / count));
    let sum = |of: fn([f64; 2]) -> f64| rows().map(of).sum::<f64>();
    let (ff, fg, gg) = (sum(|[f, _]| f * f), sum(|[f, g]| f * g), sum(|[_, g]| g * g));
    let (f, g) = (sum(|[f, _]| f), sum(|[_, g]| g));
    let determinant = ff * gg - fg * fg;
    let (a, b) = ((f * gg - g * fg) / determinant, (g * ff - f * fg) / determinant);
    match (determinant > 1e-9 * ff * gg, a < 0.0, b < 0.0) {
        (true, false, false) => [a, b],
        (true, true, _) => [0.0, g / gg],
        _ => [f / ff, 0.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{defaults, device_settings};

    #[test]
    fn the_model_gives_the_counts_back_and_its_error_on_shapes_left_out_is_small() {
        for target in Target::ALL {
            for operation in Operation::ALL {
                let (model, counts) = (target.model(operation), target.counts(operation));
                assert!(!counts.is_empty(), "{target:?}");
                for (shape, count) in counts {
                    let error = model.at(shape) / count - 1.0;
                    assert!(error.abs() < 0.06, "{target:?} {shape:?}: {error}");
                }
                assert!(model.error < 0.15, "{target:?}: {}", model.error);
            }
        }
    }

    #[test]
    fn costs_are_of_the_size_that_was_counted() {
        let cost = |name, target: Target| {
            target.cost(&device_settings(name, &defaults(name)).unwrap(), 10, 64, Units::Raw, false)
        };
        // Of each class and feature of a kept sample.
        let near = |target: Target| target.per_kept_feature();
        assert!(
            near(Target::M4f) > 2.0
                && near(Target::M33) > near(Target::M4f)
                && near(Target::M0) > near(Target::Riscv32imc)
        );
        assert!(Target::ALL.map(near).iter().all(|count| *count < 60.0));
        let close = |found: f64, counted: f64| assert!((found / counted - 1.0).abs() < 0.05, "{found} {counted}");
        close(cost("sgd", Target::M4f).label, 3976.0);
        close(cost("sgd", Target::M0).label, 274_211.0);
        close(cost("discriminant", Target::M4f).label, 28_504.0 + (46_548.0 - 28_504.0) / 16.0);
        close(cost("sgd-replay", Target::M33).label, 3948.0 + 1800.0 + 4.0 * 4526.0);
        // The statistics, the number of steps, and two numbers a class.
        assert_eq!(cost("discriminant", Target::M4f).ram, 13_536 + 4 + 80);
        let riscv = cost("sgd", Target::Riscv32imc).label;
        assert!(riscv > 20.0 * cost("sgd", Target::M4f).label && riscv < cost("sgd", Target::M0).label);
    }
}
