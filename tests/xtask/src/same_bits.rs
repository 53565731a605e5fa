//! Training has the same bits on the host in all builds, and in QEMU on every core, with and without assembly.

use std::process::Command;

use anyhow::{Result, bail};

use crate::footprint::{MACHINES, build_programs, run_program};
use crate::shell::output;
use crate::workspace::host_program;

/// The steps of each run, as in `tests/training`.
const STEPS: usize = 10_000;

/// Compares all builds and machines with the host's release build; without `all`, only the fast ones.
pub fn compare(all: bool) -> Result<()> {
    let expected = host("release", "")?;
    let debug = host("dev", "")?;
    check("x86-64, debug", &debug, &expected)?;
    let native = host("release", "-C target-cpu=native")?;
    check("the host, target-cpu=native", &native, &expected)?;
    for machine in MACHINES.iter().filter(|machine| all || machine.has_fpu()) {
        for (build, features) in machine.builds() {
            build_programs(machine, &["same_training"], "release", features)?;
            let found = run_program(machine, "same_training", "release")?;
            check(&format!("{}, {build}", machine.core), &found, &expected)?;
        }
    }
    let cores = if all { "all cores" } else { "the cores with an FPU" };
    println!("{} training steps have the same bits on the host and, in QEMU, on {cores}.", expected.lines().count());
    Ok(())
}

/// What the host prints, in a build of this profile.
fn host(profile: &str, flags: &str) -> Result<String> {
    output(&mut Command::new(host_program("same_training", profile, flags)?))
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
