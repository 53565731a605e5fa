//! Progress of work that takes minutes, and the way to stop it.

use anyhow::Result;

/// An onlooker of simulations, called from several threads.
pub trait Watch: Sync {
    /// So many runs of a learner on a course will be made.
    fn expect(&self, runs: u64);

    /// One more run is done.
    fn done(&self);

    /// Called before each course is made and each run.
    ///
    /// # Errors
    /// To stop the work: this is then its error.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Nobody looks on.
impl Watch for () {
    fn expect(&self, _: u64) {}
    fn done(&self) {}
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Counts runs, and stops the work before one.
    pub struct Counter {
        expected: AtomicU64,
        done: AtomicU64,
        most: u64,
    }

    impl Counter {
        /// Stops the work behind so many runs.
        pub fn until(most: u64) -> Self {
            Counter { expected: AtomicU64::new(0), done: AtomicU64::new(0), most }
        }

        /// The runs that were expected, and those that were made.
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
