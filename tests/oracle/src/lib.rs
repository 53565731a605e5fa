//! What tests share: the method in f64, the table of tolerances, errors in ulps, the lengths of tests, a serial line. It uses nothing of
//! the core, so that the reference owes it nothing.

pub mod lengths;
pub mod line;
mod reference;
pub mod tolerances;
pub mod ulps;

pub use reference::*;
