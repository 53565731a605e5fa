//! Simulates devices on the digits, trains full models with gradient decay, checks the core against references, exports heads and
//! reports. Full models are behind the feature `burn`.

#[cfg(feature = "burn")]
pub mod benchmark;
pub mod cli;
pub mod compute;
pub mod data;
pub mod evaluation;
pub mod exchange;
pub mod experiments;
pub mod files;
pub mod link;
pub mod models;
pub mod progress;
pub mod report;
pub mod simulation;
pub mod training;
pub mod verification;
