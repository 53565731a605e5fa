//! The learning loop of a device, and its parts, each of which works with any head.

pub mod calibration;
pub mod guard;
pub mod learner;
mod moments;
pub mod novelty;
pub mod preprocess;
pub mod readout;
pub mod replay;
mod score;
mod slots;
pub mod standardize;
pub mod stored;
pub mod vote;
