//! Chooses the learner of the core and the settings that learn a user's own samples best within a budget.
//!
//! Tuning is nested: for the users of a fold, settings are chosen on the other folds, so the reported accuracy is for users who did not influence the
//! choice. The recommended settings are chosen on all users. If the default settings are as good, so that the paired 95 % interval of the difference
//! includes 0, or better, they are recommended, with their own accuracy.

pub mod cost;
mod file;
pub mod firmware;
mod text;

pub use file::Tuned;

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use crate::adaptation::{self, Figures, Outcome, TUNING_ORDERS};
use crate::learner::Settings;
use crate::scenarios::{Course, Scenario};
use crate::statistics::Difference;
use crate::tasks::own::Own;
use crate::tasks::{Purpose, Task, Units};
use crate::watch::Watch;
use crate::{defaults, device_settings, ours_with};
use cost::{Cost, Target};

/// The budget of a device.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Bytes of RAM.
    pub ram: Option<usize>,
    /// Instructions of a label.
    pub instructions: Option<u64>,
    /// The core.
    pub target: Target,
    /// Only learners that the C library has.
    pub c: bool,
}

/// A learner that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Learner, settings, units, shape.
    pub tuned: Tuned,
    /// Its cost.
    pub cost: Cost,
}

/// The outcome of tuning.
#[derive(Clone, Debug)]
pub struct Recommendation {
    /// The task that was tuned for.
    pub task: String,
    /// The scenario.
    pub scenario: Scenario,
    /// The processor core for which costs are computed.
    pub target: Target,
    /// The recommended settings.
    pub candidate: Candidate,
    /// Whether it has the settings that nobody tuned.
    pub is_plain: bool,
    /// Whether learners start from what a host knows.
    pub based: bool,
    /// How what is recommended fares, on users without a part in the choice.
    pub outcome: Outcome,
    /// The labels after which it was measured.
    pub points: Vec<usize>,
    /// The plain candidate, and the accuracy of what was tuned less its own, a mean over all points.
    pub plain: (Candidate, Difference),
    /// The settings that were chosen for each fold.
    pub chosen: Vec<Candidate>,
    /// The candidates within the budget, and all.
    pub counts: (usize, usize),
}

/// The settings that are tried. Plain ones come first: in doubt they stay.
fn grid(units: &[Units]) -> Vec<(&'static str, Settings, Units)> {
    let warm_up = |settings: &Settings| {
        let mut settings = settings.clone();
        settings.0.extend([("first_beta", 0.1), ("steps", 100.0)]);
        settings
    };
    let steps = |rates: &[f64]| Settings::grid(&[("rate", rates), ("beta", &[1.0, 0.1])]);
    let memory = [("slots", &[4.0, 10.0][..]), ("rehearsals", &[2.0, 4.0, 8.0][..])];
    let with_memory = |rates| Settings::grid(&[("rate", rates), ("beta", &[1.0]), memory[0], memory[1]]);
    let mut settings: Vec<(&str, Settings)> = Vec::new();
    let mut add = |name, all: Vec<Settings>| settings.extend(all.into_iter().map(|settings| (name, settings)));
    for name in ["discriminant", "discriminant+neighbours", "discriminant+residual", "sgd-replay", "sgd"] {
        add(name, vec![defaults(name)]);
    }
    add("discriminant+neighbours", Settings::grid(&[("slots", &[5.0, 20.0, 40.0])]));
    add("discriminant+residual", with_memory(&[0.01, 0.03, 0.1]));
    let replay = with_memory(&[0.01, 0.03, 0.1]);
    add("sgd-replay", replay.iter().filter(|settings| settings.get("rehearsals") == 4.0).map(warm_up).collect());
    add("sgd-replay", replay);
    let sgd = steps(&[0.01, 0.03, 0.1, 0.3]);
    add("sgd", sgd.iter().filter(|settings| settings.get("beta") == 1.0).map(warm_up).collect());
    add("sgd", sgd);
    units.iter().flat_map(|units| settings.iter().map(|(name, settings)| (*name, settings.clone(), *units))).collect()
}

/// The courses of a task in some units, to tune on for each fold, and to test.
struct Courses {
    units: Units,
    tuning: Vec<Vec<Course>>,
    tests: Vec<Course>,
}

impl Courses {
    fn new(task: &Own, units: Units, scenario: Scenario, orders: u64, watch: &dyn Watch) -> Result<Self> {
        let task = task.with_units(units);
        let courses = |purpose, count: u64| -> Result<Vec<Course>> {
            let courses = scenario.courses(&task, purpose, count, watch)?;
            courses.with_context(|| format!("{} has not got what {scenario} is about", task.name()))
        };
        let tuning = (0..task.folds()).map(|fold| courses(Purpose::Tune { fold }, TUNING_ORDERS));
        Ok(Courses { units, tuning: tuning.collect::<Result<_>>()?, tests: courses(Purpose::Test, orders)? })
    }
}

