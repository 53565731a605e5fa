//! Written by a test.

use gradient_decay::replay::OwnedSlots;
use gradient_decay::{DiscriminantHead, Learner, Neighbours, Parts, Quantized, StreamingLda, kernels};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 0;

/// The head.
pub type Head = Neighbours<DiscriminantHead<CLASSES, FEATURES, { kernels::packed(FEATURES) }>, OwnedSlots<CLASSES, 10, [f32; FEATURES], Quantized<FEATURES>>>;

/// The samples that are rehearsed.
pub type Memory = ();

/// The learner.
pub type Mine = Learner<Head, Parts<(), Memory>>;

/// Its settings.
pub const SETTINGS: StreamingLda = StreamingLda::new();

/// A learner with this head: `Neighbours::new(DiscriminantHead::empty(), Replay::new(1))` knows nothing yet.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: (), memory: (), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
