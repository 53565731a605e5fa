//! The firmware in QEMU, its logs against the committed ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::setup::search_path;
use super::shell::{boards, cargo, output};

/// The programs that run in QEMU: the board's folder, the program, and its log there.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("qemu-mps2-an386", "qemu-mps2-an386", "expected.log"),
    ("qemu-mps2-an386", "digits", "digits.log"),
    ("qemu-mps2-an500", "qemu-mps2-an500", "expected.log"),
    ("qemu-microbit", "qemu-microbit", "expected.log"),
];

/// The targets of the boards in QEMU.
pub const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// Lints all boards, those that are not in QEMU as well, which also shows that they compile; and links them.
pub fn check_boards() -> Result<()> {
    for board in super::shell::folders(&boards())? {
        if board.join(".cargo").exists() {
            cargo(&board, &["clippy", "--release", "--", "-D", "warnings"])?;
            cargo(&board, &["build", "--release"])?;
        }
    }
    Ok(())
}

/// Runs the programs and compares their logs with the expected ones.
pub fn compare() -> Result<()> {
    for (board, program, log_file) in PROGRAMS {
        let path = boards().join(board).join(log_file);
        let expected = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let log = log(&boards().join(board), program)?;
        print!("{log}");
        compare_logs(&log, &expected, &path)?;
    }
    println!("The logs are as expected.");
    Ok(())
}

fn compare_logs(log: &str, expected: &str, path: &Path) -> Result<()> {
    for (line, expected) in log.lines().zip(expected.lines()) {
        ensure!(line == expected, "the firmware logged\n  {line}\nbut {} has\n  {expected}", path.display());
    }
    let (logged, expected) = (log.lines().count(), expected.lines().count());
    ensure!(logged == expected, "the firmware logged {logged} lines, but {} has {expected}", path.display());
    Ok(())
}

/// Runs the programs and takes their logs as what is expected.
pub fn bless() -> Result<()> {
    for (board, program, log_file) in PROGRAMS {
        let path: PathBuf = boards().join(board).join(log_file);
        fs::write(&path, log(&boards().join(board), program)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} is written: look at the difference before you commit it.", path.display());
    }
    Ok(())
}

fn log(board: &Path, program: &str) -> Result<String> {
    let mut run = Command::new("cargo");
    run.args(["run", "--release", "--quiet", "--bin", program]).current_dir(board).env("PATH", search_path()?);
    output(&mut run)
}
