//! The firmware in QEMU, its log against the committed one.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup::search_path;
use super::shell::{boards, cargo, output};

/// The lines with an instruction count, which another compiler may change: they must be there, and at most this much
/// above what is expected.
const COUNT: &str = "instructions of ";
const SLACK: f64 = 1.02;

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
    ensure!(
        log.lines().count() == expected.lines().count(),
        "the firmware logged {} lines, but {} has {}",
        log.lines().count(),
        path.display(),
        expected.lines().count()
    );
    for (line, expected) in log.lines().zip(expected.lines()) {
        let good = match (count(line), count(expected)) {
            (Some((name, count)), Some((expected_name, expected))) => {
                name == expected_name && count <= SLACK * expected
            }
            _ => line == expected,
        };
        ensure!(good, "the firmware logged\n  {line}\nbut {} has\n  {expected}", path.display());
    }
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

/// Name and value of an instruction count.
fn count(line: &str) -> Option<(&str, f64)> {
    let (name, value) = line.rsplit_once(": ")?;
    if name.contains(COUNT) { Some((name, value.parse().ok()?)) } else { None }
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
