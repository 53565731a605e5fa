//! The command line.

mod adapt;
mod device;
#[cfg(feature = "burn")]
mod full_models;
mod heads;
#[cfg(feature = "burn")]
mod settings;
mod tune;
#[cfg(not(feature = "burn"))]
mod without_burn;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::data::{DatasetName, fetch};
use crate::story::{SEEDS, Story};
use crate::{experiments, files, report};

use adapt::AdaptArgs;
use device::DeviceArgs;
#[cfg(feature = "burn")]
use full_models::{FullModels, check_complete};
use tune::TuneArgs;
#[cfg(not(feature = "burn"))]
use without_burn::{FullModels, check_complete};

/// Trains models with gradient decay, checks the core against references, exports heads and reports.
///
/// Without a command: the whole story on the embedded digits, in under a minute. Commands marked [burn] need full models, which are in a
/// program that was built with the feature burn: cargo run --release -p demo-host --features burn -- COMMAND
#[derive(Parser)]
#[command(name = "demo-host", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The file of the story's report
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
    /// Print tables of the results of sweeps, and write a page with plots
    Report(ReportArgs),
    #[command(flatten)]
    FullModels(FullModels),
    /// Simulate devices that learn from users, label by label, and compare them with rivals
    Adapt(AdaptArgs),
    /// Choose learner and settings for features of your own, within a budget
    Tune(TuneArgs),
    /// Read the head of a model of PyTorch, Keras, scikit-learn, ONNX or TFLite
    Import(heads::ImportArgs),
    /// Write a head, or the prior of a discriminant, for a device or for other programs
    Export(heads::ExportArgs),
    /// Talk to a device at a serial port: by default, let it learn samples, and compare every bit
    ///
    /// Requests that replace or erase what the device knows (--write-head, --write-checkpoint, --remove, --save and the comparison) need its
    /// user's consent: hold both of its buttons for two seconds, and run the command within a minute. Reading needs none.
    Device(DeviceArgs),
}

#[derive(Args)]
struct ReportArgs {
    /// The files of results, for example of the parts of an experiment
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// [burn] The TOML file of an experiment, all of whose runs must be in the results
    #[arg(long)]
    experiment: Vec<PathBuf>,
    /// The file of the page
    #[arg(long, default_value = "experiments.html")]
    output: PathBuf,
    /// Write the tables to this file too, as Markdown
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Print only a comparison with the same runs in this file, which another device or program has trained
    #[arg(long, conflicts_with_all = ["experiment", "output", "markdown"])]
    beside: Option<PathBuf>,
}

/// Runs the command line of this process. Bad input gives one sentence and exit code 2; a comparison that fails gives
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
        None => story(&cli.report).map(success_if),
        Some(Command::Fetch { dataset, data_dir }) => {
            let directory = data_dir.map_or_else(|| dataset.default_directory(), Ok)?;
            fetch(dataset, &directory).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::FullModels(command)) => command.run(),
        Some(Command::Report(args)) => report(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Adapt(args)) => adapt::adapt(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Tune(args)) => tune::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Import(args)) => heads::import(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Export(args)) => heads::export(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Device(args)) => device::device(&args).map(success_if),
    }
}

/// Prints the story and writes its report. `false` if the core and f64 disagree.
fn story(path: &Path) -> Result<bool> {
    files::check_writable(path)?;
    let data = DatasetName::Digits.load(None)?.hold_out(0)?;
    println!(
        "Digits 8x8: {} to train, {} by other writers to test. MLP 64-64-10, {} seeds.\n",
        data.train.len(),
        data.test.len(),
        SEEDS.len()
    );
    let story = Story::of(&data)?;
    print!("{}", report::story_text(&story));
    files::write_whole(path, report::story_html(&story)?.as_bytes())?;
    println!("\nThe report is in {}", path.display());
    Ok(story.verification.holds())
}

/// The exit code of success or of a failed comparison.
fn success_if(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(args: &ReportArgs) -> Result<()> {
    if let Some(other) = &args.beside {
        let (rows, others) = (experiments::merge(&args.results)?, experiments::merge(std::slice::from_ref(other))?);
        print!("{}", report::experiments_beside(&rows, &others)?[0]);
        return Ok(());
    }
    [Some(&args.output), args.markdown.as_ref()]
        .into_iter()
        .flatten()
        .try_for_each(|path| files::check_writable(path))?;
    let rows = experiments::merge(&args.results)?;
    check_complete(&rows, &args.experiment)?;
    files::write_whole(&args.output, report::experiments_html(&rows)?.as_bytes())?;
    print!("{}", report::experiments_text(&rows));
    println!("The page is in {}", args.output.display());
    if let Some(markdown) = &args.markdown {
        files::write_whole(markdown, report::experiments_markdown(&rows).as_bytes())?;
        println!("Its tables are in {}", markdown.display());
    }
    Ok(())
}
