//! The commands that need full models, in a program without them: each says how to build a program that has them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use head_files::Head;

use crate::exchange::Layer;
use crate::experiments::Row;
use crate::needs_burn;

/// The command that is asked for.
#[derive(Subcommand)]
pub enum FullModels {
    /// [burn] Train a model; a checkpoint is written after each epoch
    #[command(disable_help_flag = true)]
    Train(Arguments),
    /// [burn] Compare core, burn and the f64 oracle on a trained model and all test images
    #[command(disable_help_flag = true)]
    Verify(Arguments),
    /// [burn] Train every run of an experiment that has no result yet, several side by side
    #[command(disable_help_flag = true)]
    Sweep(Arguments),
    /// [burn] Compare the training throughput with candle, if this program has it, and PyTorch, if a Python has it
    #[command(disable_help_flag = true)]
    Benchmark(Arguments),
}

/// All further arguments.
#[derive(Args)]
pub struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    all: Vec<OsString>,
}

impl FullModels {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the sentence names the command that does what is asked for.
    pub fn run(self) -> Result<ExitCode> {
        let (name, Arguments { all }) = match self {
            FullModels::Train(arguments) => ("train", arguments),
            FullModels::Verify(arguments) => ("verify", arguments),
            FullModels::Sweep(arguments) => ("sweep", arguments),
            FullModels::Benchmark(arguments) => ("benchmark", arguments),
        };
        let arguments: String = all.iter().map(|argument| format!(" {}", argument.to_string_lossy())).collect();
        bail!(needs_burn(name, &format!("{name}{arguments}")))
    }
}

/// Refuses experiments, whose plans only a program with full models reads.
///
/// # Errors
/// If there is one.
pub fn check_complete(_: &[Row], experiments: &[PathBuf]) -> Result<()> {
    ensure!(experiments.is_empty(), needs_burn("--experiment", "report --experiment .."));
    Ok(())
}

/// Refuses a checkpoint of `train`.
///
/// # Errors
/// Always.
pub fn trained_layer(checkpoint: &Path, _: Layer) -> Result<Head> {
    let name = checkpoint.display();
    bail!(needs_burn(
        &format!("{name} is no checkpoint of the core, and one of `train`"),
        &format!("export {name} --out ..")
    ))
}
