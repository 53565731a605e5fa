//! What the system tests share: the f64 oracle, the table of tolerances, errors in ulps, a serial line. It uses
//! nothing of the core, so that the oracle owes it nothing.
//!
//! The tests of this package build in seconds: those that need burn or another part of the host program stand beside
//! it, in `demo-host/tests`.

pub mod line;
pub mod oracle;
pub mod tolerances;
pub mod ulps;

/// The examples of the project's README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Those of the core's README.
#[cfg(doctest)]
#[doc = include_str!("../../core/README.md")]
struct CoreReadme;
