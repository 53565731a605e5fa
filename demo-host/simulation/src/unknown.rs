//! Samples of a class that was never taught: one class is left out, a few samples of each other are learned, and a score must tell the two apart.
//!
//! Generic over the score. Features are in units of the samples learned, as a device from nothing has them.

use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::learner::{Contender, Settings};
use super::samples::{Samples, Start};
use super::statistics::Spread;
use super::tasks::{Purpose, Task};

/// The verdict on a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// A higher score means more similar to the samples taught; only the order counts.
    pub score: f64,
    /// Whether it passes by a threshold of its own, chosen from the samples learned alone; `None` if the score has none.
    pub passes: Option<bool>,
}

/// A start from nothing, samples to learn, and samples to judge.
pub type Judge = Box<dyn Fn(&Start, &Samples, &Samples) -> Result<Vec<Verdict>> + Send + Sync>;

/// A score by name.
pub struct Score {
    /// Its name in tables and files.
    pub name: String,
    /// The verdicts on samples (the last argument) of a device that learned others: from nothing, in the order in which they come.
    pub judge: Judge,
}

/// How well a score tells known from unknown; means over the classes left out and the orders, as fractions.
#[derive(Clone, Debug)]
pub struct Separation {
    /// The score.
    pub name: String,
    /// The area under the receiver operating characteristic: the chance that a known sample has a higher score than an unknown one.
    pub area: Spread,
    /// The share of the unknown let through where 90 % of the known are kept.
    pub let_through: Spread,
    /// By its own threshold: the share of the known kept and of the unknown let through.
    pub own: Option<[Spread; 2]>,
}

/// The figures of one class left out in one order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    area: f64,
    let_through: f64,
    own: Option<[f64; 2]>,
}

/// The share of the known that is kept.
const KEPT: f64 = 0.9;

/// The largest probability of a learner, with these settings.
pub fn largest_probability(name: &str, contender: Contender, settings: Settings) -> Score {
    let judge = move |start: &Start, samples: &Samples, judged: &Samples| {
        let mut learner = (contender.new)(start, &settings)?;
        for (row, class) in samples.rows() {
            learner.learn(row, class)?;
        }
        let mut p = vec![0.0; start.room];
        let verdict = |(features, _): (&[f32], usize)| {
            learner.probabilities(features, &mut p)?;
            Ok(Verdict { score: p.iter().copied().fold(0.0, f64::max), passes: None })
        };
        judged.rows().map(verdict).collect()
    };
    Score { name: format!("largest probability, {name}"), judge: Box::new(judge) }
}

/// Judges every score on a task: each class left out, so many samples of each other one, so many orders.
///
/// A trial that lacks samples of a class, to learn from or to test, is left out.
///
/// # Errors
/// If all trials are left out, or a learner refuses a sample.
pub fn separate(task: &dyn Task, shots: usize, orders: u64, scores: &[Score]) -> Result<Vec<Separation>> {
    let (classes, _) = task.shape();
    let trials: Vec<Option<Vec<Trial>>> = (0..orders * classes as u64)
        .into_par_iter()
        .map(|trial| trials_of(task, shots, trial / classes as u64, trial as usize % classes, scores))
        .collect::<Result<_>>()?;
    let trials: Vec<Vec<Trial>> = trials.into_iter().flatten().collect();
    ensure!(
        !trials.is_empty(),
        "no order of {} has {shots} samples of each class to learn from, and known and unknown ones to test",
        task.name()
    );
    let separation = |(index, score): (usize, &Score)| {
        let spread = |figure: fn(&Trial) -> f64| {
            Spread::of(&trials.iter().map(|trial| figure(&trial[index])).collect::<Vec<_>>())
        };
        let own = |figure: usize| -> Option<Spread> {
            let values: Option<Vec<f64>> = trials.iter().map(|trial| Some(trial[index].own?[figure])).collect();
            Some(Spread::of(&values?))
        };
        Separation {
            name: score.name.clone(),
            area: spread(|trial| trial.area),
            let_through: spread(|trial| trial.let_through),
            own: own(0).zip(own(1)).map(|(kept, passed)| [kept, passed]),
        }
    };
    Ok(scores.iter().enumerate().map(separation).collect())
}

