//! Shared by the tests: the method and the training of networks in f64, the table of tolerances, the chi-square test, errors in ulps, the
//! lengths of tests, a serial line. It uses nothing of the core, so that the reference is independent of it.

pub mod chi_square;
pub mod discriminant;
pub mod lengths;
pub mod line;
pub mod network;
mod reference;
pub mod tolerances;
pub mod ulps;

pub use reference::*;
