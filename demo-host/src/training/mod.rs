//! Training of a whole model with burn: the loss, the run, its checkpoints.

mod batches;
mod checkpoint;
mod loss;
mod run;
mod settings;

pub use checkpoint::Checkpoint;
pub use loss::{Loss, WarmUp, WarmUpShape, batch_loss, gradient_decay_loss};
pub use run::{Diverged, EpochRecord, Outcome, Run};
pub use settings::Settings;
