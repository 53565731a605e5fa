//! The examples of the READMEs, compiled and run. The system tests are in `tests/tests`.

/// The digits.
#[path = "../../demo-host/src/data/digits/source.rs"]
pub mod digits;

/// The project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The core's README.
#[cfg(doctest)]
#[doc = include_str!("../../core/README.md")]
struct CoreReadme;
