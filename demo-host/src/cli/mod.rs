//! The command line.

mod adapt;
mod settings;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use gradient_decay_link::Summary;

use crate::compute::Compute;
use crate::data::{DatasetName, fetch};
use crate::experiments::{Plan, Shard, Sweep};
use crate::link::{self, Client};
use crate::progress::progress_bar;
use crate::training::{Checkpoint, Outcome, Run};
use crate::{benchmark, experiments, export, files, report, story, verification};

use adapt::AdaptArgs;
use settings::SettingsArgs;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Trains models with gradient decay, checks the core against them, exports heads and reports.
///
/// Without a command: the whole story on the embedded digits, in under a minute.
#[derive(Parser)]
#[command(name = "demo-host", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where the report of the story goes
    #[arg(long, default_value = "report.html")]
    report: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Download a data set and verify its checksums
    Fetch {
        /// Which
        dataset: DatasetName,
        /// The folder to put it into [default: gradient-decay in the user's cache folder]
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
    /// Train a model; a checkpoint is written after each epoch
    Train(TrainArgs),
    /// Compare core, burn and the f64 oracle on a trained model and all test images
    Verify {
        /// The checkpoint of the model
        #[arg(long)]
        checkpoint: PathBuf,
        /// The folder that holds the data set
        #[arg(long)]
        data_dir: Option<PathBuf>,
    },
    /// Train every run of an experiment that has no result yet, several side by side
    Sweep(SweepArgs),
    /// Make a page of the results of sweeps
    Report(ReportArgs),
    /// Measure the training throughput beside candle, if this program has it, and PyTorch, if a Python has it
    Benchmark {
        /// The device that burn trains on
        #[arg(long, value_enum, default_value_t)]
        device: Compute,
        /// A Python that may have torch
        #[arg(long, default_value = "python3")]
        python: String,
        /// How often each is measured; the best counts
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Only heads, one sample at a time: the core beside burn and candle
        #[arg(long)]
        heads: bool,
    },
    /// Run devices that learn from users, label by label, beside rivals
    Adapt(AdaptArgs),
    /// Talk to a device at a serial port: by default, have it learn what it is sent, and compare every bit
    Device(DeviceArgs),
    /// Write the layers of a trained model for the firmware
    Export {
        /// The checkpoint of the model
        #[arg(long)]
        checkpoint: PathBuf,
        /// Where the head goes
        #[arg(long)]
        head: PathBuf,
        /// Where the hidden layer of an mlp goes
        #[arg(long)]
        hidden: Option<PathBuf>,
    },
}

#[derive(Args)]
struct TrainArgs {
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
    /// Go on from the checkpoint, with the settings that it was begun with
    #[arg(long, requires = "checkpoint", conflicts_with = "SettingsArgs")]
    resume: bool,
}

#[derive(Args)]
struct SweepArgs {
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
    /// Runs side by side [default: as many as there are cores]
    #[arg(long)]
    jobs: Option<usize>,
    /// Train a part of the experiment, I/N with I from 0 [default: as a Slurm array or an indexed Job of Kubernetes says,
    /// or all]
    #[arg(long)]
    shard: Option<Shard>,
}

#[derive(Args)]
struct DeviceArgs {
    /// The port, like /dev/ttyACM0 or COM3, or tcp:HOST:PORT for QEMU's
    #[arg(long)]
    port: String,
    /// Only write the device's head to this file
    #[arg(long, group = "only")]
    read_head: Option<PathBuf>,
    /// Only replace the device's head by the one in this file, which `export` or --read-head wrote
    #[arg(long, group = "only")]
    write_head: Option<PathBuf>,
    /// Only print how far the device's probabilities can be trusted
    #[arg(long, group = "only")]
    calibration: bool,
    /// Leave the device with what it learned, in place of its own head
    #[arg(long, conflicts_with = "only")]
    keep: bool,
    /// At the end, have the device save its head in flash
    #[arg(long)]
    save: bool,
}

#[derive(Args)]
struct ReportArgs {
    /// The files of results, as of the parts of an experiment
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// The TOML file of an experiment, all of whose runs must be in the results
    #[arg(long)]
    experiment: Vec<PathBuf>,
    /// Where the page goes
    #[arg(long, default_value = "experiments.html")]
    output: PathBuf,
}

