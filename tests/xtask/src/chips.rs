//! The boards' images in emulators of their chips, in the files that flash real ones: see `tests/chips`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::images::{self, BOARDS, Board};
use super::qemu;
use super::setup::installed;
use super::shell::{boards, output, root, run};
use super::workspace;

/// The lesson, the save and the restart on the Pico, and the script on a RISC-V core.
pub fn quick() -> Result<()> {
    let signal = signal()?;
    emulate(&BOARDS[..1], &signal, None)?;
    qemu::compare_one("riscv32imc")
}

/// All images, all lessons, and a host at the serial port.
pub fn all() -> Result<()> {
    let signal = signal()?;
    emulate(&BOARDS, &signal, Some(&workspace::demo_host()?))?;
    qemu::compare_one("riscv32imc")
}

/// Builds images as users do, and runs them.
fn emulate(built: &[Board], signal: &Path, demo_host: Option<&Path>) -> Result<()> {
    for board in built {
        let (elf, files) = images::make_one(board)?;
        let (image, others) = files.split_first().with_context(|| format!("{} has no file to flash", board.name))?;
        let mut python = Command::new(folder().join("venv/bin/python"));
        // The second variable lets the emulator update the clock less often than after each instruction.
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("RP2040PY_CLOCK_TICK_BATCH", "64");
        python.current_dir(root().join("tests")).args(["-m", "chips", board.name]);
        python.arg("--elf").arg(&elf).arg("--image").arg(image).arg("--signal").arg(signal);
        python.args(others.iter().flat_map(|other| [OsStr::new("--also"), other.as_os_str()]));
        python.arg("--expected").arg(boards().join("qemu-microbit/expected.log"));
        python.arg("--defmt-print").arg(installed("defmt-print"));
        if let Some(path) = demo_host {
            python.arg("--demo-host").arg(path);
        }
        run(&mut python)?;
    }
    Ok(())
}

/// Writes the signal of the app's simulation to a file. It is built with the features that [`workspace::firmware_tests`] builds it with.
fn signal() -> Result<PathBuf> {
    let mut example = Command::new("cargo");
    example.args(["run", "--quiet", "-p", "gradient-decay-app", "--all-features", "--example", "signal"]);
    let text = output(example.current_dir(root()))?;
    let path = folder().join("signal.txt");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The folder for everything that is built and installed for the emulators.
pub fn folder() -> PathBuf {
    root().join("target").join("chips")
}
