//! The commands that need full models, and so burn.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use head_files::Head;

use super::settings::SettingsArgs;
use super::success_if;
use crate::compute::Compute;
use crate::exchange::Layer;
use crate::experiments::{Plan, Row, Shard, Sweep};
use crate::models::ModelName;
use crate::progress::progress_bar;
use crate::training::{Checkpoint, Outcome, Run};
use crate::{benchmark, exchange, experiments, files, verification};

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs side by side by PyTorch: enough that its device always has one to go on with.
const TORCH_JOBS: usize = 4;

/// The command that is asked for.
#[derive(Subcommand)]
pub enum FullModels {
    /// [burn] Train a model; a checkpoint is written after each epoch
    Train(TrainArgs),
    /// [burn] Compare core, burn and the f64 oracle on a trained model and all test images
    Verify {
        /// The checkpoint of the model
        #[arg(long)]
        checkpoint: PathBuf,
        /// The folder that holds the data set
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
    /// [burn] Train every run of an experiment that has no result yet, several side by side
    Sweep(SweepArgs),
    /// [burn] Compare the training throughput with candle, if this program has it, and PyTorch, if a Python has it
    Benchmark {
        /// The device that burn trains on
        #[arg(long, value_enum, default_value_t)]
        device: Compute,
        /// A Python that may have torch
        #[arg(long, default_value = "python3")]
        python: String,
        /// The number of measurements of each; the best counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only this model
        #[arg(long, value_enum)]
        model: Option<ModelName>,
        /// Only heads, one sample at a time: the core compared with burn and candle
        #[arg(long)]
        heads: bool,
    },
}

#[derive(Args)]
pub struct TrainArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The folder that holds the data set
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The file to write [default: DATASET-MODEL.checkpoint]
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// The device to train on
    #[arg(long, value_enum, default_value_t)]
    device: Compute,
    /// Continue from the checkpoint, with the settings that the run was begun with
    #[arg(long, requires = "checkpoint", conflicts_with = "SettingsArgs")]
    resume: bool,
}

#[derive(Args)]
pub struct SweepArgs {
    /// The TOML file of the experiment
    experiment: PathBuf,
    /// The file of results, which finished runs are appended to [default: the experiment's name with .jsonl, or with
    /// .shard-I-of-N.jsonl]
    #[arg(long)]
    results: Option<PathBuf>,
    /// The folder that holds the data set
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The device to train on
    #[arg(long, value_enum, default_value_t)]
    device: Compute,
    /// The Python that has PyTorch, for --device torch
    #[arg(long, default_value = "python3")]
    python: String,
    /// The number of runs side by side [default: the number of cores, with PyTorch 4]
    #[arg(long)]
    jobs: Option<usize>,
    /// Train a part of the experiment, I/N with I from 0 [default: the part given by a Slurm array or an indexed Job of Kubernetes,
    /// or all]
    #[arg(long)]
    shard: Option<Shard>,
    /// Train nothing: time a few steps on this machine, and estimate how long the whole experiment takes, one run at a time
    #[arg(long, conflicts_with_all = ["results", "jobs", "shard"])]
    dry_run: bool,
}

impl FullModels {
    /// Runs the command.
    ///
    /// # Errors
    /// A sentence that says what was wrong.
    pub fn run(self) -> Result<ExitCode> {
        match self {
            FullModels::Train(args) => train(args),
            FullModels::Verify { checkpoint, data_dir } => verify(&checkpoint, data_dir).map(success_if),
            FullModels::Sweep(args) => sweep(args),
            FullModels::Benchmark { rounds, heads: true, .. } => {
                benchmark::benchmark_heads(rounds).map(|()| ExitCode::SUCCESS)
            }
            FullModels::Benchmark { device, python, rounds, model, heads: false } => {
                benchmark::benchmark(device, &python, rounds, model).map(|()| ExitCode::SUCCESS)
            }
        }
    }
}

/// Refuses rows in which a run of one of the experiments is missing.
///
/// # Errors
/// If one is, or a plan cannot be read.
pub fn check_complete(rows: &[Row], experiments: &[PathBuf]) -> Result<()> {
    experiments.iter().try_for_each(|path| Plan::load(path)?.check_complete(rows))
}