/// The figures of a candidate on a course.
fn run(candidate: &Candidate, course: &Course, points: &[usize]) -> Result<Vec<Option<Figures>>> {
    let Tuned { learner, settings, .. } = &candidate.tuned;
    let contender = ours_with(learner, Vec::new()).with_context(|| format!("there is no learner {learner}"))?;
    Ok(adaptation::run(&contender, settings, course, points)?.0)
}

/// Tunes on so many orders of a scenario.
///
/// # Errors
/// If nothing is within the budget, the data do not allow the scenario, or a learner refuses a sample; and the error of `watch`.
pub fn tune(task: &Own, scenario: Scenario, orders: u64, budget: &Budget, watch: &dyn Watch) -> Result<Recommendation> {
    if let Some(reason) = task.lacks(scenario) {
        anyhow::bail!("{scenario} cannot be tuned for: {reason}");
    }
    let (shape, points) = (task.shape(), scenario.points());
    let based = scenario.course(task, Purpose::Test, 0).is_some_and(|course| course.start.base.is_some());
    let mut all = Vec::new();
    for (learner, settings, units) in grid(task.unit_choices(based)) {
        let device = device_settings(learner, &settings)?;
        let cost = budget.target.cost(&device, shape.0, shape.1, units, based);
        all.push(Candidate { tuned: Tuned { learner, settings, units, shape }, cost });
    }
    let total = all.len();
    let (mut candidates, beyond): (Vec<Candidate>, Vec<Candidate>) =
        all.into_iter().partition(|candidate| budget.allows(candidate));
    let Some(plain) = candidates.first().cloned() else {
        let least = |of: fn(&Cost) -> f64| beyond.iter().map(|other| of(&other.cost)).fold(f64::INFINITY, f64::min);
        anyhow::bail!(
            "nothing is within the budget: of {total} learners the smallest takes {} bytes of RAM, the fastest {:.0} instructions a label",
            least(|cost| cost.ram as f64),
            least(|cost| cost.label)
        );
    };
    // The defaults of a learner are on the grid as well.
    let mut seen: Vec<Tuned> = Vec::new();
    candidates.retain(|candidate| {
        let new = !seen.contains(&candidate.tuned);
        seen.push(candidate.tuned.clone());
        new
    });

    let mut courses: Vec<Courses> = Vec::new();
    for candidate in &candidates {
        if courses.iter().all(|known| known.units != candidate.tuned.units) {
            courses.push(Courses::new(task, candidate.tuned.units, scenario, orders, watch)?);
        }
    }
    let of = |candidate: &Candidate| courses.iter().find(|courses| courses.units == candidate.tuned.units);
    let folds = task.folds();
    watch.expect((candidates.len() * folds) as u64 * TUNING_ORDERS + 2 * orders);

    // Each candidate's figures on the tuning courses of each fold.
    let jobs: Vec<(usize, usize)> =
        (0..candidates.len()).flat_map(|candidate| (0..folds).map(move |fold| (candidate, fold))).collect();
    let figures: Vec<Vec<Vec<Option<Figures>>>> = jobs
        .par_iter()
        .map(|(candidate, fold)| {
            let candidate = &candidates[*candidate];
            let courses = &of(candidate).context("a candidate has no courses")?.tuning[*fold];
            let runs = courses.par_iter().map(|course| {
                watch.check()?;
                let figures = run(candidate, course, points);
                watch.done();
                figures
            });
            runs.collect::<Result<_>>()
        })
        .collect::<Result<_>>()?;
    let best = |some: &dyn Fn(usize) -> bool| -> Result<Candidate> {
        let merit = |candidate: usize| {
            let own = (0..folds).filter(|fold| some(*fold)).flat_map(|fold| &figures[candidate * folds + fold]);
            adaptation::merit(own.flatten().flatten())
        };
        // Of equals the first.
        let better = |a: &usize, b: &usize| {
            let (x, y) = (merit(*a), merit(*b));
            x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)).then(b.cmp(a))
        };
        let best = (0..candidates.len()).max_by(better).context("there are no candidates")?;
        Ok(candidates[best].clone())
    };
    let chosen: Vec<Candidate> = (0..folds).map(|fold| best(&|own| own == fold)).collect::<Result<_>>()?;
    let overall = best(&|_| true)?;

    let tested = |choice: &(dyn Fn(u64) -> Candidate + Sync)| -> Result<Outcome> {
        let runs: Vec<Vec<Option<Figures>>> = (0..orders)
            .into_par_iter()
            .map(|seed| {
                let candidate = choice(seed);
                let courses = of(&candidate).context("a candidate has no courses")?;
                watch.check()?;
                let figures = run(&candidate, &courses.tests[seed as usize], points);
                watch.done();
                figures
            })
            .collect::<Result<_>>()?;
        let of_all = choice(0);
        Ok(Outcome {
            name: of_all.tuned.learner,
            ours: true,
            orders: runs,
            ram_bytes: of_all.cost.ram,
            multiply_adds: 0,
            settings: vec![of_all.tuned.settings],
        })
    };
    let nested = tested(&|seed| chosen[task.fold(seed)].clone())?;
    let untuned = tested(&|_| plain.clone())?;
    let means = |outcome: &Outcome| -> Vec<f64> {
        let mean = |order: &Vec<Option<Figures>>| {
            let there: Vec<f64> = order.iter().flatten().map(|figures| figures.accuracy).collect();
            there.iter().sum::<f64>() / there.len().max(1) as f64
        };
        outcome.orders.iter().map(mean).collect()
    };
    let difference = Difference::of(&means(&nested), &means(&untuned));
    let is_plain = difference.mean <= difference.interval || overall.tuned == plain.tuned;
    let (candidate, outcome) = if is_plain { (plain.clone(), untuned) } else { (overall, nested) };
    ensure!(outcome.orders.iter().flatten().flatten().count() > 0, "no order has labels enough to measure after");
    Ok(Recommendation {
        task: task.name().to_owned(),
        scenario,
        target: budget.target,
        candidate,
        is_plain,
        based,
        outcome,
        points: points.to_vec(),
        plain: (plain, difference),
        chosen,
        counts: (candidates.len(), total),
    })
}

