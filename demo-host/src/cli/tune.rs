//! `demo-host tune`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::adapt::OwnArgs;
use crate::files;
use crate::progress::RunsBar;
use simulation::scenarios::Scenario;
use simulation::tasks::own::Own;
use simulation::tasks::{Task, Units};
use simulation::tuning::cost::Target;
use simulation::tuning::{Budget, Recommendation, firmware, tune};

#[derive(Args)]
pub(super) struct TuneArgs {
    #[command(flatten)]
    own: OwnArgs,
    /// The scenario that settings are tuned for [default: new-user where a host knows something, else from-nothing]
    #[arg(long, value_enum)]
    scenario: Option<Scenario>,
    /// The core that the device has
    #[arg(long, value_enum, default_value = "m4f")]
    target: Target,
    /// The RAM that the learner may take in bytes, such as 16k
    #[arg(long, value_parser = amount)]
    ram: Option<u64>,
    /// The instructions that a label may take, including its rehearsals, such as 100k
    #[arg(long, value_parser = amount)]
    instructions: Option<u64>,
    /// The number of random orders of the labels
    #[arg(long, default_value_t = 46)]
    orders: u64,
    /// Write the settings to this file, for `adapt --settings`
    #[arg(long, value_name = "FILE.toml")]
    output: Option<PathBuf>,
    /// Write them as a Rust module to this file
    #[arg(long, value_name = "FILE.rs")]
    rust: Option<PathBuf>,
    /// Write them as a C header to this file; learners that the C library does not have are then left out
    #[arg(long, value_name = "FILE.h")]
    c: Option<PathBuf>,
}

/// A number, with k for thousands and M for millions.
fn amount(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1_000.0),
        None => text.strip_suffix('M').map_or((text, 1.0), |number| (number, 1e6)),
    };
    match number.parse::<f64>() {
        Ok(number) if (1.0..=1e12).contains(&(number * factor)) => Ok((number * factor) as u64),
        _ => Err("it must be a number from 1, like 16k or 1.5M".to_owned()),
    }
}

/// Tunes, prints the recommendation and writes it.
pub(super) fn run(args: &TuneArgs) -> Result<()> {
    ensure!((2..=10_000).contains(&args.orders), "--orders is {}, but must be from 2 to 10000", args.orders);
    let outputs = [&args.output, &args.rust, &args.c];
    for path in outputs.into_iter().flatten() {
        files::check_writable(path)?;
    }
    if args.own.is_absent() {
        bail!("give --features, a table of features to tune on");
    }
    let task = args.own.task(Units::First(16))?;
    let scenario = args.scenario.unwrap_or(match task.lacks(Scenario::NewUser) {
        None => Scenario::NewUser,
        Some(_) => Scenario::FromNothing,
    });
    let budget = Budget {
        ram: args.ram.map(|ram| ram as usize),
        instructions: args.instructions,
        target: args.target,
        c: args.c.is_some(),
    };
    let bar = RunsBar::new(&format!("{}, {scenario}", task.name()));
    let found = tune(&task, scenario, args.orders, &budget, &bar)?;
    bar.finish();
    print!("{found}");
    write(args, &task, &found)
}

fn write(args: &TuneArgs, task: &Own, found: &Recommendation) -> Result<()> {
    let tuned = &found.candidate.tuned;
    let comment = found.comment("demo-host tune");
    let units = task.host_units(tuned.units, found.based);
    let texts = [
        (&args.output, tuned.to_text(&comment)),
        (&args.rust, firmware::rust(tuned, &units, found.based, &comment)),
        (&args.c, firmware::c(tuned, &units, found.based, &comment)),
    ];
    for (path, text) in texts {
        if let Some(path) = path {
            files::write_whole(path, text.as_bytes()).context("the settings")?;
            println!("Written: {}", path.display());
        }
    }
    Ok(())
}
