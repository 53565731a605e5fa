//! Instructions on the host, counted by callgrind if valgrind is installed; they are shown, not compared, since they depend
//! on the code that the compiler generates for the host.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::has;
use crate::workspace::host_program;

use super::SHAPES;

/// The runs that a count is the mean of.
const RUNS: u32 = 100;

/// Counts and prints, or prints that valgrind is missing.
pub fn print() -> Result<()> {
    if !has("valgrind") {
        println!("\nx86-64: not counted, since valgrind is not installed.\n");
        return Ok(());
    }
    let program = host_program("head_steps", "release", "")?;
    println!("\n| x86-64 by callgrind, instructions | inference | step |\n|---|---|---|");
    for (_, shape) in SHAPES {
        println!("| {shape} | {} | {} |", count(&program, shape, "inference")?, count(&program, shape, "step")?);
    }
    println!();
    Ok(())
}

fn count(program: &Path, shape: &str, what: &str) -> Result<u32> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]);
    valgrind.arg(format!("--toggle-collect=head_steps::{what}*"));
    let output = valgrind.arg(program).args([shape, &RUNS.to_string()]).output().context("cannot run valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, total) = collected.with_context(|| format!("valgrind counted nothing:\n{text}"))?;
    Ok(total.trim().parse::<u32>()? / RUNS)
}
