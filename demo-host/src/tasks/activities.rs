//! Activities of people, by phone and watch: 23 people, five activities (Matey-Sanz et al., "Smartphone and smartwatch inertial measurements from
//! heterogeneous human activities", Data in Brief, 2023; CC BY 4.0).
//!
//! A window is [`WINDOW`] samples, about a second, and begins every [`STRIDE`]; it counts if three in four of its samples are of one
//! activity. It has 30 features:
//!
//! | features | of |
//! |---|---|
//! | mean, deviation, half the range, root mean square of the change from sample to sample | each of six axes, accelerations in g, rates in rad/s |
//! | mean, deviation, mean absolute change | the length of the acceleration, and of the rate |
//!
//! Stream and test of a person are of different executions, so that overlapping windows, and phone and watch of one execution, are on
//! the same side. Rivals are tuned for the people of even numbers on those of odd numbers, and the other way round.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::recordings::{self, ACTIVITIES, Recording};
use simulation::rivals::logistic;
use simulation::samples::{Base, Samples};
use simulation::tasks::{Host, Pool, Purpose, Task, User};

/// The samples of a window, about a second.
pub const WINDOW: usize = 100;
/// The samples from one window to the next.
pub const STRIDE: usize = 25;
/// The features of a window.
pub const FEATURES: usize = 30;
/// The activities.
pub const CLASSES: usize = ACTIVITIES.len();

/// m/s^2.
const GRAVITY: f64 = 9.806_65;

/// The executions of a person that are learned from, of three.
const LEARNED_OF_THREE: usize = 2;

/// The host's head has seen every so many windows of the other people: neighbours overlap.
const BASE_STRIDE: usize = 2;

/// The pull towards zero of the host's head, as of so many samples.
const BASE_PULL: f64 = 1.0;

/// The windows of an execution.
struct Execution {
    number: u32,
    windows: Samples,
}

/// The task; the second user is the next person.
pub struct Activities {
    /// The executions of each person, in order.
    people: Vec<Vec<Execution>>,
    /// The host's knowledge without a person.
    without: Vec<OnceLock<Host>>,
    /// The host's knowledge without a person and the next one.
    without_two: Vec<OnceLock<Host>>,
}

impl Activities {
    /// Reads the recordings of a folder, and computes all features.
    ///
    /// # Errors
    /// As reading, if there are fewer than three people, or one of them has fewer than two executions.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::new(&recordings::read(folder)?)
    }

    fn new(recordings: &[Recording]) -> Result<Self> {
        let mut people: Vec<Vec<Execution>> = Vec::new();
        for recording in recordings {
            people.resize_with(people.len().max(recording.person + 1), Vec::new);
            let executions = &mut people[recording.person];
            if executions.last().is_none_or(|last| last.number != recording.execution) {
                executions.push(Execution { number: recording.execution, windows: Samples::new(FEATURES) });
            }
            if let Some(execution) = executions.last_mut() {
                append_windows(recording, &mut execution.windows);
            }
        }
        ensure!(people.len() >= 3, "there are {} people, but must be at least 3", people.len());
        for (person, executions) in people.iter().enumerate() {
            let count = executions.len();
            ensure!(count >= 2, "person s{:02} has {count} executions, but must have at least 2", person + 1);
        }
        let empty = || (0..people.len()).map(|_| OnceLock::new()).collect();
        Ok(Activities { without: empty(), without_two: empty(), people })
    }

    /// The host's knowledge of all people but these.
    fn host(&self, absent: &[usize]) -> Host {
        let mut samples = Samples::new(FEATURES);
        let others = self.people.iter().enumerate().filter(|(person, _)| !absent.contains(person));
        let windows =
            others.flat_map(|(_, executions)| executions.iter().flat_map(|execution| execution.windows.rows()));
        windows.step_by(BASE_STRIDE).for_each(|(row, label)| samples.push(row, label));
        let (mean, deviation) = samples.units();
        let samples = samples.in_units(&mean, &deviation);
        let zeros = vec![vec![0.0; FEATURES + 1]; CLASSES];
        let mut rows = zeros.clone();
        logistic::fit(&mut rows, &zeros, &samples, BASE_PULL);
        Host { base: Arc::new(Base::new(samples, &rows)), units: Some((mean, deviation)) }
    }

    /// Two in three executions of a person to learn from, the others to test.
    fn user(&self, person: usize, seed: u64) -> User {
        let executions = &self.people[person];
        let mut order: Vec<usize> = (0..executions.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        let learned = (order.len() * LEARNED_OF_THREE / 3).clamp(1, order.len() - 1);
        let gather = |chosen: &[usize]| {
            let mut samples = Samples::new(FEATURES);
            chosen.iter().flat_map(|i| executions[*i].windows.rows()).for_each(|(row, label)| samples.push(row, label));
            samples
        };
        User { stream: gather(&order[..learned]), test: gather(&order[learned..]) }
    }
}

