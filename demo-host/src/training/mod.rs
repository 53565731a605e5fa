//! Training of a whole model: the small MLP by the core's own steps, any model by burn. Both share settings, losses and records.

mod adaptive;
#[cfg(feature = "burn")]
mod batch_loss;
#[cfg(feature = "burn")]
mod batches;
#[cfg(feature = "burn")]
mod checkpoint;
#[cfg(feature = "burn")]
mod clip;
mod core_run;
#[cfg(feature = "burn")]
mod history;
mod loss;
mod record;
#[cfg(feature = "burn")]
mod run;
mod settings;

pub use adaptive::AdaptiveBeta;
#[cfg(feature = "burn")]
pub use batch_loss::{batch_loss, gradient_decay_loss};
#[cfg(feature = "burn")]
pub use batches::{PADDING, draw};
#[cfg(feature = "burn")]
pub use checkpoint::Checkpoint;
pub use core_run::CoreRun;
#[cfg(feature = "burn")]
pub use history::{EpochOutputs, History};
pub use loss::{Loss, WarmUp, WarmUpShape};
pub use record::{Diverged, EpochRecord};
#[cfg(feature = "burn")]
pub use run::{Outcome, Run, initial_model};
pub use settings::Settings;
