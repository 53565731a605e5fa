//! The digits demonstration: a head that learns shifted digits, sample by sample.
//!
//! The model is the 64-64-10 network that `demo-host` trains on the 8x8 digits: its hidden layer is frozen in flash,
//! its head is in RAM and learns.

mod device;
mod model;
mod practice;
mod session;

pub use device::{Device, Error};
pub use model::{CLASSES, FEATURES, HIDDEN, Head, Hidden, PIXELS, Sample, extract, trained_head, trained_learner};
pub use practice::{Practice, PracticeReport};
pub use session::{Report, TUNER, run};
