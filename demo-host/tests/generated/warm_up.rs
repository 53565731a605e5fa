//! Written by a test.

use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Sgd};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 0;

/// The head.
pub type Head = LinearHead<CLASSES, FEATURES>;

/// The samples that are rehearsed.
pub type Memory = ();

/// The learner.
pub type Mine = Learner<Head, Parts<(), Memory>>;

/// Its settings.
pub const SETTINGS: FineTuner = FineTuner::new(BetaSchedule::linear(0.01, 1.0, 150), Sgd::new(0.05));

/// A learner with this head: `LinearHead::empty()` knows nothing yet.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
