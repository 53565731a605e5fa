//! PyTorch as the one that trains: a Python of the user's, which has a GPU where burn may have none, takes the steps that burn would take.
//! This program draws the first parameters, the order of the images and their crops, sets learning rate and beta, and measures, all as for
//! a run by burn; `worker.py` computes the steps and the outputs.

mod folder;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use gradient_decay::GradientDecay;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use crate::data::Parts;
use crate::experiments::Trained;
use crate::training::{Diverged, EpochOutputs, History, Settings};
use folder::Folder;

/// The networks in Python, which define `build(name, shape, classes)`.
pub const MODELS: &str = include_str!("models.py");

const WORKER: &str = include_str!("worker.py");

/// The time between two looks at whether the user asks to stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// A Python that trains several runs side by side.
pub struct Worker {
    /// The version of PyTorch and its device.
    pub description: String,
    process: Mutex<Child>,
    input: Mutex<ChildStdin>,
    waiting: Mutex<HashMap<usize, Sender<Epoch>>>,
    runs: AtomicUsize,
    folder: TempDir,
    data: Mutex<Vec<(Settings, PathBuf)>>,
}

/// The first line of the worker.
#[derive(Deserialize)]
struct Greeting {
    torch: String,
}

/// An epoch that the worker has trained; its outputs are in the folder of the run.
#[derive(Deserialize)]
struct Epoch {
    run: usize,
    epoch: usize,
    /// None if it is not a number.
    loss: Option<f32>,
    seconds: f32,
}

/// A run that a worker has trained.
pub struct Finished {
    /// Its measurements.
    pub history: History,
    /// The outputs of the trained model.
    pub trained: Trained,
}

impl Worker {
    /// Starts a Python, and returns the lines that it will write, which [`listen`](Self::listen) takes.
    ///
    /// # Errors
    /// If it cannot be started, or has no PyTorch.
    pub fn start(python: &str) -> Result<(Self, impl BufRead + Send + use<>)> {
        let folder = TempDir::new().context("a temporary folder is needed for what PyTorch is given")?;
        let script = folder.path().join("worker.py");
        std::fs::write(&script, [MODELS, WORKER].concat())
            .with_context(|| format!("cannot write {}", script.display()))?;
        let mut process = Command::new(python)
            .arg(&script)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {python}: name a Python that has PyTorch by --python"))?;
        let input = process.stdin.take().context("Python cannot be given its runs")?;
        let output: ChildStdout = process.stdout.take().context("the output of Python cannot be read")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Ok(greeting) = serde_json::from_str::<Greeting>(&line) else {
            bail!("{python} has no PyTorch that can train: name a Python that has by --python");
        };
        let worker = Worker {
            description: greeting.torch,
            process: Mutex::new(process),
            input: Mutex::new(input),
            waiting: Mutex::default(),
            runs: AtomicUsize::new(0),
            folder,
            data: Mutex::default(),
        };
        Ok((worker, output))
    }

    /// Gives each epoch to the run that waits for it, until the worker ends.
    pub fn listen(&self, output: impl BufRead) {
        for line in output.lines() {
            let Some(epoch) = line.ok().and_then(|line| serde_json::from_str::<Epoch>(&line).ok()) else { break };
            if let Some(run) = lock(&self.waiting).get(&epoch.run) {
                // A run that was dropped waits no longer.
                let _ = run.send(epoch);
            }
        }
        // Whoever still waits is told that nothing will come.
        lock(&self.waiting).clear();
    }

    /// Ends the worker, whether its runs are done or not.
    pub fn end(&self) {
        let mut process = lock(&self.process);
        // It may have ended by itself.
        let _ = process.kill();
        let _ = process.wait();
    }

    /// Trains a run to its end, calling `progress` after each epoch; none if it was stopped.
    ///
    /// # Errors
    /// [`Diverged`] if training has diverged; or if the worker fails, whose own message then stands on the standard error.
    pub fn train(
        &self,
        settings: Settings,
        data: &Parts,
        stop: &AtomicBool,
        progress: impl FnMut(),
    ) -> Result<Option<Finished>> {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let folder = Folder::new(self.folder.path().join(number.to_string()))?;
        let (sender, epochs) = channel();
        lock(&self.waiting).insert(number, sender);
        let finished = self.follow(number, settings, data, &folder, &epochs, stop, progress);
        lock(&self.waiting).remove(&number);
        if matches!(finished, Ok(Some(_))) {
            folder.remove()?;
        } else {
            // The folder stays: the worker, unless it has ended, may be writing into it.
            let _ = self.say(&json!({ "drop": number }));
        }
        finished
    }

    #[expect(clippy::too_many_arguments, reason = "the other half of `train`")]
    fn follow(
        &self,
        number: usize,
        settings: Settings,
        data: &Parts,
        folder: &Folder,
        epochs: &Receiver<Epoch>,
        stop: &AtomicBool,
        mut progress: impl FnMut(),
    ) -> Result<Option<Finished>> {
        let mut history = History::new(settings);
        let steps = history.steps_per_epoch(data);
        folder.write(&history, data, &self.data_folder(&history.settings, data)?)?;
        self.say(&json!({ "run": number }))?;
        loop {
            let epoch = match epochs.recv_timeout(PATIENCE) {
                Ok(epoch) => epoch,
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) if stop.load(Ordering::Relaxed) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("PyTorch has ended before the run was done: see its message")
                }
            };
            ensure!(epoch.epoch == history.epochs.len(), "PyTorch has left out an epoch");
            let last: GradientDecay = history.schedule(steps)?.at(((epoch.epoch + 1) * steps - 1) as u32);
            let outputs = folder.outputs(&history, epoch.epoch, data)?;
            history.record(data, &outputs, epoch.loss.context(Diverged)?, last.beta(), epoch.seconds)?;
            progress();
            if history.is_done() {
                let EpochOutputs { test, held_out, .. } = outputs;
                return Ok(Some(Finished { history, trained: Trained { test, held_out } }));
            }
            if history.is_adaptive() {
                let next: GradientDecay = history.schedule(steps)?.at(0);
                self.say(&json!({ "run": number, "ln_beta": next.ln_beta() }))?;
            }
        }
    }

    /// The folder of a data set, which is written when its first run begins.
    fn data_folder(&self, settings: &Settings, data: &Parts) -> Result<PathBuf> {
        let mut written = lock(&self.data);
        let same = |seen: &Settings| (seen.dataset, seen.held_out) == (settings.dataset, settings.held_out);
        if let Some((_, path)) = written.iter().find(|(seen, _)| same(seen)) {
            return Ok(path.clone());
        }
        let path = self.folder.path().join(format!("data-{}", written.len()));
        folder::write_data(&path, data)?;
        written.push((settings.clone(), path.clone()));
        Ok(path)
    }

    fn say(&self, message: &serde_json::Value) -> Result<()> {
        writeln!(lock(&self.input), "{message}").context("PyTorch has ended: see its message")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
