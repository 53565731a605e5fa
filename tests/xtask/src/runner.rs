//! Several checks in parallel, as many as there are processors; each is another process of this program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::FULL_LENGTHS;
use crate::checks::{Check, Options, Place};
use crate::shell::root;

/// The lines of a failed check's output that are shown.
const SHOWN: usize = 60;

/// The checks left to do, and the places that are taken.
struct Queue<'a> {
    checks: Vec<&'a Check>,
    taken: Vec<Place>,
}

/// The result of a check.
struct Outcome<'a> {
    check: &'a Check,
    passed: bool,
    wall: Duration,
    /// The processor time, including that of child processes.
    processor: Duration,
}

/// Runs them all, whether or not some fail; shows how long each took.
pub fn run(checks: &[&Check], options: Options) -> Result<()> {
    let begun = Instant::now();
    // Taken now, since the program may be rebuilt later.
    let program = std::env::current_exe().context("this program has no path")?;
    let queue = Mutex::new(Queue { checks: checks.to_vec(), taken: Vec::new() });
    let (freed, outcomes) = (Condvar::new(), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some(check) = next(&queue, &freed) {
                let outcome = run_one(&program, check, options);
                queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .taken
                    .retain(|place| !check.places.contains(place));
                freed.notify_all();
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome?);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    summary(&outcomes.into_inner().unwrap_or_else(PoisonError::into_inner), begun.elapsed())
}

/// The next check whose places are free; waits for one. `None` when none is left.
fn next<'a>(queue: &Mutex<Queue<'a>>, freed: &Condvar) -> Option<&'a Check> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if queue.checks.is_empty() {
            return None;
        }
        let free = queue.checks.iter().position(|check| !check.places.iter().any(|place| queue.taken.contains(place)));
        if let Some(index) = free {
            let check = queue.checks.remove(index);
            queue.taken.extend(check.places);
            return Some(check);
        }
        queue = freed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

fn run_one<'a>(program: &Path, check: &'a Check, options: Options) -> Result<Outcome<'a>> {
    let log = log(check);
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(program);
    command.args([check.name, "--ready"]).stdout(file.try_clone().context("cannot share a file")?).stderr(file);
    if options.full {
        command.arg("--full").env(FULL_LENGTHS, "1");
    }
    if options.offline {
        command.arg("--offline");
    }
    println!("       {}", check.name);
    let begun = Instant::now();
    let child = command.spawn().context("cannot run this program again")?;
    let end = child.wait4().context("a check was lost")?;
    let (wall, processor) = (begun.elapsed(), end.rusage.utime + end.rusage.stime);
    let outcome = Outcome { check, passed: end.status.success(), wall, processor };
    println!("{}", line(&outcome));
    if !outcome.passed {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        println!("{}", lines[lines.len().saturating_sub(SHOWN)..].join("\n"));
        println!("All of it is in {}. To run it alone: cargo xtask {}", log.display(), check.name);
    }
    Ok(outcome)
}

fn log(check: &Check) -> PathBuf {
    root().join("target").join("checks").join(check.name).with_extension("log")
}

fn line(outcome: &Outcome<'_>) -> String {
    let word = if outcome.passed { "ok" } else { "FAILED" };
    let [wall, processor] = [outcome.wall, outcome.processor].map(|time| time.as_secs_f64());
    format!("{word:7}{:16}{wall:7.1} s, {processor:7.1} s of processors", outcome.check.name)
}

/// The table at the end; fails if a check did.
fn summary(outcomes: &[Outcome<'_>], wall: Duration) -> Result<()> {
    println!("\nBy what they took of processors:");
    let mut sorted: Vec<_> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| std::cmp::Reverse(outcome.processor));
    sorted.iter().for_each(|outcome| println!("{}", line(outcome)));
    let processor: Duration = outcomes.iter().map(|outcome| outcome.processor).sum();
    println!("       {:16}{:7.1} s, {:7.1} s of processors", "all", wall.as_secs_f64(), processor.as_secs_f64());
    let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.check.name).collect();
    ensure!(failed.is_empty(), "failed: {}; to run it alone: cargo xtask {}", failed.join(", "), failed[0]);
    println!("All checks passed.");
    Ok(())
}
