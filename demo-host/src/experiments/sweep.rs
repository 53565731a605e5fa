//! Trains the runs of a plan that have no result yet, several side by side.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use indicatif::{HumanDuration, MultiProgress, ProgressBar};
use sha2::{Digest, Sha256};

use super::{Plan, Results, Row, Shard, Trained, Versions};
use crate::compute::Compute;
use crate::data::{Dataset, DatasetName, Parts};
use crate::progress::progress_bar;
use crate::torch::{Finished, Worker};
use crate::training::{Checkpoint, Diverged, Outcome, Run, Settings};

/// The runs to train, and where their results go.
pub struct Sweep {
    /// The plan.
    pub plan: Plan,
    /// The part of the plan to train.
    pub shard: Shard,
    /// The file of results.
    pub results: PathBuf,
    /// The folder that holds the data set, if the experiment has only one data set.
    pub data_dir: Option<PathBuf>,
    /// The device.
    pub device: Compute,
    /// The Python that trains, where the device is PyTorch.
    pub python: String,
    /// Runs side by side, which share the cores evenly.
    pub jobs: usize,
}

/// The data that the jobs share.
struct Shared<'a> {
    sweep: &'a Sweep,
    torch: Option<&'a Worker>,
    waiting: Mutex<std::vec::IntoIter<Settings>>,
    data: Vec<(DatasetName, Dataset)>,
    results: Mutex<Results>,
    checkpoints: PathBuf,
    stop: &'a AtomicBool,
    /// The message of each run that diverged.
    diverged: Mutex<Vec<String>>,
    bars: MultiProgress,
    all: ProgressBar,
}

/// Trains every run that has no result yet. Returns whether all are done; `false` after `stop`.
///
/// # Errors
/// If a file cannot be read or written. The results of finished runs and the checkpoints of unfinished ones are kept. A run that
/// diverges is left out, and named in an error when all others are done.
pub fn sweep(sweep: &Sweep, stop: &AtomicBool) -> Result<bool> {
    let datasets: std::collections::BTreeSet<_> = sweep.plan.runs.iter().map(|run| run.dataset).collect();
    ensure!(
        sweep.data_dir.is_none() || datasets.len() == 1,
        "--data-dir names one folder, but the experiment has {} data sets: set GRADIENT_DECAY_DATA to the folder that \
         holds them all",
        datasets.len()
    );
    let wanted = sweep.shard.of(sweep.plan.runs.clone());
    let without_result = |rows: &[Row]| -> Vec<Settings> {
        wanted.iter().filter(|settings| !rows.iter().any(|row| row.settings == **settings)).cloned().collect()
    };
    // Missing data is reported before anything is written.
    let seen = if sweep.results.exists() { Results::read(&sweep.results)? } else { Vec::new() };
    let mut data = Vec::new();
    for settings in without_result(&seen) {
        if !data.iter().any(|(name, _)| *name == settings.dataset) {
            data.push((settings.dataset, settings.dataset.load(sweep.data_dir.clone())?));
        }
    }
    let torch = match sweep.device {
        Compute::Torch => Some(Worker::start(&sweep.python)?),
        device => device.device().map(|_| None)?,
    };
    let (torch, said) = torch.unzip();
    let torch = torch.as_ref();
    let (results, rows) = Results::open(&sweep.results)?;
    let waiting = without_result(&rows);
    println!(
        "{}: {} of {} runs to train, {} side by side; results go to {}",
        sweep.plan.name,
        waiting.len(),
        wanted.len(),
        sweep.jobs,
        sweep.results.display()
    );
    if waiting.is_empty() {
        return Ok(true);
    }
    let checkpoints = sweep.results.with_extension("checkpoints");
    std::fs::create_dir_all(&checkpoints).with_context(|| format!("cannot write {}", checkpoints.display()))?;

    let bars = MultiProgress::new();
    let epochs = waiting.iter().map(|settings| u64::from(settings.epochs)).sum();
    let all = bars.add(progress_bar(epochs, "all epochs"));
    let shared = Shared {
        sweep,
        torch,
        waiting: Mutex::new(waiting.into_iter()),
        data,
        results: Mutex::new(results),
        checkpoints: checkpoints.clone(),
        stop,
        diverged: Mutex::new(Vec::new()),
        bars,
        all,
    };
    // Each job computes on threads of its own.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores / sweep.jobs.max(1)).max(1);
    let job = || -> Result<Outcome> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("no thread can be started")?;
        pool.install(|| shared.job())
    };
    let outcome = thread::scope(|scope| {
        let listener = torch.zip(said).map(|(worker, said)| scope.spawn(move || worker.listen(said)));
        let jobs: Vec<_> = (0..sweep.jobs.max(1)).map(|_| scope.spawn(job)).collect();
        // Waits for all; the first failure is reported.
        let outcomes: Vec<Result<Outcome>> =
            jobs.into_iter().map(|job| job.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a run panicked")))).collect();
        if let Some(worker) = torch {
            worker.end();
        }
        drop(listener);
        outcomes.into_iter().collect::<Result<Vec<Outcome>>>()
    });
    shared.all.finish_and_clear();
    // The folder is empty when all runs are done; otherwise the next sweep continues from it.
    let _ = std::fs::remove_dir(&checkpoints);
    let done = outcome?.iter().all(|outcome| *outcome == Outcome::Done);
    let diverged = lock(&shared.diverged);
    // A stopped sweep reports diverged runs when it is continued.
    ensure!(!done || diverged.is_empty(), "{} of the runs have no result: {}", diverged.len(), diverged.join("; "));
    Ok(done)
}

