//! Experiments: a file says what is trained, `sweep` trains it, and each finished run is a line of a file of results. Without the feature
//! `burn` results are read and reported, and none is trained.

#[cfg(feature = "burn")]
mod estimate;
#[cfg(feature = "burn")]
mod measure;
mod merge;
#[cfg(feature = "burn")]
mod plan;
mod results;
mod row;
#[cfg(feature = "burn")]
mod shard;
#[cfg(feature = "burn")]
mod sweep;

#[cfg(feature = "burn")]
pub use estimate::estimate;
#[cfg(feature = "burn")]
pub use measure::Trained;
pub use merge::merge;
#[cfg(feature = "burn")]
pub use plan::Plan;
pub use results::Results;
pub use row::{Calibrated, Calibrator, Row, Versions};
#[cfg(feature = "burn")]
pub use shard::Shard;
#[cfg(feature = "burn")]
pub use sweep::{Sweep, sweep};