/// Whether the C library has this learner.
pub fn is_in_c(learner: &str) -> bool {
    learner.starts_with("sgd") || ["discriminant", "discriminant+neighbours"].contains(&learner)
}

impl Budget {
    /// Whether a candidate is within it, at the upper end of the model's error.
    fn allows(&self, candidate: &Candidate) -> bool {
        let Cost { ram, label, error, .. } = candidate.cost;
        let learner = candidate.tuned.learner;
        (!self.c || is_in_c(learner))
            && self.ram.is_none_or(|most| ram <= most)
            && self.instructions.is_none_or(|most| label * (1.0 + error) <= most as f64)
    }
}

impl Recommendation {
    /// The mean accuracy after each number of labels that all orders have.
    pub fn accuracies(&self) -> Vec<(usize, f64)> {
        let mean = |point: usize| self.outcome.spread(point, |figures| figures.accuracy).map(|spread| spread.mean);
        self.points.iter().enumerate().filter_map(|(point, labels)| Some((*labels, mean(point)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::samples::LabelledFeatures;
    use crate::samples::Samples;
    use crate::watch::tests::Counter;

    /// Groups with an offset of their own, three classes; without an offset of all nothing is lost by raw features.
    fn own(groups: usize, offset: f32) -> Own {
        let (mut samples, mut of) = (Samples::new(4), Vec::new());
        for i in 0..groups * 45 {
            let noise = |j: u32| {
                let mixed = (i as u32 * 8 + j).wrapping_mul(2_654_435_761);
                ((mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 23) as f32 - 1.0
            };
            let (group, class) = (i / 45, i % 3);
            let row: [f32; 4] =
                std::array::from_fn(|j| offset + noise(j as u32) + if j == class { 1.6 } else { 0.1 * group as f32 });
            samples.push(&row, class);
            of.push(group);
        }
        let groups = (of, (0..groups).map(|group| group.to_string()).collect());
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let data = LabelledFeatures { samples, classes, groups: Some(groups), streamed: None };
        Own::new("own", Arc::new(data), None, None, Units::First(16)).unwrap()
    }

    fn budget(ram: Option<usize>, instructions: Option<u64>) -> Budget {
        Budget { ram, instructions, target: Target::M4f, c: false }
    }

    #[test]
    fn plain_settings_are_recommended_where_they_do_as_well() {
        let counter = Counter::until(u64::MAX);
        let found = tune(&own(4, 0.0), Scenario::FromNothing, 8, &budget(None, None), &counter).unwrap();
        let (expected, done) = counter.counts();
        assert_eq!(expected, done);
        let (plain, difference) = &found.plain;
        assert!(found.is_plain || difference.mean > difference.interval, "{difference:?}");
        assert_eq!((plain.tuned.learner, plain.tuned.units), ("discriminant", Units::First(16)));
        assert_eq!((found.chosen.len(), found.based), (2, false));
        let accuracies = found.accuracies();
        assert!(accuracies.len() >= 3 && accuracies.iter().all(|(_, accuracy)| (0.3..=1.0).contains(accuracy)));
    }

    #[test]
    fn what_is_recommended_is_within_the_budget() {
        let small = tune(&own(4, 0.0), Scenario::NewUser, 4, &budget(Some(200), None), &()).unwrap();
        assert!(small.candidate.cost.ram <= 200 && small.based, "{:?}", small.candidate);
        assert!(small.chosen.iter().all(|candidate| candidate.cost.ram <= 200));
        let fast = tune(&own(4, 0.0), Scenario::NewUser, 4, &budget(None, Some(1500)), &()).unwrap();
        assert!(fast.candidate.cost.label < 1500.0 && fast.counts.0 < fast.counts.1);
        let message = tune(&own(4, 0.0), Scenario::NewUser, 4, &budget(Some(20), None), &()).unwrap_err().to_string();
        assert!(message.contains("nothing is within the budget"), "{message}");
        let message = tune(&own(3, 0.0), Scenario::UserChanges, 4, &budget(None, None), &()).unwrap_err().to_string();
        assert!(message.contains("needs 4 groups"), "{message}");
    }
}
