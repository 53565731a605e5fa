//! The progress of work that takes minutes, and a way to stop it.

use anyhow::Result;

/// An observer of simulations, called from several threads.
pub trait Watch: Sync {
    /// Called when so many more runs of a learner on a course are expected.
    fn expect(&self, runs: u64);

    /// Called when one more run is done.
    fn done(&self);

    /// Called before each course is made and each run.
    ///
    /// # Errors
    /// An error stops the work, which then returns it.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// No observer.
impl Watch for () {
    fn expect(&self, _: u64) {}
    fn done(&self) {}
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Counts runs, and stops the work before a given one.
    pub struct Counter {
        expected: AtomicU64,
        done: AtomicU64,
        most: u64,
    }

    impl Counter {
        /// Stops the work after so many runs.
        pub fn until(most: u64) -> Self {
            Counter { expected: AtomicU64::new(0), done: AtomicU64::new(0), most }
        }

        /// The number of runs expected, and of runs done.
        pub fn counts(self) -> (u64, u64) {
            (self.expected.into_inner(), self.done.into_inner())
        }
    }

    impl Watch for Counter {
        fn expect(&self, runs: u64) {
            self.expected.fetch_add(runs, Ordering::Relaxed);
        }

        fn done(&self) {
            self.done.fetch_add(1, Ordering::Relaxed);
        }

        fn check(&self) -> Result<()> {
            anyhow::ensure!(self.done.load(Ordering::Relaxed) < self.most, "stopped");
            Ok(())
        }
    }
}
