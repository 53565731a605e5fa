//! Written by a test.

use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Quantized, Replay, Sgd, Standardizer};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 4;

/// The mean of each feature that the head was trained on.
pub const MEAN: [f32; FEATURES] = [0.25, -3.0];

/// Its deviation.
pub const DEVIATION: [f32; FEATURES] = [1.0, 20.5];

/// The head.
pub type Head = LinearHead<CLASSES, FEATURES>;

/// The samples that are rehearsed.
pub type Memory = Replay<CLASSES, 10, [f32; FEATURES], Quantized<FEATURES>>;

/// The learner.
pub type Mine = Learner<Head, Parts<Standardizer<FEATURES>, Memory>>;

/// Its settings.
pub const SETTINGS: FineTuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.05));

/// A learner with this head: the trained head, as `LinearHead::from_le_bytes` reads it.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: Standardizer::from_statistics(&MEAN, &DEVIATION), memory: Memory::new(1), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
