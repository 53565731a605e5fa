//! Written by a test.

use gradient_decay::learn::ResidualSettings;
use gradient_decay::storage::Owned;
use gradient_decay::{BetaSchedule, DiscriminantHead, FineTuner, Learner, Parts, Quantized, Replay, Residual, Sgd, StreamingLda, kernels};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 4;

/// The head.
pub type Head = Residual<DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>, Owned<CLASSES, FEATURES>>;

/// The samples that are rehearsed.
pub type Memory = Replay<CLASSES, 10, [f32; FEATURES], Quantized<FEATURES>>;

/// The learner.
pub type Mine = Learner<Head, Parts<(), Memory>>;

/// Its settings.
pub const SETTINGS: ResidualSettings<StreamingLda> = ResidualSettings { base: StreamingLda::new(), tuner: FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.03)) };

/// A learner with this head: `Residual::new(DiscriminantHead::empty(), LinearHead::new())` knows nothing yet.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: (), memory: Memory::new(1), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
