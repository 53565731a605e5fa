//! The slow checks: other compilers, fuzzing, coverage, licences, publishing, mutation testing.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup;
use crate::shell::{cargo, root, run};

/// The seconds for which each target is fuzzed.
const FUZZING: u32 = 30;

/// The targets of `tests/fuzz`.
const TARGETS: [&str; 7] = ["loss", "steps", "discriminants", "checkpoint", "frames", "data_files", "head_files"];

/// The smallest line coverage, in per cent.
const COVERED: &str = "96";

/// A big-endian target for which libm has no assembly, which Miri cannot run.
const BIG_ENDIAN: &str = "s390x-unknown-linux-gnu";

/// The core's manifest.
fn manifest() -> Result<String> {
    let path = root().join("core").join("Cargo.toml");
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The oldest Rust that the core takes, from its manifest.
pub fn oldest() -> Result<String> {
    let manifest = manifest()?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    Ok(version.context("the core's manifest names no rust-version")?.trim_matches('"').to_owned())
}

/// All features of the core but `small`, which replaces the loops over several rows: with it they are neither compiled nor run.
fn all_but_small() -> Result<String> {
    let manifest = manifest()?;
    let section = manifest.lines().skip_while(|line| *line != "[features]").skip(1);
    let section = section.take_while(|line| !line.starts_with('[')).filter(|line| !line.starts_with('#'));
    let names = section.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).filter(|name| *name != "small");
    Ok(names.map(|name| format!("gradient-decay/{name}")).collect::<Vec<_>>().join(","))
}

/// The core with the oldest Rust that it supports.
pub fn oldest_rust() -> Result<()> {
    let toolchain = format!("+{}", oldest()?);
    cargo(&root(), &[&toolchain, "check", "-p", "gradient-decay", "--all-features", "--target-dir", "target/oldest"])
}

/// The core's unit tests and those of its views and records, interpreted, as on a machine with the other byte order.
pub fn miri() -> Result<()> {
    let test = ["+nightly", "miri", "test", "-p", "gradient-decay", "--features", &all_but_small()?];
    let tests = ["--lib", "--test", "views", "--target", BIG_ENDIAN, "--target-dir", "target/miri"];
    cargo(&root(), &[&test[..], &tests].concat())
}

/// The corpus with the stable compiler, then a short search, which leaves the corpus as it is.
pub fn fuzz() -> Result<()> {
    let folder = root().join("tests").join("fuzz");
    cargo(&folder, &["test", "--release", "--target-dir", "../../target/fuzz"])?;
    for target in TARGETS {
        let found = root().join("target").join("fuzz-found").join(target);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let mut fuzz = tool("cargo-fuzz");
        fuzz.env("RUSTUP_TOOLCHAIN", "nightly").current_dir(&folder);
        fuzz.args(["run", target, "--fuzz-dir", ".", "--features", "targets", "--target-dir", "../../target/fuzz"]);
        fuzz.arg(found).arg(PathBuf::from("corpus").join(target));
        run(fuzz.args(["--", "-max_len=4096"]).arg(format!("-max_total_time={FUZZING}")))?;
    }
    Ok(())
}

/// The share of the core's lines that its unit tests and the system tests run, examples not counted; fails if it is below the figure in the
/// README.
pub fn coverage() -> Result<()> {
    let mut coverage = tool("cargo-llvm-cov");
    coverage.args(["llvm-cov", "--features", &all_but_small()?, "--tests", "--summary-only"]);
    coverage.args(["--fail-under-lines", COVERED]);
    run(coverage.args([
        "-p",
        "gradient-decay",
        "-p",
        "system-tests",
        "--ignore-filename-regex",
        "firmware/|demo-host/",
    ]))
}

/// Checks the rules of `deny.toml`. `offline` leaves out the advisories, whose list needs network access beyond the registries.
pub fn deny(offline: bool) -> Result<()> {
    let mut deny = tool("cargo-deny");
    deny.arg("check");
    if offline {
        deny.args(["bans", "licenses", "sources"]);
    }
    run(&mut deny)
}

/// The packages that others name: of firmware and of hosts.
const PUBLISHED: [&str; 2] = ["gradient-decay", "gradient-decay-link"];

/// A dry run of publishing. Uncommitted files are allowed, since nothing is published.
pub fn publish() -> Result<()> {
    PUBLISHED.iter().try_for_each(|name| cargo(&root(), &["publish", "-p", name, "--dry-run", "--allow-dirty"]))
}

/// Runs cargo-mutants on the core, and fails if the tests pass for any mutant.
pub fn mutants() -> Result<()> {
    run(tool("cargo-mutants").args(["mutants", "--no-shuffle"]))
}

/// A tool that was installed.
fn tool(name: &str) -> Command {
    let mut command = Command::new(setup::installed(name));
    command.current_dir(root());
    command
}
