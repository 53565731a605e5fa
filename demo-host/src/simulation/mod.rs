//! A device as it is used: labelled samples from a shifted distribution arrive one by one, its learners take them, and a class that it
//! does not know joins. The story runs all of it on the digits.
//!
//! `adapt` asks more: a [task](tasks) gives samples of users and what the host knows, a [scenario](scenarios) makes a course of them,
//! [`adaptation`] runs every learner on the same courses: [ours](ours()), which are the core's, and [`rivals`].

pub mod adaptation;
pub mod device;
pub mod learner;
pub mod newcomer;
mod ours;
pub mod record;
pub mod rivals;
pub mod samples;
pub mod scenarios;
pub mod statistics;
pub mod story;
#[cfg(test)]
mod synthetic;
pub mod tasks;
pub mod unknown;

pub use ours::{followers, novelty, ours, residuals};