/// Runs the command line of this process. Bad input is one sentence and exit code 2; a comparison that does not hold is
/// exit code 1.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => story::tell(&cli.report).map(success_if),
        Some(Command::Fetch { dataset, data_dir }) => {
            let directory = data_dir.map_or_else(|| dataset.default_directory(), Ok)?;
            fetch(dataset, &directory).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Train(args)) => train(args),
        Some(Command::Sweep(args)) => sweep(args),
        Some(Command::Report(args)) => report(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Benchmark { rounds, heads: true, .. }) => {
            benchmark::benchmark_heads(rounds).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Benchmark { device, python, rounds, heads: false }) => {
            benchmark::benchmark(device, &python, rounds).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Verify { checkpoint, data_dir }) => verify(&checkpoint, data_dir).map(success_if),
        Some(Command::Adapt(args)) => adapt::adapt(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Device(args)) => device(&args).map(success_if),
        Some(Command::Export { checkpoint, head, hidden }) => {
            let (model, _) = load_with_linear_head(&checkpoint)?.trained();
            // Both or neither: found out before the first is written.
            files::check_writable(&head)?;
            if let Some(path) = &hidden {
                export::hidden(&model, path)?;
            }
            export::head(&model, &head)?;
            println!("The head is in {}", head.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn success_if(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let data = run.settings.dataset.load(args.data_dir)?.hold_out(run.settings.held_out)?;
    let stop = stop_on_ctrl_c()?;

    println!(
        "{:>5}  {:>6}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}",
        "epoch", "beta", "loss", "train", "test", "test NLL", "test ECE"
    );
    while !run.is_done() {
        let bar = progress_bar(run.steps_per_epoch(&data) as u64, &format!("epoch {}", run.epochs.len() + 1));
        let outcome = run.epoch(&data, &stop, || bar.inc(1))?;
        bar.finish_and_clear();
        if outcome == Outcome::Interrupted {
            return Ok(interrupted(&run, &path));
        }
        run.checkpoint()?.save(&path)?;
        if let Some(e) = run.epochs.last() {
            println!(
                "{:>5}  {:>6.4}  {:>8.5}  {:>7.2}%  {:>7.2}%  {:>8.5}  {:>7.2}%",
                run.epochs.len(),
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
    match run.epochs.len() {
        0 => println!("Stopped before the first epoch was done: nothing was written."),
        epochs => println!(
            "Stopped. {path} holds the run after epoch {epochs}: go on with `demo-host train --checkpoint {path} --resume`.",
            path = path.display()
        ),
    }
    ExitCode::from(INTERRUPTED)
}

fn sweep(args: SweepArgs) -> Result<ExitCode> {
    let plan = Plan::load(&args.experiment)?;
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
    let jobs = args.jobs.unwrap_or(cores);
    ensure!((1..=1024).contains(&jobs), "--jobs is {jobs}, but must be from 1 to 1024");
    let results = args.results.unwrap_or_else(|| file.into());
    let sweep = Sweep { plan, shard, results, data_dir: args.data_dir, device: args.device, jobs };
    if experiments::sweep(&sweep, &*stop_on_ctrl_c()?)? {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Stopped. What has finished is kept; the same command goes on.");
    Ok(ExitCode::from(INTERRUPTED))
}

fn report(args: &ReportArgs) -> Result<()> {
    files::check_writable(&args.output)?;
    let rows = experiments::merge(&args.results)?;
    for experiment in &args.experiment {
        experiments::check_complete(&rows, &Plan::load(experiment)?)?;
    }
    files::write_whole(&args.output, report::experiments_html(&rows)?.as_bytes())?;
    print!("{}", report::experiments_text(&rows));
    println!("The page is in {}", args.output.display());
    Ok(())
}

fn verify(checkpoint: &Path, data_dir: Option<PathBuf>) -> Result<bool> {
    let run = load_with_linear_head(checkpoint)?;
    let data = run.settings.dataset.load(data_dir)?;
    let (model, device) = run.trained();
    let verification = verification::verify(&model, &data.test, &device)?;
    print!("{verification}");
    if !verification.holds() {
        eprintln!("The core and burn disagree.");
    }
    Ok(verification.holds())
}

/// Whether device and program came to the same bits.
fn device(args: &DeviceArgs) -> Result<bool> {
    if let Some(path) = &args.read_head {
        files::check_writable(path)?;
    }
    let new_head = args.write_head.as_deref().map(export::read).transpose()?;
    let mut client = Client::new(link::open(&args.port)?)?;
    let mut holds = true;
    if let Some(path) = &args.read_head {
        export::parameters(&client.read_head()?, path)?;
        println!("The device's head is in {}", path.display());
    } else if let Some(head) = new_head {
        // What is sent has been trained: its warm-up is over.
        client.write_head(&head, u32::MAX)?;
        println!("The device has the new head.");
    } else if args.calibration {
        match client.calibration()? {
            None => println!("The device has not learned anything yet."),
            Some(Summary { count, accuracy, confidence, nll, brier, ece, mce }) => println!(
                "{count} labels: accuracy {accuracy:.3}, confidence {confidence:.3}, NLL {nll:.3}, Brier score {brier:.3}, \
                 ECE {ece:.3}, MCE {mce:.3}"
            ),
        }
    } else {
        let demonstration = link::demonstrate(&mut client, args.keep)?;
        print!("{demonstration}");
        holds = demonstration.holds();
    }
    if args.save {
        client.save()?;
        println!("The device has saved its head.");
    }
    Ok(holds)
}

/// A run whose head the core can run.
fn load_with_linear_head(checkpoint: &Path) -> Result<Run> {
    let run = Run::resume(Checkpoint::load(checkpoint)?, &Compute::Cpu.device()?)?;
    ensure!(
        run.settings.loss.cosine_scale().is_none(),
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