/// The features of all windows of a recording that are of one activity.
fn append_windows(recording: &Recording, to: &mut Samples) {
    let windows = recording.samples.windows(WINDOW).zip(recording.labels.windows(WINDOW));
    for (samples, labels) in windows.step_by(STRIDE) {
        let mut counts = [0; CLASSES];
        labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        if let Some(class) = counts.iter().position(|count| 4 * count >= 3 * WINDOW) {
            to.push(&features(samples), class);
        }
    }
}

/// The features of a window.
fn features(samples: &[[f32; 6]]) -> [f32; FEATURES] {
    let axis = |axis: usize| -> Vec<f64> {
        let unit = if axis < 3 { GRAVITY } else { 1.0 };
        samples.iter().map(|sample| f64::from(sample[axis]) / unit).collect()
    };
    let axes: Vec<Vec<f64>> = (0..6).map(axis).collect();
    let mut found = Vec::with_capacity(FEATURES);
    for values in &axes {
        let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        let squares = changes(values).map(|change| change * change).sum::<f64>() / (values.len() - 1) as f64;
        found.extend([mean(values), deviation(values), 0.5 * (most - least), squares.sqrt()]);
    }
    for axes in [&axes[..3], &axes[3..]] {
        let lengths: Vec<f64> =
            (0..samples.len()).map(|i| axes.iter().map(|axis| axis[i] * axis[i]).sum::<f64>().sqrt()).collect();
        let change = changes(&lengths).map(f64::abs).sum::<f64>() / (lengths.len() - 1) as f64;
        found.extend([mean(&lengths), deviation(&lengths), change]);
    }
    std::array::from_fn(|i| found[i] as f32)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64).sqrt()
}

fn changes(values: &[f64]) -> impl Iterator<Item = f64> {
    values.windows(2).map(|pair| pair[1] - pair[0])
}

impl Task for Activities {
    fn name(&self) -> &str {
        "activities"
    }

    fn shape(&self) -> (usize, usize) {
        (CLASSES, FEATURES)
    }

    fn folds(&self) -> usize {
        2
    }

    fn fold(&self, seed: u64) -> usize {
        seed as usize % self.people.len() % 2
    }

