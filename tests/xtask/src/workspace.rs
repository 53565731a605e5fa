//! The checks that need only cargo: formatting, lints, documentation, and the tests of the workspace.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{boards, cargo, doc, root, run};
use crate::{footprint, python, web};

/// The targets that the core is compiled for in every combination of features: one without and one with an FPU.
pub const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// The combinations of the core's features, except the one with all features.
const FEATURES: [&[&str]; 10] = [
    &[],
    &["--no-default-features"],
    &["--no-default-features", "--features", "libm"],
    &["--no-default-features", "--features", "asm"],
    &["--no-default-features", "--features", "small"],
    &["--no-default-features", "--features", "micromath"],
    &["--no-default-features", "--features", "defmt"],
    &["--no-default-features", "--features", "checkpoint"],
    &["--no-default-features", "--features", "storage"],
    &["--features", "micromath"],
];

/// The packages that [`host`] leaves to [`system_tests`].
const CORE: [&str; 3] = ["gradient-decay", "oracle", "system-tests"];

/// The host program with the training of full models.
const BURN: [&str; 4] = ["-p", "demo-host", "--features", "burn"];

const DENY: [&str; 3] = ["--", "-D", "warnings"];

/// rustfmt everywhere.
pub fn format() -> Result<()> {
    for workspace in [root(), boards(), web::workspace()] {
        cargo(&workspace, &["fmt", "--all", "--check"])?;
    }
    let firmware = root().join("firmware");
    let tests = root().join("tests");
    let packages = [footprint::package(), firmware.join("c-api"), firmware.join("starter"), tests.join("fuzz")];
    for package in packages.into_iter().chain([no_panic_package(), python::package()]) {
        cargo(&package, &["fmt", "--check"])?;
    }
    Ok(())
}

/// The core compiled for devices: without assembly for one, since it is the same code for all.
pub fn features() -> Result<()> {
    for features in FEATURES.into_iter().chain([&["--all-features"][..]]) {
        let has_assembly = features.contains(&"asm") || !features.contains(&"--no-default-features");
        let targets = if has_assembly { &TARGETS[..] } else { &TARGETS[..1] };
        let targets: Vec<_> = targets.iter().flat_map(|target| ["--target", target]).collect();
        cargo(&root(), &[&["check", "-p", "gradient-decay"], &targets[..], features].concat())?;
    }
    Ok(())
}

/// The core's unit tests, but those with all features, which are in [`core_tests`].
pub fn units() -> Result<()> {
    for features in FEATURES {
        // Unoptimised, since optimising them takes longer than running them.
        let mut test = Command::new("cargo");
        test.args(["test", "-p", "gradient-decay", "--lib"]).args(features).current_dir(root());
        run(test.envs([("CARGO_PROFILE_DEV_OPT_LEVEL", "0"), ("CARGO_INCREMENTAL", "0")]))?;
    }
    Ok(())
}

/// The core's tests with overflow checks and debug assertions.
pub fn core_tests() -> Result<()> {
    cargo(&root(), &["test", "-p", "gradient-decay", "--all-features"])
}

/// clippy and rustdoc on the core with all features.
pub fn core_lints() -> Result<()> {
    let core = ["-p", "gradient-decay", "--all-features"];
    cargo(&root(), &[&["clippy", "--all-targets"], &core[..], &DENY].concat())?;
    doc(&core)
}

/// The package that links only if the core cannot panic.
fn no_panic_package() -> PathBuf {
    root().join("tests").join("no-panic")
}

/// Links it.
pub fn no_panic() -> Result<()> {
    let targets = TARGETS.map(|target| ["--target", target]).concat();
    cargo(&no_panic_package(), &[&["build", "--release"], &targets[..]].concat())
}

/// The tests, in release, of the packages that build in seconds.
pub fn system_tests() -> Result<()> {
    cargo(&root(), &[&["test", "--release"], &CORE.map(|package| ["-p", package]).concat()[..]].concat())
}

/// The host program, in release and with the features that [`host`] builds it with: a build by itself would compile a fifth of it again.
pub fn demo_host() -> Result<PathBuf> {
    cargo(&root(), &["test", "--release", "-p", "demo-host", "--test", "link", "--no-run"])?;
    Ok(root().join("target/release/demo-host"))
}

/// The tests, in release, of all others. The build serves `cargo run --release -p demo-host` as well.
pub fn host() -> Result<()> {
    let others = CORE.map(|package| ["--exclude", package]).concat();
    cargo(&root(), &[&["test", "--release", "--workspace"], &others[..]].concat())
}

/// clippy, rustdoc and the tests of the host program with what trains networks.
pub fn burn() -> Result<()> {
    clippy(&BURN)?;
    doc(&[&["--release"], &BURN[..]].concat())?;
    cargo(&root(), &[&["test", "--release"], &BURN[..]].concat())
}

/// Builds a program of `tests/programs` and returns its path. The programs have a build folder of their own, since other checks lock that of
/// the release builds for minutes.
pub fn host_program(name: &str, profile: &str, flags: &str) -> Result<PathBuf> {
    let folder = root().join("target").join("programs");
    let mut build = Command::new("cargo");
    build.args(["build", "-p", "host-programs", "--bin", name, "--profile", profile, "--target-dir"]);
    run(build.arg(&folder).env("RUSTFLAGS", flags).current_dir(root()))?;
    Ok(folder.join(if profile == "dev" { "debug" } else { profile }).join(name))
}

/// The firmware's libraries, with overflow checks, and with the features that no host program turns on.
pub fn firmware_tests() -> Result<()> {
    let app = ["-p", "gradient-decay-app", "--all-features"];
    cargo(&root(), &[&["test"], &app[..]].concat())?;
    cargo(&root(), &[&["clippy", "--all-targets"], &app[..], &DENY].concat())?;
    doc(&app)
}

/// clippy and rustdoc on the workspace, in the profile of [`host`], which has the macros and build scripts already. What needs burn, whose
/// type check takes minutes, is looked at by [`burn`].
pub fn lints() -> Result<()> {
    clippy(&["--workspace"])?;
    doc(&["--release", "--workspace"])
}

fn clippy(what: &[&str]) -> Result<()> {
    cargo(&root(), &[&["clippy", "--release", "--all-targets"], what, &DENY].concat())
}

/// The host program with all features except the GPU backends, which take more than ten minutes to build.
pub fn candle() -> Result<()> {
    let candle = ["clippy", "--release", "-p", "demo-host", "--features", "burn,candle", "--all-targets"];
    cargo(&root(), &[&candle[..], &DENY].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{CHECKS, Tier};

    #[test]
    fn the_parts_of_the_workflow_have_every_check() {
        let workflow = std::fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
        let lines = workflow.lines().filter_map(|line| line.trim().strip_prefix("checks: "));
        let parts: Vec<_> = lines.flat_map(|line| line.split(' ')).collect();
        for check in CHECKS.iter().filter(|check| check.is_in(Tier::Ci)) {
            let tier =
                [Tier::Core, Tier::Test].into_iter().find(|tier| check.is_in(*tier) && parts.contains(&tier.name()));
            assert!(tier.is_some() || parts.contains(&check.name), "{} is in no part of the workflow", check.name);
        }
    }
}
