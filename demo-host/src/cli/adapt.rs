//! `demo-host adapt`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use crate::files;
use crate::progress::progress_bar;
use crate::report;
use crate::simulation::adaptation::{Study, study};
use crate::simulation::learner::Contender;
use crate::simulation::record;
use crate::simulation::rivals::rivals;
use crate::simulation::scenarios::Scenario;
use crate::simulation::tasks::Task;
use crate::simulation::tasks::activities::Activities;
use crate::simulation::tasks::digits::Digits;
use crate::simulation::tasks::gestures::Gestures;
use crate::simulation::unknown::{self, Separation};
use crate::simulation::{followers, novelty, ours, residuals};

/// The gestures of the data set, for which our learners are compiled.
const GESTURES: usize = 8;

/// Samples of each class that are learned before one that was never taught comes.
const SHOTS: usize = 5;

#[derive(Clone, Copy, ValueEnum)]
enum DataSet {
    /// Embedded: other writers' digits, a pixel off
    Digits,
    /// 23 people with phone and watch
    Activities,
    /// Eight gestures of a micro:bit
    Gestures,
}

/// Other settings of our learners.
#[derive(Clone, Copy, ValueEnum)]
enum Variants {
    /// Counts that are bounded, and a device that is told of another user
    Followers,
    /// The residual's rate, beta and warm-up
    Residuals,
}

/// Learners in the shape of a task.
type Learners = fn() -> Vec<Contender>;

/// A task, with our learners, their variants, and our score of novelty in its shape.
type Kit = (Box<dyn Task>, Learners, [Learners; 2], fn() -> unknown::Score);

/// What is compiled for a shape. `UPPER` is `FEATURES (FEATURES - 1) / 2`.
fn kit<const CLASSES: usize, const FEATURES: usize, const UPPER: usize>(task: impl Task + 'static) -> Kit {
    let variants: [Learners; 2] = [followers::<CLASSES, FEATURES, UPPER>, residuals::<CLASSES, FEATURES, UPPER>];
    (Box::new(task), ours::<CLASSES, FEATURES, UPPER>, variants, novelty::<CLASSES, FEATURES, UPPER>)
}

#[derive(Args)]
pub(super) struct AdaptArgs {
    /// The data set that devices learn
    #[arg(long, value_enum)]
    dataset: DataSet,
    /// The folder that holds the data set
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The scenarios; may be given several times [default: all that the data set has]
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// The orders in which labels come
    #[arg(long, default_value_t = 46)]
    orders: u64,
    /// The learner that all others are compared with
    #[arg(long, default_value = "discriminant")]
    against: String,
    /// Other settings of our learners, in place of the rivals
    #[arg(long, value_enum)]
    variants: Option<Variants>,
    /// Judge how well devices tell what they were never taught, too
    #[arg(long)]
    unknown: bool,
    /// Write the figures to this file: a JSON object a scenario, a line each
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write a page with tables and plots to this file
    #[arg(long)]
    report: Option<PathBuf>,
}

/// Runs devices and prints how they fared.
pub(super) fn adapt(args: &AdaptArgs) -> Result<()> {
    ensure!((2..=10_000).contains(&args.orders), "--orders is {}, but must be from 2 to 10000", args.orders);
    for path in [&args.json, &args.report].into_iter().flatten() {
        files::check_writable(path)?;
    }
    let (task, ours, [followers, residuals], novelty): Kit = match args.dataset {
        DataSet::Digits => kit::<10, 64, 2016>(Digits::new()?),
        DataSet::Activities => kit::<5, 30, 435>(Activities::read(directory(args, "activities")?)?),
        DataSet::Gestures => {
            let gestures = Gestures::read(directory(args, "gestures")?)?;
            let count = gestures.names.len();
            ensure!(count == GESTURES, "there are {count} gestures, but must be {GESTURES}");
            kit::<GESTURES, 24, 276>(gestures)
        }
    };
    let contenders: Vec<Contender> = match args.variants {
        None => ours().into_iter().chain(rivals()).collect(),
        Some(Variants::Followers) => followers(),
        Some(Variants::Residuals) => residuals(),
    };
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    ensure!(
        names.contains(&args.against.as_str()),
        "--against is {}, but must be one of {}",
        args.against,
        names.join(", ")
    );

    let scenarios = if args.scenario.is_empty() { Scenario::value_variants() } else { &args.scenario };
    let mut studies = Vec::new();
    for scenario in scenarios {
        let bar = progress_bar(0, &format!("{}, {scenario}", task.name()));
        let found = study(&*task, *scenario, &contenders, args.orders, &|total| advance(&bar, total))?;
        bar.finish_and_clear();
        match found {
            Some(study) => studies.push(study),
            None if args.scenario.is_empty() => {}
            None => eprintln!("{} has no {scenario}: it is left out", task.name()),
        }
    }
    let separations = if args.unknown { separations(&*task, ours, novelty, args.orders)? } else { Vec::new() };

    print!("{}", report::adaptation_text(&studies, &separations, &args.against));
    if let Some(path) = &args.json {
        files::write_whole(path, lines(&*task, &studies, &separations, &args.against).as_bytes())?;
        println!("\nThe figures are in {}", path.display());
    }
    if let Some(path) = &args.report {
        files::write_whole(path, report::adaptation_html(&studies, &separations, &args.against)?.as_bytes())?;
        println!("\nThe page is in {}", path.display());
    }
    Ok(())
}

fn directory<'a>(args: &'a AdaptArgs, name: &str) -> Result<&'a Path> {
    args.data_dir.as_deref().with_context(|| match name {
        "activities" => {
            "--dataset activities needs --data-dir: a copy of https://github.com/GeoTecINIT/sp-sw-har-dataset".to_owned()
        }
        _ => format!("--dataset {name} needs --data-dir: a folder with {name}.json, from https://github.com/microbit-foundation/pxt-microbit-ml"),
    })
}

fn advance(bar: &ProgressBar, total: u64) {
    match total {
        0 => bar.inc(1),
        total => bar.set_length(total),
    }
}

/// By our novelty, and by the largest probability of our discriminant and of the best fit that there is.
fn separations(
    task: &dyn Task,
    ours: fn() -> Vec<Contender>,
    novelty: fn() -> unknown::Score,
    orders: u64,
) -> Result<Vec<Separation>> {
    let chosen = ["discriminant", "logistic-refit"];
    let contenders = ours().into_iter().chain(rivals()).filter(|contender| chosen.contains(&contender.name));
    let score = |contender: Contender| {
        // Its middle setting: there is nothing to tune on.
        let settings = contender.grid[contender.grid.len() / 2].clone();
        unknown::largest_probability(contender.name, contender, settings)
    };
    let scores: Vec<unknown::Score> = std::iter::once(novelty()).chain(contenders.map(score)).collect();
    unknown::separate(task, SHOTS, orders, &scores)
}

fn lines(task: &dyn Task, studies: &[Study], separations: &[Separation], against: &str) -> String {
    let mut text: String = studies.iter().map(|study| record::line(study, against) + "\n").collect();
    if !separations.is_empty() {
        text += &record::separation_line(task.name(), SHOTS, separations);
        text.push('\n');
    }
    text
}
