//! The examples of the READMEs, compiled and run. The system tests are in `tests/tests`.

/// The project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The core's README.
#[cfg(doctest)]
#[doc = include_str!("../../core/README.md")]
struct CoreReadme;
