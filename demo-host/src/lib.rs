//! Trains full models with gradient decay, checks the core against them, exports heads and reports.

pub mod benchmark;
pub mod calibrators;
pub mod cli;
pub mod compute;
pub mod data;
pub mod device;
pub mod evaluation;
pub mod experiments;
pub mod export;
pub mod files;
pub mod link;
pub mod measures;
pub mod models;
pub mod newcomer;
pub mod progress;
pub mod report;
pub mod simulation;
pub mod story;
pub mod training;
pub mod verification;
