//! The tasks that devices learn: features, users, and the knowledge of the host. [`own`] is that of a table of features.
//!
//! **Units.** A head that the host trained keeps the units that it was trained in. From nothing, mean and deviation of each feature are those
//! of the first 16 samples of the stream ([`Task::units`]), whose labels play no part: the core's `Standardizer` on a device. All learners get the same.

pub mod own;

use std::sync::Arc;

use super::samples::{Base, Samples};
use super::scenarios::Scenario;

/// The reason for which samples are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To choose the settings of rivals that are tested with the users of this fold: other users, or other recordings.
    Tune {
        /// The fold, below [`Task::folds`].
        fold: usize,
    },
    /// To test.
    Test,
}

/// A user: samples that a device may learn from, in any order, and samples that it is measured on.
#[derive(Clone, Debug)]
pub struct User {
    /// To learn from.
    pub stream: Samples,
    /// To measure on: of other executions or recordings than the stream.
    pub test: Samples,
}

/// The knowledge of the host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Training set and head, in the units of the head.
    pub base: Arc<Base>,
    /// Mean and deviation of each feature that these units come from; `None`: features are used as they are.
    pub units: Option<(Vec<f32>, Vec<f32>)>,
}

/// Everything from which a course is made.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The number of classes.
    pub classes: usize,
    /// The user, and another one who may take over.
    pub users: [User; 2],
    /// The knowledge of the host; `None` if there is none.
    pub host: Option<Host>,
}

/// The units of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// As they are.
    Raw,
    /// From nothing those of so many first samples; else those of the host.
    First(usize),
}

/// A task.
pub trait Task: Sync {
    /// Its name in tables, plots and files.
    fn name(&self) -> &str;

    /// The number of classes, and of features.
    fn shape(&self) -> (usize, usize);

    /// The parts that users fall into: rivals are tuned for each on the users of the others.
    fn folds(&self) -> usize;

    /// The fold of the user who is tested with this seed.
    fn fold(&self, seed: u64) -> usize;

    /// The units that learners get features in.
    fn units(&self) -> Units {
        Units::First(16)
    }

    /// The reason for which there is no course of a scenario; `None` if there is none that is known beforehand.
    fn lacks(&self, _: Scenario) -> Option<String> {
        None
    }

    /// The samples of a seed. If the second user plays a part (`two`), the host knows neither of the users, else it may know the second.
    fn pool(&self, purpose: Purpose, seed: u64, two: bool) -> Pool;
}
