//! Trains full models with gradient decay, checks the core against them, exports heads and reports.

pub mod data;
pub mod device;
pub mod evaluation;
pub mod files;
pub mod models;
pub mod training;
