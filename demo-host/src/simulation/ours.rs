//! The core's learners: its own code, with settings that are the same for every task.

use anyhow::{Context, Result};
use gradient_decay::{
    BetaSchedule, Classes, DiscriminantHead, FineTuner, Learner as CoreLearner, LinearHead, Parts, Quantized, Replay,
    Sgd, StreamingLda,
};

use super::learner::{Contender, Learner, Settings};
use super::samples::Start;

/// The learning rate of steps on a head.
const RATE: f32 = 0.05;

/// Samples of each class in the memory, and steps on them with each label.
const SLOTS: usize = 10;
const REHEARSALS: u32 = 4;

/// The warm-up: beta at its start and at its end, and its steps.
const WARM_UP: (f32, f32, u32) = (0.01, 1.0, 150);

type LinearLearner<const CLASSES: usize, const FEATURES: usize, R> =
    CoreLearner<LinearHead<CLASSES, FEATURES>, Parts<(), R>>;

/// A linear head, fine-tuned.
struct Linear<const CLASSES: usize, const FEATURES: usize, R> {
    learner: Box<LinearLearner<CLASSES, FEATURES, R>>,
    tuner: FineTuner,
    rehearsals: u32,
}

/// A discriminant from nothing.
struct Lda<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> {
    learner: Box<CoreLearner<DiscriminantHead<CLASSES, FEATURES, UPPER>>>,
    settings: StreamingLda,
}

/// Our learners for a shape. `UPPER` is `FEATURES (FEATURES - 1) / 2`.
pub fn ours<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>() -> Vec<Contender> {
    let sgd = |start: &Start, schedule| {
        let learner = CoreLearner::new(LinearHead::empty(), Parts::NONE);
        linear::<CLASSES, FEATURES, _>(start, learner, schedule, 0)
    };
    let (low, high, steps) = WARM_UP;
    let plain = || BetaSchedule::constant(1.0);
    vec![
        Contender {
            name: "sgd",
            ours: true,
            grid: vec![Settings(vec![("rate", f64::from(RATE)), ("beta", 1.0)])],
            new: Box::new(move |start, _| sgd(start, plain())),
        },
        Contender {
            name: "sgd-replay",
            ours: true,
            grid: vec![Settings(vec![
                ("rate", f64::from(RATE)),
                ("beta", 1.0),
                ("slots", SLOTS as f64),
                ("rehearsals", f64::from(REHEARSALS)),
            ])],
            new: Box::new(move |start, _| {
                let memory: Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>> = Replay::new(start.seed as u32);
                let parts = Parts { preprocess: (), memory, guard: (), calibration: (), readout: () };
                linear(start, CoreLearner::new(LinearHead::empty(), parts), plain(), REHEARSALS)
            }),
        },
        Contender {
            name: "warm-up",
            ours: true,
            grid: vec![Settings(vec![
                ("rate", f64::from(RATE)),
                ("beta", f64::from(high)),
                ("first_beta", f64::from(low)),
                ("steps", f64::from(steps)),
            ])],
            new: Box::new(move |start, _| sgd(start, BetaSchedule::linear(low, high, steps))),
        },
        Contender {
            name: "discriminant",
            ours: true,
            grid: vec![Settings::default()],
            new: Box::new(|_, _| {
                let learner = Box::new(CoreLearner::new(DiscriminantHead::empty(), Parts::NONE));
                Ok(Box::new(Lda::<CLASSES, FEATURES, UPPER> { learner, settings: StreamingLda::new() }))
            }),
        },
    ]
}

fn linear<const CLASSES: usize, const FEATURES: usize, R>(
    start: &Start,
    mut learner: LinearLearner<CLASSES, FEATURES, R>,
    schedule: BetaSchedule,
    rehearsals: u32,
) -> Result<Box<dyn Learner>>
where
    R: gradient_decay::Memory<[f32; FEATURES]> + Send + 'static,
{
    if let Some(base) = &start.base {
        let mut parameters = vec![0.0; CLASSES * (FEATURES + 1)];
        let (weights, biases) = base.head.split_at(start.classes * FEATURES);
        parameters[..weights.len()].copy_from_slice(weights);
        parameters[CLASSES * FEATURES..][..biases.len()].copy_from_slice(biases);
        learner.replace(0, |head| {
            head.import(&parameters)?;
            head.truncate(start.classes)
        })?;
        // Remembered from the start, so that the first rehearsals do not know the first labels alone.
    }
    let tuner = FineTuner::new(schedule, Sgd::try_new(RATE)?);
    Ok(Box::new(Linear { learner: Box::new(learner), tuner, rehearsals }))
}

fn array<const FEATURES: usize>(features: &[f32]) -> Result<&[f32; FEATURES]> {
    features.try_into().ok().with_context(|| format!("{} features for a learner of {FEATURES}", features.len()))
}

/// Copies probabilities of a core's learner.
fn widen(from: &[f32], to: &mut [f64]) {
    to.iter_mut().zip(from).for_each(|(to, p)| *to = f64::from(*p));
}

impl<const CLASSES: usize, const FEATURES: usize, R> Learner for Linear<CLASSES, FEATURES, R>
where
    R: gradient_decay::Memory<[f32; FEATURES]> + Send,
{
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        if class == self.learner.classes() {
            self.learner.add_class()?;
        }
        self.learner.learn(&self.tuner, array(features)?, class)?;
        self.learner.rehearse(&self.tuner, self.rehearsals);
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        let mut p = [0.0; CLASSES];
        self.learner.probabilities(array(features)?, &mut p)?;
        widen(&p, probabilities);
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        LinearLearner::<CLASSES, FEATURES, R>::BYTES
    }

    fn multiply_adds(&self) -> u64 {
        (2 * CLASSES * (FEATURES + 1)) as u64 * u64::from(1 + self.rehearsals)
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const UPPER: usize> Learner for Lda<CLASSES, FEATURES, UPPER> {
    fn learn(&mut self, features: &[f32], class: usize) -> Result<()> {
        if class == self.learner.classes() {
            self.learner.add_class()?;
        }
        self.learner.learn(&self.settings, array(features)?, class)?;
        Ok(())
    }

    fn probabilities(&mut self, features: &[f32], probabilities: &mut [f64]) -> Result<()> {
        let mut p = [0.0; CLASSES];
        self.learner.probabilities(array(features)?, &mut p)?;
        widen(&p, probabilities);
        Ok(())
    }

    fn ram_bytes(&self) -> usize {
        CoreLearner::<DiscriminantHead<CLASSES, FEATURES, UPPER>>::BYTES
    }

    /// The logits, the update of the factors and of every row, and one row refreshed.
    fn multiply_adds(&self) -> u64 {
        (CLASSES * FEATURES + 3 * UPPER + 2 * CLASSES * FEATURES + 2 * UPPER) as u64
    }
}
