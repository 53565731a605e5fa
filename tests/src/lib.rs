//! What the system tests share: the f64 oracle and the table of tolerances. It does not depend on the core, so that the
//! oracle owes it nothing.

pub mod oracle;
pub mod tolerances;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
