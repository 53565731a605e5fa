//! Training to the same bits: on the host in all its builds, and in QEMU on every core, with and without assembly.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::footprint::{MACHINES, run_program};
use super::shell::{output, root};

/// The steps of each run, as in `firmware/bench/src/training.rs`.
const STEPS: usize = 10_000;

/// Compares all builds and machines with the host's release build; without `all`, only those that take no time.
pub fn compare(all: bool) -> Result<()> {
    let expected = host("release", &["--release"], "")?;
    let debug = host("debug", &[], "")?;
    check("x86-64, debug", &debug, &expected)?;
    let native = host("release", &["--release", "--target-dir", "target/native"], "-C target-cpu=native")?;
    check("the host, target-cpu=native", &native, &expected)?;
    for machine in MACHINES.iter().filter(|machine| all || machine.has_fpu()) {
        for build in machine.builds() {
            let features = if *build == "asm" { "asm" } else { "" };
            let found = run_program(machine, "same_training", "release", features)?;
            check(&format!("{}, {build}", machine.core), &found, &expected)?;
        }
    }
    let cores = if all { "all cores" } else { "the cores with an FPU" };
    println!("{} training steps have the same bits on the host and, in QEMU, on {cores}.", expected.lines().count());
    Ok(())
}

/// What the host prints, in a build of this profile.
fn host(profile: &str, args: &[&str], flags: &str) -> Result<String> {
    let mut build = Command::new("cargo");
    build.args(["build", "-p", "host-programs", "--bin", "same_training"]).args(args).current_dir(root());
    if !flags.is_empty() {
        build.env("RUSTFLAGS", flags);
    }
    super::shell::run(&mut build)?;
    let folder: PathBuf = if flags.is_empty() { root().join("target") } else { root().join("target").join("native") };
    output(&mut Command::new(folder.join(profile).join("same_training")))
}

/// Names the first step that differs.
fn check(machine: &str, found: &str, expected: &str) -> Result<()> {
    if found == expected {
        println!("{machine}: the same bits");
        return Ok(());
    }
    let step = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    match step {
        Some(step) => bail!("{machine}: seed {} differs from step {} on", step / STEPS, step % STEPS),
        None => bail!("{machine}: {} steps instead of {}", found.lines().count(), expected.lines().count()),
    }
}
