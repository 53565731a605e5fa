//! Long work beside the interpreter: other threads of Python go on, an interrupt stops the work, and a callable is told its progress.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use pyo3::prelude::*;
use simulation::Watch;

use crate::arguments::refused_sentence;

/// The time between two checks of the work's progress.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Onlooker {
    expected: AtomicU64,
    done: AtomicU64,
    is_stopped: AtomicBool,
    has_ended: AtomicBool,
}

impl Watch for Onlooker {
    fn expect(&self, runs: u64) {
        self.expected.store(runs, Ordering::Relaxed);
    }

    fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.is_stopped.load(Ordering::Relaxed), "it was stopped");
        Ok(())
    }
}

/// Does work in another thread, and meanwhile calls `progress(done, expected)` in this one. Any exception that it raises, such as
/// `KeyboardInterrupt`, stops the work.
pub fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<Bound<'_, PyAny>>,
    work: impl FnOnce(&dyn Watch) -> Result<T> + Send,
) -> PyResult<T> {
    let (onlooker, caller) = (Onlooker::default(), thread::current());
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let found = work(&onlooker);
            onlooker.has_ended.store(true, Ordering::Release);
            caller.unpark();
            found
        });
        let mut told = (0, 0);
        let mut look = || -> PyResult<()> {
            py.check_signals()?;
            let now = (onlooker.done.load(Ordering::Relaxed), onlooker.expected.load(Ordering::Relaxed));
            if let Some(progress) = progress.as_ref().filter(|_| now.1 > 0 && now != told) {
                told = now;
                progress.call1(now)?;
            }
            Ok(())
        };
        let mut raised = Ok(());
        while raised.is_ok() && !onlooker.has_ended.load(Ordering::Acquire) && !worker.is_finished() {
            py.detach(|| thread::park_timeout(PAUSE));
            raised = look();
        }
        if raised.is_err() {
            onlooker.is_stopped.store(true, Ordering::Relaxed);
        }
        let found = py.detach(|| worker.join());
        raised?;
        look()?;
        found.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(refused_sentence)
    })
}
