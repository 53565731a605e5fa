//! `cargo xtask`: every check of the project by one command.

mod c;
mod ci;
mod footprint;
mod qemu;
mod same_bits;
mod setup;
mod shell;
mod starter;

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Parser;

use shell::{Background, boards, cargo, no_panic, root};

/// Every check of the project.
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Set up what is missing and run every check that is quick
    Test,
    /// The same and the slow ones: all cores, Miri, fuzzing, the oldest Rust, licences and advisories, a dry run of publishing
    Ci {
        /// Leave out the advisories, whose list comes over the network
        #[arg(long)]
        offline: bool,
    },
    /// Change the core in hundreds of ways, each of which must make a test fail; takes most of an hour
    Mutants,
    /// Count the lines of the core that tests run
    Coverage,
    /// Measure instructions, flash, RAM and stack of the core in QEMU, beside the peers, and compare with what was committed
    Footprint {
        /// Take the figures as what is expected from now on
        #[arg(long)]
        bless: bool,
    },
    /// Check the C library: its functions, its example in QEMU, the Arduino library
    C,
    /// Make the Arduino library: a folder to put among the libraries of your sketches
    Arduino,
    /// Run the firmware in QEMU and compare its log with the expected one
    Qemu {
        /// Take the log as what is expected from now on
        #[arg(long)]
        bless: bool,
    },
}

/// The targets that the core is compiled for in every combination of features: one without and one with an FPU.
const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];

/// The combinations of the core's features that are compiled for devices and unit-tested, each alone.
const FEATURES: [&[&str]; 10] = [
    &[],
    &["--no-default-features"],
    &["--no-default-features", "--features", "libm"],
    &["--no-default-features", "--features", "asm"],
    &["--no-default-features", "--features", "micromath"],
    &["--no-default-features", "--features", "defmt"],
    &["--no-default-features", "--features", "checkpoint"],
    &["--no-default-features", "--features", "storage"],
    &["--features", "micromath"],
    &["--all-features"],
];

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Test => test(),
        Task::Ci { offline } => test().and_then(|()| ci::slow(offline)),
        Task::Mutants => ci::mutants(),
        Task::Coverage => ci::coverage(),
        Task::Footprint { bless } => {
            let ready = setup::targets(&footprint::targets()).and_then(|()| setup::qemu());
            ready.and_then(|()| footprint::run(bless))
        }
        Task::C => {
            let ready = setup::targets(&c::TARGETS).and_then(|()| setup::qemu()).and_then(|()| setup::c_compiler());
            ready.and_then(|()| c::test())
        }
        Task::Arduino => setup::targets(&c::TARGETS).and_then(|()| c::arduino().map(drop)),
        Task::Qemu { bless } => {
            let ready = setup::targets(&qemu::TARGETS).and_then(|()| setup::qemu());
            ready.and_then(|()| if bless { qemu::bless() } else { qemu::compare().and_then(|()| qemu::link()) })
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<()> {
    setup::components(&["rustfmt", "clippy"])?;
    setup::targets(&TARGETS)?;
    setup::targets(&footprint::targets())?;
    setup::targets(&qemu::TARGETS)?;
    setup::targets(&c::TARGETS)?;
    setup::targets(&starter::TARGETS)?;
    setup::qemu()?;
    setup::c_compiler()?;

    cargo(&root(), &["fmt", "--all", "--check"])?;
    cargo(&boards(), &["fmt", "--all", "--check"])?;
    cargo(&footprint::package(), &["fmt", "--check"])?;
    cargo(&no_panic(), &["fmt", "--check"])?;
    // Nearly all of it is burn, and much of that one crate, which keeps one processor busy; most of the checks of the core, the other.
    // Release: training tests are slow otherwise, and the build serves `cargo run --release -p demo-host` as well.
    let mut release = Command::new("cargo");
    release.args(["test", "--release", "--workspace", "--no-run", "--quiet"]).current_dir(root());
    let release = Background::start(&mut release)?;
    for features in FEATURES {
        for target in TARGETS {
            cargo(&root(), &[&["check", "-p", "gradient-decay", "--target", target], features].concat())?;
        }
        // To optimise them takes longer than they run.
        let mut test = Command::new("cargo");
        test.args(["test", "-p", "gradient-decay", "--lib"]).args(features).current_dir(root());
        shell::run(test.envs([("CARGO_PROFILE_DEV_OPT_LEVEL", "0"), ("CARGO_INCREMENTAL", "0")]))?;
    }
    for target in TARGETS {
        cargo(&no_panic(), &["build", "--release", "--target", target])?;
    }
    // Overflow checks and debug assertions are on here; the release build is tested below with all the rest.
    cargo(&root(), &["test", "-p", "gradient-decay", "-p", "gradient-decay-app", "--all-features"])?;
    qemu::check_boards(false)?;
    qemu::compare()?;
    c::test()?;
    starter::run()?;
    footprint::clippy()?;
    footprint::run(false)?;
    same_bits::compare(false)?;
    let core = ["-p", "gradient-decay", "-p", "gradient-decay-app", "--all-features"];
    cargo(&root(), &[&["clippy", "--all-targets"], &core[..], &["--", "-D", "warnings"]].concat())?;
    shell::doc(&core)?;
    release.wait()?;
    // In the same profile, which has the macros and build scripts already.
    cargo(&root(), &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    shell::doc(&["--release", "--workspace"])?;
    cargo(&root(), &["test", "--release", "--workspace"])?;
    qemu::link()?;
    println!("All checks passed.");
    Ok(())
}
