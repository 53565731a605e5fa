//! `demo-host adapt`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use head_files::{Found, Options, Standardization};

use crate::data::features::Sources;
use crate::files;
use crate::progress::RunsBar;
use crate::report::{self, record};
use crate::tasks::activities::Activities;
use crate::tasks::digits::Digits;
use crate::tasks::gestures::Gestures;
use simulation::adaptation::{Study, study};
use simulation::learner::Contender;
use simulation::rivals::rivals;
use simulation::samples::LabelledFeatures;
use simulation::scenarios::Scenario;
use simulation::tasks::own::{Own, TrainedHead};
use simulation::tasks::{Task, Units};
use simulation::tuning::Tuned;
use simulation::unknown::{self, Separation};
use simulation::{followers, novelty, ours, residuals};

/// The number of samples of each class that are learned before the class that was never taught.
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

/// The user's own data.
#[derive(Args)]
pub(super) struct OwnArgs {
    /// A table of features, one row for each sample: .csv, .npz or .npy
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Labels, 0..K or texts: a column or array of that file, or a file [default: column `label`, array `labels` or `y`]
    #[arg(long, value_name = "NAME|FILE", requires = "features")]
    labels: Option<String>,
    /// The person that a sample is from: as --labels [default: column `group`, array `groups`, if there is one]
    #[arg(long, value_name = "NAME|FILE", requires = "features")]
    groups: Option<String>,
    /// `stream` for samples to learn from, `test` for samples to measure on: as --labels [default: column or array `split`, if there is one]
    #[arg(long, value_name = "NAME|FILE", requires = "features")]
    split: Option<String>,
    /// The features that the host's head was trained on, with their labels: as --features
    #[arg(long, value_name = "FILE", requires = "features")]
    base: Option<PathBuf>,
    /// The head that the host trained, in front of which its features were made: as `import` reads it, or a .ckpt [default: a softmax regression on
    /// what the host knows]
    #[arg(long, value_name = "FILE", requires = "features")]
    head: Option<PathBuf>,
    /// Labels of --base: as --labels
    #[arg(long, value_name = "NAME|FILE", requires = "base")]
    base_labels: Option<String>,
}

/// Other settings of our learners.
#[derive(Clone, Copy, ValueEnum)]
enum Variants {
    /// Bounded counts, and a device that is told of another user
    Followers,
    /// The residual's learning rate, beta and warm-up
    Residuals,
}

#[derive(Args)]
pub(super) struct AdaptArgs {
    /// The data set that devices learn
    #[arg(long, value_enum, required_unless_present = "features", conflicts_with = "features")]
    dataset: Option<DataSet>,
    #[command(flatten)]
    own: OwnArgs,
    /// A file of settings that `tune` wrote; they take part under the name `tuned`
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The folder that holds the data set
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The scenarios; may be given several times [default: all that the data set has]
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// A learner that takes part, ours or a rival; may be given several times [default: all]
    #[arg(long)]
    learner: Vec<String>,
    /// The number of random orders of the labels
    #[arg(long, default_value_t = 46)]
    orders: u64,
    /// The learner that all others are compared with
    #[arg(long, default_value = "discriminant")]
    against: String,
    /// Other settings of our learners, in place of the rivals
    #[arg(long, value_enum)]
    variants: Option<Variants>,
    /// Also measure how well devices recognise a class that they were never taught
    #[arg(long)]
    unknown: bool,
    /// Write the figures to this file: one JSON object on one line for each scenario
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write a page with tables and plots to this file
    #[arg(long)]
    report: Option<PathBuf>,
}

