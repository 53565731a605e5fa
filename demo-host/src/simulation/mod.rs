//! A device as it is used: its learners take a stream of labelled samples, and are measured beside rivals.
//!
//! A [task](tasks) gives samples of users and what the host knows, a [scenario](scenarios) makes a course of them, [`adaptation`] runs every
//! learner on the same courses: [ours](ours()), which are the core's, and [`rivals`].

pub mod adaptation;
pub mod learner;
mod ours;
pub mod record;
pub mod rivals;
pub mod samples;
pub mod scenarios;
pub mod statistics;
#[cfg(test)]
mod synthetic;
pub mod tasks;
pub mod unknown;

pub use ours::ours;
