//! The course of a device: its labels in their order, and the samples on which it is measured.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;

use super::samples::{Base, Samples, Start};
use super::tasks::{Host, Pool, Purpose, Task, Units, User};
use super::watch::Watch;

/// The labels after which learners are measured.
pub const POINTS: [usize; 8] = [0, 5, 10, 20, 50, 100, 200, 300];

/// The same where something changes after [`CHANGE`] labels.
pub const POINTS_WITH_A_CHANGE: [usize; 12] = [0, 5, 10, 20, 50, 55, 60, 70, 100, 150, 200, 300];

/// The labels after which the new class or the new user arrives.
pub const CHANGE: usize = 50;

/// The samples of a new class that the user shows at once when it arrives.
pub const SHOWN: usize = 3;

/// One label in this many is wrong.
const ONE_WRONG_IN: f64 = 10.0;

/// The scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Scenario {
    /// The device knows what the host knows, and meets a user whom the host has not seen.
    NewUser,
    /// The device knows nothing, not even the classes: each comes with its first label.
    FromNothing,
    /// From nothing, all labels of one class, then all of the next: in an order of its own each time.
    ClassByClass,
    /// A class that the host never saw arrives after 50 labels; its first three samples come at once.
    NewClass,
    /// One label in ten is that of another class.
    WrongLabels,
    /// After 50 labels another user takes over, and from then on only that user is measured.
    UserChanges,
}