/// Runs devices and prints the results.
pub(super) fn adapt(args: &AdaptArgs) -> Result<()> {
    ensure!((2..=10_000).contains(&args.orders), "--orders is {}, but must be from 2 to 10000", args.orders);
    for path in [&args.json, &args.report].into_iter().flatten() {
        files::check_writable(path)?;
    }
    let tuned = args.settings.as_deref().map(Tuned::read).transpose()?;
    let task = task(args, tuned.as_ref().map_or(Units::First(16), |tuned| tuned.units))?;
    let mut contenders: Vec<Contender> = match args.variants {
        None => ours().into_iter().chain(rivals()).collect(),
        Some(Variants::Followers) => followers(),
        Some(Variants::Residuals) => residuals(),
    };
    if let Some(tuned) = &tuned {
        contenders.insert(0, tuned.contender(task.shape())?);
    }
    let names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    for (flag, name) in args.learner.iter().map(|name| ("--learner", name)).chain([("--against", &args.against)]) {
        ensure!(names.contains(&name.as_str()), "{flag} is {name}, but must be one of {}", names.join(", "));
    }
    let wanted =
        |name: &str| args.learner.is_empty() || name == args.against || args.learner.iter().any(|own| own == name);
    contenders.retain(|contender| wanted(contender.name));

    let scenarios = if args.scenario.is_empty() { &Scenario::ALL[..] } else { &args.scenario };
    let mut studies = Vec::new();
    for scenario in scenarios {
        if let Some(reason) = task.lacks(*scenario) {
            eprintln!("{scenario} is left out: {reason}");
            continue;
        }
        let bar = RunsBar::new(&format!("{}, {scenario}", task.name()));
        let found = study(&*task, *scenario, &contenders, args.orders, &bar)?;
        bar.finish();
        match found {
            Some(study) => studies.push(study),
            None => eprintln!("{scenario} is left out: {} does not have the data for it", task.name()),
        }
    }
    let separations = if args.unknown { separations(&*task, args.orders)? } else { Vec::new() };

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

/// The task that is asked for.
fn task(args: &AdaptArgs, units: Units) -> Result<Box<dyn Task>> {
    Ok(match args.dataset {
        None => Box::new(args.own.task(units)?),
        Some(DataSet::Digits) => Box::new(Digits::new()?),
        Some(DataSet::Activities) => Box::new(Activities::read(directory(args, "activities")?)?),
        Some(DataSet::Gestures) => Box::new(Gestures::read(directory(args, "gestures")?)?),
    })
}

impl OwnArgs {
    /// Whether there are none.
    pub(super) fn is_absent(&self) -> bool {
        self.features.is_none()
    }

    /// Reads the files, and says what is in them.
    pub(super) fn task(&self, units: Units) -> Result<Own> {
        let features = self.features.clone().context("there are no --features")?;
        let name = features.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let sources =
            Sources { features, labels: self.labels.clone(), groups: self.groups.clone(), split: self.split.clone() };
        let data = sources.read()?;
        println!("{name}: {}", described(&data));
        let base = self.base.as_ref().map(|base| -> Result<_> {
            let sources = Sources { features: base.clone(), labels: self.base_labels.clone(), ..Sources::default() };
            let base = sources.read()?;
            println!("base: {}", described(&base));
            Ok(Arc::new(base))
        });
        let head = self.head.as_deref().map(trained_head).transpose()?;
        Own::new(&name, Arc::new(data), base.transpose()?, head, units)
    }
}

/// The head in a file, with its standardisation.
fn trained_head(path: &Path) -> Result<TrainedHead> {
    let Found { head, notes, .. } = head_files::read(path, &Options::default())?;
    notes.iter().for_each(|note| println!("{note}"));
    println!("head: {} classes of {} features", head.classes(), head.features());
    let units = head.standardization.as_ref().map(Standardization::units);
    Ok(TrainedHead { parameters: head.parameters().to_vec(), units })
}

fn described(data: &LabelledFeatures) -> String {
    let listed = |names: &[String]| match names {
        [first, .., last] if names.len() > 12 => format!("{first} to {last}"),
        _ => names.join(", "),
    };
    let (samples, classes) = (&data.samples, &data.classes);
    let mut text = format!(
        "{} samples of {} features, {} classes ({})",
        samples.len(),
        samples.width,
        classes.len(),
        listed(classes)
    );
    if let Some((_, names)) = &data.groups {
        text += &format!(", {} groups ({})", names.len(), listed(names));
    }
    text
}

fn directory<'a>(args: &'a AdaptArgs, name: &str) -> Result<&'a Path> {
    args.data_dir.as_deref().with_context(|| match name {
        "activities" => {
            "--dataset activities needs --data-dir: a copy of https://github.com/GeoTecINIT/sp-sw-har-dataset".to_owned()
        }
        _ => format!("--dataset {name} needs --data-dir: a folder with {name}.json, from https://github.com/microbit-foundation/pxt-microbit-ml"),
    })
}

/// By our novelty, and by the largest probability of our discriminant and of the best fit that there is.
fn separations(task: &dyn Task, orders: u64) -> Result<Vec<Separation>> {
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