/// One class left out in one order, for all scores; `None` if there are too few samples.
fn trials_of(task: &dyn Task, shots: usize, seed: u64, out: usize, scores: &[Score]) -> Result<Option<Vec<Trial>>> {
    let pool = task.pool(Purpose::Test, seed, false);
    let [user, _] = pool.users;
    let mut chosen: Vec<usize> = (0..user.stream.len()).collect();
    chosen.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut counts = vec![0; pool.classes];
    chosen.retain(|sample| {
        let label = user.stream.labels[*sample];
        counts[label] += 1;
        label != out && counts[label] <= shots
    });
    if chosen.len() < shots * (pool.classes - 1) {
        return Ok(None);
    }
    let learned = user.stream.select(&chosen);
    let (mean, deviation) = learned.units();
    // Numbered as they come; the class left out gets the last number.
    let mut order = Vec::new();
    for label in learned.labels.iter().copied().chain([out]) {
        if !order.contains(&label) {
            order.push(label);
        }
    }
    let number = |label: usize| order.iter().position(|own| *own == label).unwrap_or_default();
    let prepared = |samples: Samples| {
        let mut samples = samples.in_units(&mean, &deviation);
        samples.labels.iter_mut().for_each(|label| *label = number(*label));
        samples
    };
    let (learned, test) = (prepared(learned), prepared(user.test));
    let start = Start { width: learned.width, room: pool.classes, classes: 0, base: None, seed };
    scores
        .iter()
        .map(|score| {
            let (mut known, mut unknown) = (Vec::new(), Vec::new());
            for (verdict, label) in (score.judge)(&start, &learned, &test)?.into_iter().zip(&test.labels) {
                let side = if *label == pool.classes - 1 { &mut unknown } else { &mut known };
                side.push(verdict);
            }
            Ok(trial(&known, &unknown))
        })
        .collect()
}

/// The figures of verdicts; `None` if there are none of either side.
fn trial(known: &[Verdict], unknown: &[Verdict]) -> Option<Trial> {
    if known.is_empty() || unknown.is_empty() {
        return None;
    }
    let pairs = (known.len() * unknown.len()) as f64;
    let higher = |a: f64, b: f64| {
        if a > b {
            1.0
        } else if a == b {
            0.5
        } else {
            0.0
        }
    };
    let area = known.iter().map(|k| unknown.iter().map(|u| higher(k.score, u.score)).sum::<f64>()).sum::<f64>() / pairs;
    let mut scores: Vec<f64> = known.iter().map(|verdict| verdict.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let kept = ((KEPT * scores.len() as f64).ceil() as usize).clamp(1, scores.len());
    let threshold = scores[kept - 1];
    let share = |verdicts: &[Verdict], passes: &dyn Fn(&Verdict) -> bool| {
        verdicts.iter().filter(|verdict| passes(verdict)).count() as f64 / verdicts.len() as f64
    };
    let own = known
        .iter()
        .chain(unknown)
        .all(|verdict| verdict.passes.is_some())
        .then(|| [known, unknown].map(|side| share(side, &|verdict| verdict.passes == Some(true))));
    Some(Trial { area, let_through: share(unknown, &|verdict| verdict.score >= threshold), own })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rivals::rivals;
    use crate::synthetic::Synthetic;

    fn verdicts(scores: &[f64]) -> Vec<Verdict> {
        scores.iter().map(|score| Verdict { score: *score, passes: Some(*score > 0.5) }).collect()
    }

    #[test]
    fn areas_and_shares_by_hand() {
        let known = verdicts(&[0.9, 0.8, 0.7, 0.4, 0.6, 0.95, 0.85, 0.75, 0.65, 0.55]);
        let unknown = verdicts(&[0.1, 0.55, 0.56, 0.3]);
        // Nine of ten are kept at 0.55. Pairs in the wrong order: 0.4 below two; 0.55 level with one and below one.
        let found = trial(&known, &unknown).unwrap();
        assert!((found.area - 36.5 / 40.0).abs() < 1e-12, "{found:?}");
        assert_eq!((found.let_through, found.own), (0.5, Some([0.9, 0.5])));
        assert_eq!(trial(&known, &[]), None);
        let even = trial(&verdicts(&[0.5; 3]), &verdicts(&[0.5; 7])).unwrap();
        assert_eq!((even.area, even.let_through), (0.5, 1.0));
    }

    #[test]
    fn a_distance_tells_what_was_never_taught_and_a_probability_does_not() {
        let nearest = Score {
            name: "distance".to_owned(),
            judge: Box::new(|_, samples, judged| {
                let verdict = |(features, _): (&[f32], usize)| {
                    let distance =
                        |row: &[f32]| row.iter().zip(features).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                    let least = samples.rows().map(|(row, _)| distance(row)).fold(f64::MAX, f64::min);
                    Verdict { score: -least, passes: Some(least < 1.0) }
                };
                Ok(judged.rows().map(verdict).collect())
            }),
        };
        let contender = rivals().into_iter().find(|rival| rival.name == "logistic-refit").unwrap();
        let settings = contender.grid[0].clone();
        let scores = [nearest, largest_probability("logistic-refit", contender, settings)];
        let [distance, probability] = separate(&Synthetic::new(false), 5, 3, &scores).unwrap().try_into().unwrap();
        assert!(
            distance.area.mean > 0.95 && distance.area.mean > probability.area.mean + 0.1,
            "{distance:?} {probability:?}"
        );
        assert!(distance.own.is_some() && probability.own.is_none());
        assert!(separate(&Synthetic::new(false), 500, 1, &scores).is_err());
    }
}
