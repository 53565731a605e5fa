//! Every learner on the same courses of a scenario, and rivals tuned beforehand on other users.
//!
//! A course is an order of labelled samples. Learners are measured after some numbers of labels, on samples of the current user that are never
//! in a stream: accuracy, negative log-likelihood, and expected calibration error over 15 bins. A class that was not labelled yet has
//! probability 0, so its samples count as wrong; for the likelihood, smaller probabilities count as [`FLOOR`].

use anyhow::{Context, Result};
use gradient_decay::Calibration;
use rayon::prelude::*;

use super::learner::{Contender, Settings};
use super::samples::Samples;
use super::scenarios::{CHANGE, Course, Scenario};
use super::statistics::{Difference, Spread};
use super::tasks::{Purpose, Task};
use crate::watch::Watch;

/// The bins of calibration errors.
pub const BINS: usize = 15;

/// The smallest probability in the likelihood, for rivals in f64 as for the core's f32.
pub const FLOOR: f64 = 1e-6;

/// The orders that the settings of rivals are chosen on.
pub const TUNING_ORDERS: u64 = 10;

/// Figures of merit, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The share of right answers, in [0, 1].
    pub accuracy: f64,
    /// The negative log-likelihood, in nats.
    pub nll: f64,
    /// The expected calibration error, in [0, 1].
    pub ece: f64,
}

/// The results of a learner.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// Whether it is one of the core's.
    pub ours: bool,
    /// The figures of each order at each point, `None` beyond the data, and before the first label from nothing.
    pub orders: Vec<Vec<Option<Figures>>>,
    /// The bytes on a device: the most of all orders.
    pub ram_bytes: usize,
    /// The multiply-adds of a label: the most of all orders.
    pub multiply_adds: u64,
    /// Its settings, those of each fold.
    pub settings: Vec<Settings>,
}

/// The results of all learners in a scenario.
#[derive(Clone, Debug)]
pub struct Study {
    /// The task.
    pub task: String,
    /// The scenario.
    pub scenario: Scenario,
    /// The labels after which learners were measured.
    pub points: Vec<usize>,
    /// The learners.
    pub outcomes: Vec<Outcome>,
}

/// The figures of a run, point by point, with the bytes and the multiply-adds of the learner.
pub(crate) type Run = (Vec<Option<Figures>>, usize, u64);

/// Runs all contenders on so many orders of a scenario; `None` if the task does not have the data for it.
///
/// # Errors
/// If a learner refuses a sample, or returns an invalid probability; and the error of `watch`.
pub fn study(
    task: &dyn Task,
    scenario: Scenario,
    contenders: &[Contender],
    orders: u64,
    watch: &dyn Watch,
) -> Result<Option<Study>> {
    let courses = |purpose, count| scenario.courses(task, purpose, count, watch);
    let Some(tests) = courses(Purpose::Test, orders)? else { return Ok(None) };
    let folds = task.folds();
    let tuning = (0..folds).map(|fold| {
        let courses = courses(Purpose::Tune { fold }, TUNING_ORDERS)?;
        courses.with_context(|| format!("{} has nothing to tune rivals on", task.name()))
    });
    let tuning: Vec<Vec<Course>> = tuning.collect::<Result<_>>()?;

    let tuned = |contender: &Contender| contender.grid.len() > 1;
    let grids: usize =
        contenders.iter().filter(|contender| tuned(contender)).map(|contender| contender.grid.len()).sum();
    watch.expect((grids * folds) as u64 * TUNING_ORDERS + contenders.len() as u64 * orders);
    let points = scenario.points();
    let outcomes = contenders.iter().map(|contender| {
        let choose = |courses: &Vec<Course>| match contender.grid.as_slice() {
            [only] => Ok(only.clone()),
            grid => best(contender, grid, courses, points, watch),
        };
        let settings: Vec<Settings> = tuning.iter().map(choose).collect::<Result<_>>()?;
        let runs: Vec<Run> = tests
            .par_iter()
            .enumerate()
            .map(|(seed, course)| {
                watch.check()?;
                let run = run(contender, &settings[task.fold(seed as u64)], course, points);
                watch.done();
                run
            })
            .collect::<Result<_>>()?;
        Ok(Outcome {
            name: contender.name,
            ours: contender.ours,
            ram_bytes: runs.iter().map(|run| run.1).max().unwrap_or_default(),
            multiply_adds: runs.iter().map(|run| run.2).max().unwrap_or_default(),
            orders: runs.into_iter().map(|run| run.0).collect(),
            settings,
        })
    });
    let outcomes: Vec<Outcome> = outcomes.collect::<Result<_>>()?;
    Ok(Some(Study { task: task.name().to_owned(), scenario, points: points.to_vec(), outcomes }))
}

