//! The commands that need full models, in a program without them: each says how to build one that has them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};

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
    /// [burn] Measure the training throughput beside candle, if this program has it, and PyTorch, if a Python has it
    #[command(disable_help_flag = true)]
    Benchmark(Arguments),
    /// [burn] Write the layers of a trained model for the firmware
    #[command(disable_help_flag = true)]
    Export(Arguments),
}

/// Whatever follows.
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
            FullModels::Export(arguments) => ("export", arguments),
        };
        let arguments: String = all.iter().map(|argument| format!(" {}", argument.to_string_lossy())).collect();
        bail!(needs_burn(name, &format!("{name}{arguments}")))
    }
}

/// Refuses experiments, whose plans are read by what trains them.
///
/// # Errors
/// If there is one.
pub fn check_complete(_: &[Row], experiments: &[PathBuf]) -> Result<()> {
    ensure!(experiments.is_empty(), needs_burn("--experiment", "report --experiment .."));
    Ok(())
}