fn train(args: TrainArgs) -> Result<ExitCode> {
    let device = args.device.device()?;
    let (mut run, path) = if args.resume {
        let path = args.checkpoint.context("--resume needs --checkpoint")?;
        (Run::resume(Checkpoint::load(&path)?, &device)?, path)
    } else {
        let settings = args.settings.settings()?;
        let name = || format!("{}-{}.checkpoint", settings.dataset.label(), settings.model.label()).into();
        let path = args.checkpoint.unwrap_or_else(name);
        ensure!(!path.exists(), "{} exists: go on with it by --resume, or give another --checkpoint", path.display());
        (Run::new(settings, &device)?, path)
    };
    files::check_writable(&path)?;
    let data = run.history.settings.dataset.load(args.data_dir)?.hold_out(run.history.settings.held_out)?;
    let stop = stop_on_ctrl_c()?;

    println!(
        "{:>5}  {:>6}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}",
        "epoch", "beta", "loss", "train", "test", "test NLL", "test ECE"
    );
    while !run.history.is_done() {
        let bar =
            progress_bar(run.history.steps_per_epoch(&data) as u64, &format!("epoch {}", run.history.epochs.len() + 1));
        let outcome = run.epoch(&data, &stop, || bar.inc(1))?;
        bar.finish_and_clear();
        if outcome == Outcome::Interrupted {
            return Ok(interrupted(&run, &path));
        }
        run.checkpoint()?.save(&path)?;
        if let Some(e) = run.history.epochs.last() {
            println!(
                "{:>5}  {:>6.4}  {:>8.5}  {:>7.2}%  {:>7.2}%  {:>8.5}  {:>7.2}%",
                run.history.epochs.len(),
                e.beta,
                e.loss,
                100.0 * e.train.accuracy,
                100.0 * e.test.accuracy,
                e.test.nll,
                100.0 * e.test.ece
            );
        }
    }
    println!("The model is in {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn interrupted(run: &Run, path: &Path) -> ExitCode {
    match run.history.epochs.len() {
        0 => println!("Stopped before the first epoch was complete: nothing was written."),
        epochs => println!(
            "Stopped. {path} holds the run after epoch {epochs}: continue with `demo-host train --checkpoint {path} --resume`.",
            path = path.display()
        ),
    }
    ExitCode::from(INTERRUPTED)
}

fn sweep(args: SweepArgs) -> Result<ExitCode> {
    let plan = Plan::load(&args.experiment)?;
    if args.dry_run {
        print!("{}", experiments::estimate(&plan, args.data_dir, args.device)?);
        return Ok(ExitCode::SUCCESS);
    }
    let shard = match args.shard {
        Some(shard) => shard,
        None => Shard::from_environment(|name| std::env::var(name).ok())?,
    };
    let file = if shard == Shard::WHOLE {
        format!("{}.jsonl", plan.name)
    } else {
        format!("{}.shard-{}-of-{}.jsonl", plan.name, shard.index, shard.count)
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(if args.device == Compute::Torch { TORCH_JOBS } else { cores });
    ensure!((1..=1024).contains(&jobs), "--jobs is {jobs}, but must be from 1 to 1024");
    let results = args.results.unwrap_or_else(|| file.into());
    let sweep = Sweep { plan, shard, results, data_dir: args.data_dir, device: args.device, python: args.python, jobs };
    if experiments::sweep(&sweep, &*stop_on_ctrl_c()?)? {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Stopped. Finished runs are kept; run the same command to continue.");
    Ok(ExitCode::from(INTERRUPTED))
}

fn verify(checkpoint: &Path, data_dir: Option<PathBuf>) -> Result<bool> {
    let run = load_with_linear_head(checkpoint)?;
    let data = run.history.settings.dataset.load(data_dir)?;
    let (model, device) = run.trained();
    let verification = verification::against_burn(&model, &data.test, &device)?;
    print!("{verification}");
    if !verification.holds() {
        eprintln!("The core and burn disagree.");
    }
    Ok(verification.holds())
}

/// A layer of the model in a checkpoint.
///
/// # Errors
/// If it is not a checkpoint of `train`, or its model has no such layer, or no linear head.
pub fn trained_layer(checkpoint: &Path, layer: Layer) -> Result<Head> {
    let (model, _) = load_with_linear_head(checkpoint)?.trained();
    exchange::layer_of(&model, layer)
}

/// A run whose head the core can run.
fn load_with_linear_head(checkpoint: &Path) -> Result<Run> {
    let run = Run::resume(Checkpoint::load(checkpoint)?, &Compute::Cpu.device()?)?;
    ensure!(
        run.history.settings.loss.cosine_scale().is_none(),
        "{} was trained with AM-softmax, whose logits are cosines and not those of a linear head: give a model that was \
         trained with another --loss",
        checkpoint.display()
    );
    Ok(run)
}

/// A flag that Ctrl-C sets.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be handled")?;
    Ok(stop)
}