/// A stream of labelled samples in the order in which they come, from a start, with what to measure on.
///
/// Classes are numbered in the order in which they come, those known at the start first.
#[derive(Clone, Debug)]
pub struct Course {
    /// The start of the learners.
    pub start: Start,
    /// The labelled samples.
    pub stream: Samples,
    /// The samples to measure on from so many labels on.
    pub tests: Vec<(usize, Samples)>,
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Scenario::NewUser => "new-user",
            Scenario::FromNothing => "from-nothing",
            Scenario::ClassByClass => "class-by-class",
            Scenario::NewClass => "new-class",
            Scenario::WrongLabels => "wrong-labels",
            Scenario::UserChanges => "user-changes",
        })
    }
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Scenario; 6] = [
        Scenario::NewUser,
        Scenario::FromNothing,
        Scenario::ClassByClass,
        Scenario::NewClass,
        Scenario::WrongLabels,
        Scenario::UserChanges,
    ];

    /// The scenario in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Scenario::NewUser => "The device knows what the host knows, and meets a user whom the host has not seen.",
            Scenario::FromNothing => "The device knows nothing; each class comes with its first label.",
            Scenario::ClassByClass => "From nothing, all labels of one class, then all of the next.",
            Scenario::NewClass => {
                "A class that the host never saw arrives after 50 labels; its first three samples come at once."
            }
            Scenario::WrongLabels => "One label in ten is that of another class.",
            Scenario::UserChanges => {
                "After 50 labels another user takes over, and from then on only that user is measured; the figure at 50 is still of the first."
            }
        }
    }

    /// The labels after which learners are measured, as far as the data go.
    pub fn points(self) -> &'static [usize] {
        match self {
            Scenario::NewClass | Scenario::UserChanges => &POINTS_WITH_A_CHANGE,
            _ => &POINTS,
        }
    }

    /// Whether learners start from the host's knowledge, where there is any.
    fn with_host(self) -> bool {
        !matches!(self, Scenario::FromNothing | Scenario::ClassByClass)
    }

    /// The course of a seed; `None` if the task does not have the data for the scenario.
    pub fn course(self, task: &dyn Task, purpose: Purpose, seed: u64) -> Option<Course> {
        let Pool { classes, users: [user, next], host } = task.pool(purpose, seed, self == Scenario::UserChanges);
        let lacking = match self {
            Scenario::NewUser => host.is_none(),
            Scenario::UserChanges => next.stream.is_empty(),
            Scenario::NewClass => classes < 3,
            _ => false,
        };
        if lacking {
            return None;
        }
        let host = host.filter(|_| self.with_host());
        let mut random = StdRng::seed_from_u64(seed.wrapping_mul(2).wrapping_add(1));
        let newcomer = (self == Scenario::NewClass).then_some(seed as usize % classes);
        let (stream, tests) = self.ordered(classes, user, next, newcomer, &mut random);
        let units = match (&host, task.units()) {
            (Some(Host { units, .. }), _) => units.clone(),
            (None, Units::Raw) => None,
            (None, Units::First(count)) => {
                Some(stream.select(&(0..stream.len().min(count)).collect::<Vec<_>>()).units())
            }
        };
        let in_units = |samples: Samples| match &units {
            Some((mean, deviation)) => samples.in_units(mean, deviation),
            None => samples,
        };
        let tests = tests.into_iter().map(|(from, test)| (from, in_units(test))).collect();
        let base = host.map(|host| host.base);
        Some(numbered(classes, base, newcomer, seed, in_units(stream), tests))
    }

    /// One course for each of so many seeds; `None` if the task does not have the data for the scenario.
    ///
    /// # Errors
    /// The error of `watch`.
    pub fn courses(
        self,
        task: &dyn Task,
        purpose: Purpose,
        count: u64,
        watch: &dyn Watch,
    ) -> Result<Option<Vec<Course>>> {
        let course = |seed| {
            watch.check()?;
            Ok(self.course(task, purpose, seed))
        };
        let courses: Vec<Option<Course>> = (0..count).into_par_iter().map(course).collect::<Result<_>>()?;
        Ok(courses.into_iter().collect())
    }

    /// The stream in its order, and the tests.
    fn ordered(
        self,
        classes: usize,
        user: User,
        next: User,
        newcomer: Option<usize>,
        random: &mut StdRng,
    ) -> (Samples, Vec<(usize, Samples)>) {
        let longest = self.points().last().copied().unwrap_or_default();
        let User { stream, test } = user;
        let mut order: Vec<usize> = (0..stream.len()).collect();
        order.shuffle(random);
        if let Some(newcomer) = newcomer {
            let (new, known): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|i| stream.labels[*i] == newcomer);
            let (before, after) = known.split_at(CHANGE.min(known.len()));
            let (shown, rest) = new.split_at(SHOWN.min(new.len()));
            let mut mixed = [after, rest].concat();
            mixed.shuffle(random);
            order = [before, shown, &mixed].concat();
        }
        order.truncate(longest);
        if self == Scenario::UserChanges {
            order.truncate(CHANGE);
        }
        if self == Scenario::ClassByClass {
            let mut turns: Vec<usize> = (0..classes).collect();
            turns.shuffle(random);
            order.sort_by_key(|i| turns[stream.labels[*i]]);
        }
        let mut samples = stream.select(&order);
        if self == Scenario::WrongLabels {
            for label in &mut samples.labels {
                if random.random_bool(1.0 / ONE_WRONG_IN) {
                    *label = (*label + random.random_range(1..classes)) % classes;
                }
            }
        }
        let mut tests = vec![(0, test)];
        if self == Scenario::UserChanges {
            let mut order: Vec<usize> = (0..next.stream.len()).collect();
            order.shuffle(random);
            order.truncate(longest - CHANGE);
            next.stream.select(&order).rows().for_each(|(row, label)| samples.push(row, label));
            tests.push((CHANGE + 1, next.test));
        }
        (samples, tests)
    }
}

/// Numbers the classes in the order in which they come, and leaves the newcomer out of what the host knows.
fn numbered(
    classes: usize,
    base: Option<Arc<Base>>,
    newcomer: Option<usize>,
    seed: u64,
    mut stream: Samples,
    mut tests: Vec<(usize, Samples)>,
) -> Course {
    let mut order: Vec<usize> = Vec::new();
    if base.is_some() {
        order.extend((0..classes).filter(|class| Some(*class) != newcomer));
    }
    let known = order.len();
    for class in stream.labels.iter().copied().chain(0..classes) {
        if !order.contains(&class) {
            order.push(class);
        }
    }
    let mut number = vec![0; classes];
    order.iter().enumerate().for_each(|(new, old)| number[*old] = new);
    let renumber = |samples: &mut Samples| samples.labels.iter_mut().for_each(|label| *label = number[*label]);
    renumber(&mut stream);
    tests.iter_mut().for_each(|(_, test)| renumber(test));
    let base =
        base.map(|base| if known == classes { base } else { Arc::new(without(&base, classes, &order[..known])) });
    let start = Start { width: stream.width, room: classes, classes: known, base, seed };
    Course { start, stream, tests }
}

