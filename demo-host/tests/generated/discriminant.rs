//! Written by a test.

use gradient_decay::{DiscriminantHead, Learner, Parts, Standardizer, StreamingLda, kernels};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 0;

/// The head.
pub type Head = DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>;

/// The samples that are rehearsed.
pub type Memory = ();

/// The learner.
pub type Mine = Learner<Head, Parts<Standardizer<FEATURES>, Memory>>;

/// Its settings.
pub const SETTINGS: StreamingLda = StreamingLda::new();

/// A learner with this head: `DiscriminantHead::empty()` knows nothing yet.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: Standardizer::new(4), memory: (), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
