//! A device that senses, learns and remembers: gestures of the hand, by an accelerometer, two buttons and a display.
//!
//! An interrupt samples the accelerometer at [`sampling::RATE`] into a lock-free queue ([`sampling`]); all else is the main loop
//! ([`App`]): a window of samples becomes features ([`features`]) in fixed units ([`units`]), the head infers four times a window, the
//! display shows its answer ([`display`]), the buttons ([`button`]) teach it, correct it and save it ([`control`] has the state machine).
//!
//! The device knows no gesture when it is new. Make one, and tap the label button during it: once for gesture 1, twice for
//! gesture 2, and so on; one tap more than there are gestures makes a new one, up to [`GESTURES`]. The last window before the first tap is
//! learned. One to three windows of each are enough ([`learner()`]). Teach it rest as one of them.

pub mod app;
pub mod button;
pub mod control;
pub mod display;
pub mod event;
pub mod features;
mod learner;
pub mod sampling;
pub mod units;

pub use app::{App, Buffer, Parts, SAVED_BYTES};
pub use event::{Event, Fault, FlashFault};
pub use learner::{Head, LDA, Learner, learn, learner, remove, take_back};

/// The gestures that there is room for.
pub const GESTURES: usize = 8;

/// The parameters of the linear head that a host reads.
pub const PARAMETERS: usize = gradient_decay::LinearHead::<GESTURES, { features::FEATURES }>::PARAMETERS;