/// The host's knowledge of some of its classes, which get new numbers.
fn without(base: &Base, classes: usize, kept: &[usize]) -> Base {
    let width = base.samples.width;
    let mut samples = Samples::new(width);
    for (row, label) in base.samples.rows() {
        if let Some(number) = kept.iter().position(|class| *class == label) {
            samples.push(row, number);
        }
    }
    let weights = kept.iter().flat_map(|class| &base.head[class * width..][..width]);
    let biases = kept.iter().map(|class| &base.head[classes * width + class]);
    Base { samples, head: weights.chain(biases).copied().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;

    fn course(scenario: Scenario, seed: u64) -> Course {
        scenario.course(&Synthetic::new(true), Purpose::Test, seed).unwrap()
    }

    #[test]
    fn classes_come_in_the_order_of_their_numbers() {
        for scenario in Scenario::ALL {
            for seed in 0..5 {
                let Course { start, stream, tests } = course(scenario, seed);
                let mut next = start.classes;
                for label in &stream.labels {
                    assert!(*label <= next, "{scenario}");
                    next = next.max(label + 1);
                }
                assert_eq!(start.base.is_some(), scenario.with_host());
                assert!(tests.iter().all(|(_, test)| test.labels.iter().all(|label| *label < start.room)));
            }
        }
    }

    #[test]
    fn class_by_class_never_comes_back() {
        let Course { stream, .. } = course(Scenario::ClassByClass, 1);
        assert!(stream.labels.is_sorted());
    }

    #[test]
    fn the_new_class_arrives_when_it_should() {
        for seed in 0..4 {
            let Course { start, stream, .. } = course(Scenario::NewClass, seed);
            assert_eq!(start.classes, 3);
            let first = stream.labels.iter().position(|label| *label == 3);
            assert_eq!((first, &stream.labels[CHANGE..CHANGE + SHOWN]), (Some(CHANGE), [3; SHOWN].as_slice()));
            let base = start.base.unwrap();
            assert!(base.samples.labels.iter().all(|label| *label < 3) && base.head.len() == 3 * 3);
            // The rows of the others keep their weights: the synthetic head has the class in each.
            let kept: Vec<f32> = (0..4).filter(|class| *class != seed as usize % 4).map(|class| class as f32).collect();
            assert_eq!([base.head[0], base.head[2], base.head[4]], kept.as_slice());
        }
    }

    #[test]
    fn one_label_in_ten_is_wrong() {
        let right = course(Scenario::NewUser, 1);
        let wrong = course(Scenario::WrongLabels, 1);
        assert_eq!(right.stream.features, wrong.stream.features);
        let differ = right.stream.labels.iter().zip(&wrong.stream.labels).filter(|(a, b)| a != b).count();
        assert!((15..=48).contains(&differ), "{differ} of 300");
        assert_eq!(right.tests, wrong.tests);
    }

    #[test]
    fn another_user_takes_over() {
        let Course { stream, tests, .. } = course(Scenario::UserChanges, 1);
        // The second synthetic user is 100 further up.
        assert!((0..CHANGE).all(|i| stream.row(i)[0] < 50.0) && (CHANGE..300).all(|i| stream.row(i)[0] > 50.0));
        assert_eq!((tests[0].0, tests[1].0), (0, CHANGE + 1));
        assert!(tests[0].1.row(0)[0] < 50.0 && tests[1].1.row(0)[0] > 50.0);
    }

    #[test]
    fn from_nothing_the_first_samples_set_the_units() {
        let Course { stream, start, .. } = course(Scenario::FromNothing, 1);
        let (mean, deviation) = stream.select(&(0..16).collect::<Vec<_>>()).units();
        assert!(mean.iter().all(|mean| mean.abs() < 1e-4) && deviation.iter().all(|d| (d - 1.0).abs() < 1e-4));
        assert_eq!(start.classes, 0);
        // A task without a host has no new user.
        assert!(Scenario::NewUser.course(&Synthetic::new(false), Purpose::Test, 1).is_none());
    }
}
