//! The boards' images in emulators of their chips: see `tests/chips`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::qemu;
use super::setup::installed;
use super::shell::{boards, cargo, output, root, run};

/// The boards that QEMU does not emulate, and their targets. The first is quick to build.
const BOARDS: [(&str, &str); 3] = [
    ("rp2040-pico", "thumbv6m-none-eabi"),
    ("microbit-v2", "thumbv7em-none-eabihf"),
    ("stm32f411e-disco", "thumbv7em-none-eabihf"),
];

/// The lesson, the save and the restart on the Pico, and the script on a RISC-V core.
pub fn quick() -> Result<()> {
    let signal = signal()?;
    emulate(&BOARDS[..1], &signal, None)?;
    qemu::compare_one("riscv32imc")
}

/// All images, all lessons, and a host at the serial port.
pub fn all() -> Result<()> {
    let signal = signal()?;
    cargo(&root(), &["build", "--release", "-p", "demo-host"])?;
    emulate(&BOARDS, &signal, Some(&root().join("target/release/demo-host")))?;
    qemu::compare_one("riscv32imc")
}

/// Builds images as users do, and runs them.
fn emulate(images: &[(&str, &str)], signal: &Path, demo_host: Option<&Path>) -> Result<()> {
    for (board, target) in images {
        cargo(&boards().join(board), &["build", "--release"])?;
        let image = boards().join("target").join(target).join("release").join(board);
        let mut python = Command::new(folder().join("venv/bin/python"));
        // The second variable lets the emulator update the clock less often than after each instruction.
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("RP2040PY_CLOCK_TICK_BATCH", "64");
        python.current_dir(root().join("tests")).args(["-m", "chips", board]);
        python.arg("--elf").arg(&image).arg("--signal").arg(signal);
        python.arg("--expected").arg(boards().join("qemu-microbit/expected.log"));
        python.arg("--defmt-print").arg(installed("defmt-print"));
        if let Some(path) = demo_host {
            python.arg("--demo-host").arg(path);
        }
        run(&mut python)?;
    }
    Ok(())
}

/// Writes the signal of the app's simulation to a file. It is built in a folder of its own, so that it does not wait for other builds.
fn signal() -> Result<PathBuf> {
    let mut example = Command::new("cargo");
    example.args(["run", "--quiet", "-p", "gradient-decay-app", "--example", "signal", "--target-dir"]);
    let text = output(example.arg(folder().join("host")).current_dir(root()).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    let path = folder().join("signal.txt");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The folder for everything that is built and installed for the emulators.
pub fn folder() -> PathBuf {
    root().join("target").join("chips")
}