    fn pool(&self, purpose: Purpose, seed: u64, two: bool) -> Pool {
        let people = self.people.len();
        let tested = seed as usize % people;
        // Both users of a pool are of the same fold.
        let fold = match purpose {
            Purpose::Test => tested % 2,
            Purpose::Tune { fold } => 1 - fold,
        };
        let group: Vec<usize> = (0..people).filter(|person| person % 2 == fold).collect();
        let place = match purpose {
            Purpose::Test => tested / 2,
            Purpose::Tune { .. } => seed as usize % group.len(),
        };
        let (person, next) = (group[place], group[(place + 1) % group.len()]);
        let host = if two {
            self.without_two[person].get_or_init(|| self.host(&[person, next]))
        } else {
            self.without[person].get_or_init(|| self.host(&[person]))
        };
        Pool { classes: CLASSES, users: [self.user(person, seed), self.user(next, seed)], host: Some(host.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recordings of people who differ in how fast they move, each activity in an axis of its own.
    fn recordings(people: usize, executions: u32) -> Vec<Recording> {
        let mut recordings = Vec::new();
        for person in 0..people {
            for execution in 1..=executions {
                for device in 0..2 {
                    let mut recording = Recording { person, execution, samples: Vec::new(), labels: Vec::new() };
                    for i in 0..5 * 150 {
                        let (class, t) = (i / 150, i as f32 * (0.1 + 0.01 * person as f32));
                        let mut sample = [0.0, 0.0, 9.81, 0.0, 0.0, device as f32];
                        sample[class] += 3.0 * t.sin();
                        recording.samples.push(sample);
                        recording.labels.push(class as u8);
                    }
                    recordings.push(recording);
                }
            }
        }
        recordings
    }

    #[test]
    fn windows_are_of_one_activity_and_have_their_features() {
        let mut samples = Samples::new(FEATURES);
        append_windows(&recordings(1, 1)[0], &mut samples);
        // Of 27 windows those count in which three in four samples are of one activity.
        assert!((20..27).contains(&samples.len()), "{}", samples.len());
        let first = samples.row(0);
        assert_eq!(samples.labels[0], 0);
        // The first activity swings in the first axis by 3 m/s^2; gravity is in the third.
        assert!((first[1] - 3.0 / 9.81 / 2.0_f32.sqrt()).abs() < 0.03 && (first[8] - 1.0).abs() < 1e-3, "{first:?}");
        assert!((first[2] - 3.0 / 9.81).abs() < 0.01 && first[5] == 0.0 && first[24] > 1.0);
    }

    #[test]
    fn no_execution_is_on_both_sides_and_no_user_in_the_base() {
        let mut all = recordings(4, 3);
        // Whose a window is can be read off its last rate.
        for recording in &mut all {
            let mark = 100.0 * recording.person as f32 + recording.execution as f32;
            recording.samples.iter_mut().for_each(|sample| sample[5] = mark);
        }
        let activities = Activities::new(&all).unwrap();
        let marks = |samples: &Samples| -> Vec<i32> {
            let mut marks: Vec<i32> = samples.rows().map(|(row, _)| row[20].round() as i32).collect();
            marks.sort_unstable();
            marks.dedup();
            marks
        };
        for seed in 0..8 {
            for (purpose, two) in [(Purpose::Test, false), (Purpose::Tune { fold: 0 }, true)] {
                let pool = activities.pool(purpose, seed, two);
                let (stream, test) = (marks(&pool.users[0].stream), marks(&pool.users[0].test));
                assert_eq!((stream.len(), test.len()), (2, 1));
                assert!(stream.iter().all(|mark| !test.contains(mark)));
                let host = pool.host.unwrap();
                let (mean, deviation) = host.units.unwrap();
                let people: Vec<i32> = host
                    .base
                    .samples
                    .rows()
                    .map(|(row, _)| ((row[20] * deviation[20] + mean[20]) / 100.0).floor() as i32)
                    .collect();
                let absent = if two {
                    pool.users.iter().map(|user| marks(&user.test)[0] / 100).collect()
                } else {
                    vec![test[0] / 100]
                };
                assert!(absent.iter().all(|person| !people.contains(person)));
                assert_eq!(absent.len(), 1 + usize::from(two));
                if let Purpose::Tune { fold } = purpose {
                    assert!(absent.iter().all(|person| *person as usize % 2 != fold));
                }
            }
        }
    }

    #[test]
    fn the_host_s_head_knows_the_other_people() {
        let activities = Activities::new(&recordings(3, 2)).unwrap();
        let host = activities.pool(Purpose::Test, 0, false).host.unwrap();
        let rows = host.base.rows(CLASSES);
        let right = host.base.samples.rows().filter(|(x, label)| {
            let z: Vec<f64> = rows
                .iter()
                .map(|row| row.iter().zip(x.iter().map(|x| f64::from(*x)).chain([1.0])).map(|(w, x)| w * x).sum())
                .collect();
            z.iter().all(|other| *other <= z[*label])
        });
        assert!(right.count() as f64 > 0.97 * host.base.samples.len() as f64);
        assert!(Activities::new(&recordings(2, 2)).is_err() && Activities::new(&recordings(3, 1)).is_err());
    }
}
