//! Devices that learn from a stream of labelled samples, simulated on the host.
//!
//! A [task](tasks) provides the samples of users and the knowledge of the host, a [scenario](scenarios) makes courses of them, and [`adaptation`]
//! runs every learner on the same courses: [ours](ours()), from the core, and [`rivals`]. [`tuning`] chooses among ours within a budget.

pub mod adaptation;
pub mod learner;
pub mod on_device;
mod ours;
pub mod remembered;
pub mod rivals;
pub mod samples;
pub mod scenarios;
pub mod statistics;
#[cfg(test)]
mod synthetic;
pub mod tasks;
pub mod tuning;
pub mod unknown;
mod watch;

pub use ours::{NAMES, defaults, device_settings, followers, novelty, ours, ours_with, residuals};
pub use watch::Watch;
