//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::data::{DatasetName, mnist};
use crate::models::ModelName;
use crate::progress::progress_bar;
use crate::training::{Checkpoint, Interrupted, Run, Settings, WarmUp, WarmUpShape};
use crate::{export, files, story, verification};

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
        dataset: Fetchable,
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

#[derive(Clone, Copy, ValueEnum)]
enum Fetchable {
    Mnist,
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
    /// Go on from the checkpoint, with the settings that it was begun with
    #[arg(long, requires = "checkpoint", conflicts_with = "SettingsArgs")]
    resume: bool,
}

/// What determines a run; what is not given has the default of the data set.
#[derive(Args)]
struct SettingsArgs {
    /// What to train on
    #[arg(long, required_unless_present = "resume")]
    dataset: Option<DatasetName>,
    /// What to train
    #[arg(long, required_unless_present = "resume")]
    model: Option<ModelName>,
    /// Beta, in (0, 1e6]: below 1 a large margin, 1 plain cross-entropy, above 1 an early fading gradient [default: 1]
    #[arg(long, allow_negative_numbers = true)]
    beta: Option<f32>,
    /// Beta at the first step, in (0, 1e6], from where it rises to --beta
    #[arg(long, allow_negative_numbers = true)]
    warmup: Option<f32>,
    /// The epochs that the warm-up takes [default: half of all]
    #[arg(long, requires = "warmup")]
    warmup_epochs: Option<u32>,
    /// How beta rises [default: linear]
    #[arg(long, requires = "warmup")]
    warmup_shape: Option<WarmUpShape>,
    /// Passes over the training data [default: 60 on digits, 10 on mnist]
    #[arg(long)]
    epochs: Option<u32>,
    /// Images of a step [default: 32 on digits, 64 on mnist]
    #[arg(long)]
    batch_size: Option<usize>,
    /// The learning rate at the start, which falls to 0 along half a cosine [default: 0.05]
    #[arg(long, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Momentum [default: 0.9]
    #[arg(long, allow_negative_numbers = true)]
    momentum: Option<f64>,
    /// Weight decay [default: 0.0001]
    #[arg(long, allow_negative_numbers = true)]
    weight_decay: Option<f32>,
    /// Seeds the initial parameters and the order of the samples [default: 1]
    #[arg(long)]
    seed: Option<u64>,
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
        Some(Command::Fetch { dataset: Fetchable::Mnist, data_dir }) => {
            let directory = data_dir.map_or_else(mnist::default_directory, Ok)?;
            mnist::fetch(&directory).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Train(args)) => train(args),
        Some(Command::Verify { checkpoint, data_dir }) => verify(&checkpoint, data_dir).map(success_if),
        Some(Command::Export { checkpoint, head, hidden }) => {
            let (model, _) = Run::resume(Checkpoint::load(&checkpoint)?)?.trained();
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
    let (mut run, path) = if args.resume {
        let path = args.checkpoint.context("--resume needs --checkpoint")?;
        (Run::resume(Checkpoint::load(&path)?)?, path)
    } else {
        let settings = args.settings.settings()?;
        let name = || format!("{}-{}.checkpoint", settings.dataset.label(), settings.model.label()).into();
        let path = args.checkpoint.unwrap_or_else(name);
        ensure!(!path.exists(), "{} exists: go on with it by --resume, or give another --checkpoint", path.display());
        (Run::new(settings)?, path)
    };
    files::check_writable(&path)?;
    let data = run.settings.dataset.load(args.data_dir)?;
    let stop = stop_on_ctrl_c()?;

    println!(
        "{:>5}  {:>6}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}",
        "epoch", "beta", "loss", "train", "test", "test NLL", "test ECE"
    );
    while !run.is_done() {
        let bar = progress_bar(run.steps_per_epoch(&data) as u64, &format!("epoch {}", run.epochs.len() + 1));
        let outcome = run.epoch(&data, &stop, || bar.inc(1))?;
        bar.finish_and_clear();
        if outcome == Err(Interrupted) {
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

fn interrupted(run: &Run, path: &std::path::Path) -> ExitCode {
    match run.epochs.len() {
        0 => println!("Stopped before the first epoch was done: nothing was written."),
        epochs => println!(
            "Stopped. {path} holds the run after epoch {epochs}: go on with `demo-host train --checkpoint {path} --resume`.",
            path = path.display()
        ),
    }
    ExitCode::from(INTERRUPTED)
}

fn verify(checkpoint: &std::path::Path, data_dir: Option<PathBuf>) -> Result<bool> {
    let run = Run::resume(Checkpoint::load(checkpoint)?)?;
    let data = run.settings.dataset.load(data_dir)?;
    let (model, device) = run.trained();
    let verification = verification::verify(&model, &data.test, &device)?;
    print!("{verification}");
    if !verification.holds() {
        eprintln!("The core and burn disagree.");
    }
    Ok(verification.holds())
}

impl SettingsArgs {
    fn settings(&self) -> Result<Settings> {
        let (Some(dataset), Some(model)) = (self.dataset, self.model) else {
            bail!("--dataset and --model are needed");
        };
        let default = Settings::new(dataset, model);
        let epochs = self.epochs.unwrap_or(default.epochs);
        let settings = Settings {
            beta: self.beta.unwrap_or(default.beta),
            warm_up: self.warmup.map(|start| WarmUp {
                start,
                epochs: self.warmup_epochs.unwrap_or(epochs.div_ceil(2)),
                shape: self.warmup_shape.unwrap_or(WarmUpShape::Linear),
            }),
            epochs,
            batch_size: self.batch_size.unwrap_or(default.batch_size),
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            momentum: self.momentum.unwrap_or(default.momentum),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            seed: self.seed.unwrap_or(default.seed),
            ..default
        };
        settings.check()?;
        Ok(settings)
    }
}

/// A flag that Ctrl-C sets.
fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be handled")?;
    Ok(stop)
}
