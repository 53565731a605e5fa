//! The loop of a device that learns, and its parts, each of which takes any head.

pub mod calibration;
pub mod guard;
pub mod learner;
pub mod novelty;
pub mod preprocess;
pub mod readout;
pub mod replay;
mod score;
mod slots;
pub mod standardize;
pub mod stored;
pub mod vote;
