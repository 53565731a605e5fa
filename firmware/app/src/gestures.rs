//! A device that senses, learns and remembers: gestures of the hand, by an accelerometer, two buttons and a display.
//!
//! An interrupt samples the accelerometer at [`sampling::RATE`] into a lock-free queue ([`sampling`]); all else is the main loop
//! ([`App`]): a window of samples becomes features ([`features`]), the head infers four times a window, the display shows its
//! answer ([`display`]), the buttons ([`button`]) teach it and save it ([`control`] has the state machine).
//!
//! The device knows no gesture when it is new. Make one, and tap the label button during it: once for gesture 1, twice for
//! gesture 2, up to [`GESTURES`]. The last window before the first tap is learned, with beta rising from 0.1 to 1 ([`FLOAT_TUNER`]).
//! Teach it rest as one of them, since it knows only what it was taught.

pub mod app;
pub mod button;
pub mod control;
pub mod display;
pub mod event;
pub mod features;
pub mod sampling;

pub use app::{App, Buffer, Parts};
pub use event::{Event, Fault, FlashFault};

use gradient_decay::{BetaSchedule, FineTuner, FixedRate, LinearHead, Readout, Sgd};

use crate::learner::{self, DeviceLearner};
use features::FEATURES;

/// The gestures that there is room for.
pub const GESTURES: usize = 4;

/// The head of a gesture learner: 404 bytes.
pub type Head = LinearHead<GESTURES, FEATURES>;

/// A gesture learner with the head `H`.
pub type Learner<H> = DeviceLearner<H, GESTURES, FEATURES>;

/// A gesture learner for a core with an FPU.
pub type FloatLearner = learner::FloatLearner<GESTURES, FEATURES>;

/// A gesture learner for a core without.
pub type FixedLearner = learner::FixedLearner<GESTURES, FEATURES>;

/// How the warm-up goes: seven steps a label, so that it ends with the twelfth.
const SCHEDULE: BetaSchedule = BetaSchedule::geometric(0.1, 1.0, 84);

/// The same for both arithmetics.
const LEARNING_RATE: f32 = 0.25;

/// How a device with an FPU learns.
pub const FLOAT_TUNER: FineTuner = FineTuner::new(SCHEDULE, Sgd::new(LEARNING_RATE));

/// How one without learns.
pub const FIXED_TUNER: FineTuner<FixedRate> = FineTuner::new(SCHEDULE, FixedRate::new(LEARNING_RATE));

/// Below this probability an answer is `unknown`.
pub const READOUT: Readout = Readout::new().with_threshold(0.6);

/// One that knows nothing yet. It is large: for a static.
pub const fn float_learner() -> FloatLearner {
    learner::float(LinearHead::new(), READOUT)
}

/// The same for a core without an FPU.
pub const fn fixed_learner() -> FixedLearner {
    learner::fixed(READOUT)
}