/// The settings with the highest mean accuracy over all points and orders; among equals, with the smallest mean NLL.
fn best(
    contender: &Contender,
    grid: &[Settings],
    courses: &[Course],
    points: &[usize],
    watch: &dyn Watch,
) -> Result<Settings> {
    let runs: Vec<(usize, &Course)> =
        (0..grid.len()).flat_map(|settings| courses.iter().map(move |course| (settings, course))).collect();
    let figures: Vec<(usize, Vec<Option<Figures>>)> = runs
        .into_par_iter()
        .map(|(settings, course)| {
            watch.check()?;
            let (figures, ..) = run(contender, &grid[settings], course, points)?;
            watch.done();
            Ok((settings, figures))
        })
        .collect::<Result<_>>()?;
    let score = |settings: usize| {
        merit(figures.iter().filter(|(of, _)| *of == settings).flat_map(|(_, figures)| figures.iter().flatten()))
    };
    let better = |a: &usize, b: &usize| {
        let (a, b) = (score(*a), score(*b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    let best = (0..grid.len()).max_by(better).with_context(|| format!("{} has no settings", contender.name))?;
    Ok(grid[best].clone())
}

/// The measure that settings are chosen by: the summed accuracy, and among equals the likelihood. Settings that diverged are the worst.
pub(crate) fn merit<'a>(figures: impl Iterator<Item = &'a Figures>) -> (f64, f64) {
    let (mut accuracy, mut nll) = (0.0, 0.0);
    for figures in figures {
        accuracy += figures.accuracy;
        nll += figures.nll;
    }
    (if nll.is_finite() { accuracy } else { f64::NEG_INFINITY }, -nll)
}

/// One learner on one course.
pub(crate) fn run(contender: &Contender, settings: &Settings, course: &Course, points: &[usize]) -> Result<Run> {
    let context = || format!("the learner {} with {settings:?}", contender.name);
    let mut learner = (contender.new)(&course.start, settings).with_context(context)?;
    let mut figures = Vec::with_capacity(points.len());
    let mut learned = 0;
    for &point in points {
        for sample in learned..point.min(course.stream.len()) {
            if sample == CHANGE && course.tests.len() > 1 {
                learner.another_user().with_context(context)?;
            }
            learner.learn(course.stream.row(sample), course.stream.labels[sample]).with_context(context)?;
        }
        learned = learned.max(point.min(course.stream.len()));
        let knows_something = course.start.classes > 0 || learned > 0;
        if learned < point || !knows_something {
            figures.push(None);
            continue;
        }
        let test = course.tests.iter().rev().find(|(from, _)| *from <= point).map(|(_, test)| test);
        let test = test.context("a course has nothing to measure on")?;
        figures.push(Some(measure(&mut *learner, test, course.start.room).with_context(context)?));
    }
    Ok((figures, learner.ram_bytes(), learner.multiply_adds()))
}

fn measure(learner: &mut dyn super::learner::Learner, test: &Samples, room: usize) -> Result<Figures> {
    let mut calibration: Calibration<BINS> = Calibration::new();
    let (mut p, mut narrow) = (vec![0.0; room], vec![0.0; room]);
    let mut nll = 0.0;
    for (features, class) in test.rows() {
        learner.probabilities(features, &mut p)?;
        narrow.iter_mut().zip(&p).for_each(|(narrow, p)| *narrow = *p as f32);
        if p.iter().all(|p| p.is_finite()) {
            calibration.record(&narrow, class)?;
        } else {
            // The learner has diverged: no answer is right.
            return Ok(Figures { accuracy: 0.0, nll: f64::INFINITY, ece: 1.0 });
        }
        nll -= p[class].max(FLOOR).ln();
    }
    let summary = calibration.summary().context("there is nothing to measure on")?;
    Ok(Figures { accuracy: f64::from(summary.accuracy), nll: nll / test.len() as f64, ece: f64::from(summary.ece) })
}

impl Outcome {
    /// A figure at a point, order by order; `None` if one order has not got so far.
    pub fn values(&self, point: usize, figure: impl Fn(&Figures) -> f64) -> Option<Vec<f64>> {
        self.orders.iter().map(|order| order.get(point)?.as_ref().map(&figure)).collect()
    }

    /// The mean and the deviation of a figure at a point.
    pub fn spread(&self, point: usize, figure: impl Fn(&Figures) -> f64) -> Option<Spread> {
        Some(Spread::of(&self.values(point, figure)?))
    }

    /// A figure less that of another learner, or less its own at another point.
    pub fn difference(
        &self,
        point: usize,
        other: &Outcome,
        other_point: usize,
        figure: impl Fn(&Figures) -> f64 + Copy,
    ) -> Option<Difference> {
        Some(Difference::of(&self.values(point, figure)?, &other.values(other_point, figure)?))
    }
}

impl Study {
    /// A learner by name.
    pub fn outcome(&self, name: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours;
    use crate::rivals::rivals;
    use crate::synthetic::Synthetic;
    use crate::watch::tests::Counter;

    fn all() -> Vec<Contender> {
        let mut all = ours();
        all.extend(rivals());
        all
    }

    #[test]
    fn every_learner_ends_well_above_its_start_in_every_scenario() {
        let task = Synthetic::new(true);
        for scenario in [Scenario::NewUser, Scenario::FromNothing, Scenario::NewClass, Scenario::WrongLabels] {
            let counter = Counter::until(u64::MAX);
            let found = study(&task, scenario, &all(), 4, &counter).unwrap().unwrap();
            let (expected, done) = counter.counts();
            assert_eq!(expected, done);
            for outcome in &found.outcomes {
                let last = outcome.spread(found.points.len() - 1, |figures| figures.accuracy).unwrap();
                assert!(last.mean > 0.9, "{scenario}, {}: {last:?}", outcome.name);
                assert_eq!(outcome.settings.len(), if outcome.ours { 2 } else { task.folds() });
            }
        }
    }

    #[test]
    fn from_nothing_there_is_no_answer_before_the_first_label() {
        let found = study(&Synthetic::new(false), Scenario::FromNothing, &all(), 2, &()).unwrap().unwrap();
        for outcome in &found.outcomes {
            assert_eq!(outcome.spread(0, |figures| figures.nll), None);
            assert!(outcome.spread(1, |figures| figures.nll).is_some());
        }
        assert!(study(&Synthetic::new(false), Scenario::NewUser, &all(), 2, &()).unwrap().is_none());
    }

    #[test]
    fn an_onlooker_stops_the_work() {
        let task = Synthetic::new(true);
        let counter = Counter::until(3);
        let message = study(&task, Scenario::NewUser, &all(), 4, &counter).unwrap_err().to_string();
        let (expected, done) = counter.counts();
        assert!(message == "stopped" && done < expected, "{message} after {done} of {expected}");
    }

    #[test]
    fn the_same_seeds_give_the_same_figures() {
        let task = Synthetic::new(true);
        let figures = || study(&task, Scenario::NewUser, &all(), 2, &()).unwrap().unwrap();
        for (a, b) in figures().outcomes.iter().zip(&figures().outcomes) {
            assert_eq!((&a.orders, &a.settings), (&b.orders, &b.settings), "{}", a.name);
        }
    }

    #[test]
    fn a_course_that_ends_early_has_no_later_points() {
        let mut course = Scenario::NewUser.course(&Synthetic::new(true), Purpose::Test, 1).unwrap();
        course.stream = course.stream.select(&(0..60).collect::<Vec<_>>());
        let contenders = all();
        let (figures, ..) = run(&contenders[0], &contenders[0].grid[0], &course, &[0, 10, 60, 61, 100]).unwrap();
        let there: Vec<bool> = figures.iter().map(Option::is_some).collect();
        assert_eq!(there, [true, true, true, false, false]);
    }
}
