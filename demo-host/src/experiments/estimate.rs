//! An estimate of how long an experiment takes on this machine.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::HumanDuration;

use super::Plan;
use crate::compute::Compute;
use crate::training::{History, Run, Settings};

/// The number of steps that are timed, after one that is not.
const STEPS: usize = 8;

/// The images whose evaluation is timed.
const IMAGES: usize = 500;

/// Times a few steps for each data set, model and batch size of a plan, one run at a time with all cores, and returns a text with the total time.
///
/// # Errors
/// If a data set is not there, or a model cannot be trained.
pub fn estimate(plan: &Plan, data_dir: Option<PathBuf>, device: Compute) -> Result<String> {
    let mut text = format!("{}: {} runs\n", plan.name, plan.runs.len());
    let kind = |settings: &Settings| (settings.dataset, settings.model, settings.batch_size, settings.augment);
    let mut kinds: Vec<&Settings> = Vec::new();
    for settings in &plan.runs {
        if !kinds.iter().any(|seen| kind(seen) == kind(settings)) {
            kinds.push(settings);
        }
    }
    let mut all = Duration::ZERO;
    for settings in kinds {
        let epoch = epoch(settings, data_dir.clone(), device)?;
        let same = || plan.runs.iter().filter(|run| kind(run) == kind(settings));
        let total = epoch * same().map(|run| run.epochs).sum::<u32>();
        all += total;
        let (dataset, model, runs) = (settings.dataset.label(), settings.model.label(), same().count());
        let _ = writeln!(
            text,
            "{dataset}, {model}, batches of {}: {:.0} s an epoch, {} for {runs} runs",
            settings.batch_size,
            epoch.as_secs_f32(),
            HumanDuration(total)
        );
    }
    let _ = writeln!(text, "in all about {}, from {STEPS} steps of each; nothing was written", HumanDuration(all));
    Ok(text)
}

/// The duration of an epoch, including its measurements.
fn epoch(settings: &Settings, data_dir: Option<PathBuf>, device: Compute) -> Result<Duration> {
    let data = settings.dataset.load(data_dir)?.hold_out(settings.held_out)?;
    let mut run = Run::new(settings.clone(), &device.device()?)?;
    let (stop, mut done, mut first) = (AtomicBool::new(false), 0, None);
    let steps = run.history.steps_per_epoch(&data);
    run.epoch(&data, &stop, || {
        first.get_or_insert_with(Instant::now);
        done += 1;
        if done > STEPS {
            stop.store(true, Ordering::Relaxed);
        }
    })?;
    let Some(first) = first.filter(|_| done > 1) else { bail!("an epoch of {steps} steps is too short to be timed") };
    let step = first.elapsed() / (done as u32 - 1);
    let images = data.test.first(IMAGES);
    let start = Instant::now();
    run.outputs(&images);
    let image = start.elapsed() / images.len() as u32;
    let measured = data.test.len() + History::MEASURED_TRAINING_IMAGES.min(data.train.len());
    Ok(step * steps as u32 + image * measured as u32)
}
