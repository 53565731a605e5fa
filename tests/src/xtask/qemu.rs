//! The firmware in QEMU, its log against the committed one.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup::search_path;
use super::shell::{boards, cargo, output};

/// Lints the firmware.
pub fn clippy() -> Result<()> {
    cargo(&board(), &["clippy", "--release", "--", "-D", "warnings"])
}

/// Runs the firmware and compares its log with the expected one.
pub fn compare() -> Result<()> {
    let path = expected_path();
    let expected = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let log = log()?;
    print!("{log}");
    for (line, expected) in log.lines().zip(expected.lines()) {
        ensure!(line == expected, "the firmware logged\n  {line}\nbut {} has\n  {expected}", path.display());
    }
    let (logged, expected) = (log.lines().count(), expected.lines().count());
    ensure!(logged == expected, "the firmware logged {logged} lines, but {} has {expected}", path.display());
    println!("The firmware's log is as expected.");
    Ok(())
}

/// Runs the firmware and takes its log as what is expected.
pub fn bless() -> Result<()> {
    let path = expected_path();
    fs::write(&path, log()?).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} is written: look at the difference before you commit it.", path.display());
    Ok(())
}

fn log() -> Result<String> {
    let mut run = Command::new("cargo");
    run.args(["run", "--release", "--quiet"]).current_dir(board()).env("PATH", search_path()?);
    output(&mut run)
}

fn board() -> PathBuf {
    boards().join("qemu-mps2-an386")
}

fn expected_path() -> PathBuf {
    board().join("expected.log")
}
