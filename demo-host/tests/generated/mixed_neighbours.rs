//! Written by a test.

use gradient_decay::replay::OwnedSlots;
use gradient_decay::{Learner, MixedHead, Neighbours, Parts, Quantized, Standardizer, StreamingLda, kernels};

/// The classes that there is room for.
pub const CLASSES: usize = 3;

/// The features of a sample.
pub const FEATURES: usize = 2;

/// Steps on remembered samples after each label: `learner.rehearse(&SETTINGS, REHEARSALS)`.
pub const REHEARSALS: u32 = 0;

/// The mean of each feature that the head was trained on.
pub const MEAN: [f32; FEATURES] = [0.25, -3.0];

/// Its deviation.
pub const DEVIATION: [f32; FEATURES] = [1.0, 20.5];

/// The head.
pub type Head = Neighbours<MixedHead<'static, CLASSES, FEATURES, { kernels::packed(FEATURES) }, CLASSES>, OwnedSlots<CLASSES, 10, [f32; FEATURES], Quantized<FEATURES>>>;

/// The samples that are rehearsed.
pub type Memory = ();

/// The learner.
pub type Mine = Learner<Head, Parts<Standardizer<FEATURES>, Memory>>;

/// Its settings.
pub const SETTINGS: StreamingLda = StreamingLda::new();

/// A learner with this head: `Neighbours::new` of an empty `Replay` and `MixedHead::new` of what the training set said, discounted to 64 samples and 3 a class, and the trained head.
pub const fn learner(head: Head) -> Mine {
    let parts =
        Parts { preprocess: Standardizer::from_statistics(&MEAN, &DEVIATION), memory: (), guard: (), calibration: (), readout: () };
    Learner::new(head, parts)
}
