//! Experiments: a file says what is trained, `sweep` trains it, and each finished run is a line of a file of results.

mod merge;
mod plan;
mod results;
mod row;
mod shard;
mod sweep;

pub use merge::{check_complete, merge};
pub use plan::Plan;
pub use results::Results;
pub use row::{Calibrated, Calibrator, Row, Versions};
pub use shard::Shard;
pub use sweep::{Sweep, sweep};