impl Shared<'_> {
    /// Trains one run after the other until none is left.
    fn job(&self) -> Result<Outcome> {
        loop {
            let Some(settings) = lock(&self.waiting).next() else { return Ok(Outcome::Done) };
            let outcome = self.train(settings);
            if let Some(error) = outcome.as_ref().err().filter(|error| error.is::<Diverged>()) {
                self.bars.suspend(|| println!("{error:#}"));
                lock(&self.diverged).push(format!("{error:#}"));
                continue;
            }
            if !matches!(outcome, Ok(Outcome::Done)) {
                // After an error, the other jobs begin no further runs.
                lock(&self.waiting).by_ref().for_each(drop);
                return outcome;
            }
        }
    }

    fn train(&self, settings: Settings) -> Result<Outcome> {
        let name = settings.describe();
        let start = Instant::now();
        let data = self.dataset(settings.dataset)?.hold_out(settings.held_out)?;
        let row = match self.torch {
            Some(worker) => self.train_by_torch(worker, settings, &data)?,
            None => self.train_by_burn(settings, &data)?,
        };
        let Some(row) = row else { return Ok(Outcome::Interrupted) };
        lock(&self.results).append(&row)?;
        let path = self.checkpoints.join(file_name(&row.settings)?);
        if path.exists() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        // Without a terminal, this line is the progress display.
        let line = format!(
            "{name}: test {:.2} %, ECE {:.2} %, {:.0} s; {} of {} epochs, {} left",
            100.0 * row.test.softmax.metrics.accuracy,
            100.0 * row.test.softmax.metrics.ece,
            start.elapsed().as_secs_f32(),
            self.all.position(),
            self.all.length().unwrap_or(0),
            HumanDuration(self.all.eta())
        );
        self.bars.suspend(|| println!("{line}"));
        // A finished run is a result, even if a stop was requested meanwhile.
        Ok(if self.stop.load(Ordering::Relaxed) { Outcome::Interrupted } else { Outcome::Done })
    }

    /// Trains a run, from its checkpoint if it has one, with a checkpoint after each epoch. None if it was stopped.
    fn train_by_burn(&self, settings: Settings, data: &Parts) -> Result<Option<Row>> {
        let name = settings.describe();
        let path = self.checkpoints.join(file_name(&settings)?);
        let device = self.sweep.device.device()?;
        let mut run = match resumable(&path, &settings) {
            Some(checkpoint) => Run::resume(checkpoint, &device)?,
            None => Run::new(settings, &device)?,
        };
        self.all.inc(run.history.epochs.len() as u64);
        while !run.history.is_done() {
            let label = format!("{name}, epoch {}", run.history.epochs.len() + 1);
            let steps = run.history.steps_per_epoch(data) as u64;
            let bar = self.bars.insert_before(&self.all, progress_bar(steps, &label));
            let outcome = run.epoch(data, self.stop, || bar.inc(1)).with_context(|| name.clone())?;
            bar.finish_and_clear();
            if outcome == Outcome::Interrupted {
                return Ok(None);
            }
            self.all.inc(1);
            run.checkpoint()?.save(&path)?;
        }
        let held_out = (!data.validation.is_empty()).then(|| run.outputs(&data.validation));
        let trained = Trained { test: run.outputs(&data.test), held_out };
        let versions = Versions::of_this_program();
        Row::measure(&self.sweep.plan.name, &run.history, &trained, data, self.sweep.device, versions)
            .with_context(|| name.clone())
            .map(Some)
    }

    /// Lets PyTorch train a run. None if it was stopped, and it will then begin anew.
    fn train_by_torch(&self, worker: &Worker, settings: Settings, data: &Parts) -> Result<Option<Row>> {
        let name = settings.describe();
        let finished = worker.train(settings, data, self.stop, || self.all.inc(1)).with_context(|| name.clone())?;
        let Some(Finished { history, trained }) = finished else { return Ok(None) };
        let versions = Versions { torch: Some(worker.description.clone()), ..Versions::of_this_program() };
        Row::measure(&self.sweep.plan.name, &history, &trained, data, self.sweep.device, versions)
            .with_context(|| name.clone())
            .map(Some)
    }

    /// A data set, read once for all jobs.
    fn dataset(&self, name: DatasetName) -> Result<Dataset> {
        let data = self.data.iter().find(|(loaded, _)| *loaded == name).map(|(_, data)| data.clone());
        data.with_context(|| format!("{} was not read", name.label()))
    }
}

/// The checkpoint of a run that was begun; `None` if it is damaged, and the run is trained from the start.
fn resumable(path: &Path, settings: &Settings) -> Option<Checkpoint> {
    if !path.exists() {
        return None;
    }
    Checkpoint::load(path).ok().filter(|checkpoint| checkpoint.settings == *settings)
}

/// A name for the checkpoint of a run, from its settings.
fn file_name(settings: &Settings) -> Result<String> {
    let json = serde_json::to_vec(settings).context("the settings cannot be encoded")?;
    let digest: String = Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{}-{digest}.checkpoint", settings.dataset.label(), settings.model.label()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
