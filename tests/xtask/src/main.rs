//! `cargo xtask`: every check of the project by one command.
//!
//! [`checks::CHECKS`] lists them. A single check runs in this process and shows all its output. Several run in parallel, each in a
//! process of its own whose output goes to a file: see [`runner`].

mod c;
mod checks;
mod chips;
mod footprint;
mod images;
mod licences;
mod python;
mod qemu;
mod runner;
mod same_bits;
mod setup;
mod shell;
mod slow;
mod starter;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Command};

use checks::{CHECKS, Check, Options, Tier};
use footprint::Supply;

/// The environment variable that gives tests their full lengths: see `oracle::lengths`.
const FULL_LENGTHS: &str = "FULL_LENGTHS";

const HELP: &str = "Each check installs what it needs if it is missing: targets and components by rustup, QEMU and GCC by apt, tools by \
                    `cargo install` into target/tools, emulators by pip into target/chips. The output of several checks goes to target/checks.";

fn main() -> ExitCode {
    match run(&arguments().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The command line.
fn arguments() -> Command {
    let tiers = Tier::ALL.into_iter().map(|tier| PossibleValue::new(tier.name()).help(tier.about()));
    let checks = CHECKS.iter().map(|check| PossibleValue::new(check.name).help(check.help()));
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let quantity = |name, others: [&'static str; 2], unit, help| {
        Arg::new(name).long(name).value_name(unit).requires_all(others).help(help)
    };
    Command::new("xtask").bin_name("cargo xtask").about("Every check of the project").after_help(HELP).args([
        Arg::new("what")
            .required(true)
            .num_args(1..)
            .value_parser(PossibleValuesParser::new(tiers.chain(checks)))
            .help("Tiers and checks"),
        flag("full", "All cores and the full lengths of tests, as in `ci`"),
        flag("bless", "Write the figures that `footprint` measures, or the logs of `qemu`, as the expected ones"),
        flag("offline", "Leave out the advisories, whose list needs network access beyond the registries"),
        flag("no-serve", "Let `web` make the page without serving it"),
        flag("release", "With `c`: instead of testing, pack the C library for all its targets into one file"),
        quantity(
            "current",
            ["voltage", "clock"],
            "4.6mA",
            "With `footprint`: instead of measuring, estimate the energy on a Cortex-M4F by the current that its data sheet states",
        ),
        quantity("voltage", ["current", "clock"], "3V", "The voltage of that current"),
        quantity("clock", ["current", "voltage"], "64MHz", "The clock of that current"),
        flag("ready", "Set nothing up").hide(true),
    ])
}

fn run(arguments: &ArgMatches) -> Result<()> {
    let what: Vec<_> = arguments.get_many::<String>("what").into_iter().flatten().map(String::as_str).collect();
    let quantity = |name| arguments.get_one::<String>(name);
    let supply = match (quantity("current"), quantity("voltage"), quantity("clock")) {
        (Some(current), Some(voltage), Some(clock)) => Some(Supply::parse(current, voltage, clock)?),
        _ => None,
    };
    let options = Options {
        full: arguments.get_flag("full") || what.contains(&Tier::Ci.name()),
        bless: arguments.get_flag("bless"),
        offline: arguments.get_flag("offline"),
        serve: !arguments.get_flag("no-serve"),
        release: arguments.get_flag("release"),
        supply,
    };
    let is_wanted = |check: &&Check| {
        what.iter().any(|what| *what == check.name || Tier::ALL.iter().any(|t| t.name() == *what && check.is_in(*t)))
    };
    let checks: Vec<&Check> = CHECKS.iter().filter(is_wanted).collect();
    let blessed = checks.iter().all(|check| ["footprint", "qemu"].contains(&check.name));
    ensure!(!options.bless || blessed, "--bless is for `footprint` and `qemu` alone");
    ensure!(!options.release || checks.iter().all(|check| check.name == "c"), "--release is for `c` alone");
    let footprint = checks.iter().all(|check| check.name == "footprint");
    ensure!(supply.is_none() || footprint, "--current, --voltage and --clock are for `footprint` alone");
    if !arguments.get_flag("ready") && supply.is_none() {
        setup::ready(&checks, options.full)?;
    }
    match checks[..] {
        [check] => (check.run)(options),
        _ => runner::run(&checks, options),
    }
}
