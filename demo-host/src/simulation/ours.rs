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
