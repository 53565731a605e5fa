//! Training of a whole model with burn: the loss, the run, its checkpoints.

mod checkpoint;
mod loss;
mod run;
mod settings;

pub use checkpoint::Checkpoint;
pub use loss::gradient_decay_loss;
pub use run::{EpochRecord, Interrupted, Run};
pub use settings::{Settings, WarmUp, WarmUpShape};
