//! The rivals of the core's learners, in plain f64: their results on a device that computed with that precision.
//!
//! | name | learns by | settings that are tuned |
//! |---|---|---|
//! | `sgd-tuned` | one step of softmax regression a label | rate |
//! | `sgd-rehearsal-4`, `sgd-rehearsal-32` | the same, and 4 or 32 steps on remembered samples, in 20 kB | rate; whether the memory starts with samples of the host |
//! | `adagrad` | one step with a rate for each weight (Duchi, Hazan and Singer, 2011) | rate |
//! | `nearest-mean` | class means | whether distances are in units of the spread within classes; temperature; samples that the host's mean counts for |
//! | `nearest-neighbours` | a memory of 20 kB | neighbours; whether the memory starts with samples of the host |
//! | `recursive-least-squares` | Newton's step for squared errors against one-hot targets | ridge; steepness; weight of the host's samples |
//! | `logistic-refit` | softmax regression, refitted to all labels seen: an upper bound, which no device has room for | pull towards the host's head |
//!
//! Classes come with their labels, as for the core's heads: [`Learner`].

mod least_squares;
pub mod logistic;
mod means;
mod memory;
mod neighbours;
mod softmax_regression;

pub use least_squares::LeastSquares;
pub use logistic::Logistic;
pub use means::NearestMean;
pub use memory::Memory;
pub use neighbours::NearestNeighbours;
pub use softmax_regression::{Rate, SoftmaxRegression};

use super::learner::{Contender, Learner, Settings};
use super::samples::Start;

/// The bytes that a rival with a memory may have.
pub const BUDGET: usize = 20_000;

/// The rates that gradient steps are tuned over.
const RATES: [f64; 6] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0];

/// Whether a memory starts with samples of the host.
const HOST: (&str, &[f64]) = ("host", &[0.0, 1.0]);

/// Every rival.
pub fn rivals() -> Vec<Contender> {
    let rates = || Settings::grid(&[("rate", &RATES)]);
    let rates_and_memories = || Settings::grid(&[("rate", &RATES), HOST]);
    vec![
        rival("sgd-tuned", rates(), |start, own| {
            Box::new(SoftmaxRegression::new(start, Rate::Fixed(own.get("rate")), 0, false))
        }),
        rival("sgd-rehearsal-4", rates_and_memories(), |start, own| {
            Box::new(SoftmaxRegression::new(start, Rate::Fixed(own.get("rate")), 4, own.get("host") > 0.0))
        }),
        rival("sgd-rehearsal-32", rates_and_memories(), |start, own| {
            Box::new(SoftmaxRegression::new(start, Rate::Fixed(own.get("rate")), 32, own.get("host") > 0.0))
        }),
        rival("adagrad", rates(), |start, own| {
            Box::new(SoftmaxRegression::new(start, Rate::Adaptive(own.get("rate")), 0, false))
        }),
        rival(
            "nearest-mean",
            Settings::grid(&[
                ("scaled", &[0.0, 1.0]),
                ("prior", &[1.0, 3.0, 10.0]),
                ("temperature", &[0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
            ]),
            |start, own| {
                let scaled = own.get("scaled") > 0.0;
                Box::new(NearestMean::new(start, scaled, own.get("prior"), own.get("temperature")))
            },
        ),
        rival("nearest-neighbours", Settings::grid(&[("neighbours", &[1.0, 3.0, 5.0]), HOST]), |start, own| {
            Box::new(NearestNeighbours::new(start, own.get("neighbours") as usize, own.get("host") > 0.0))
        }),
        rival(
            "recursive-least-squares",
            Settings::grid(&[
                ("ridge", &[0.1, 0.3, 1.0, 3.0, 10.0, 30.0]),
                ("weight", &[0.003, 0.01, 0.1, 1.0]),
                ("steepness", &[2.0, 4.0, 8.0, 16.0]),
            ]),
            |start, own| Box::new(LeastSquares::new(start, own.get("ridge"), own.get("weight"), own.get("steepness"))),
        ),
        rival("logistic-refit", Settings::grid(&[("pull", &[0.03, 0.1, 0.3, 1.0, 3.0, 10.0])]), |start, own| {
            Box::new(Logistic::new(start, own.get("pull")))
        }),
    ]
}

fn rival(
    name: &'static str,
    grid: Vec<Settings>,
    new: impl Fn(&Start, &Settings) -> Box<dyn Learner> + Send + Sync + 'static,
) -> Contender {
    Contender { name, ours: false, grid, new: Box::new(move |start, settings| Ok(new(start, settings))) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::samples::{Base, Samples};

    /// Three classes on a circle, with a little noise that repeats.
    fn samples(count: usize) -> Samples {
        let mut samples = Samples::new(2);
        for i in 0..count {
            let angle = (i % 3) as f32 * 2.0 + 0.3 * ((i * 37) % 11) as f32 / 11.0;
            samples.push(&[angle.cos(), angle.sin()], i % 3);
        }
        samples
    }

    fn start(base: bool) -> Start {
        let known = || Arc::new(Base { samples: samples(60), head: vec![0.0; 9] });
        let classes = if base { 3 } else { 0 };
        Start { width: 2, room: 4, classes, base: base.then(known), seed: 1 }
    }

    #[test]
    fn each_learns_three_classes_and_gives_probabilities() {
        for rival in rivals() {
            for base in [false, true] {
                let best = rival.grid.iter().map(|settings| {
                    let mut learner = (rival.new)(&start(base), settings).unwrap();
                    let data = samples(90);
                    for (row, class) in data.rows() {
                        learner.learn(row, class).unwrap();
                    }
                    let mut right = 0;
                    for (row, class) in samples(30).rows() {
                        let mut p = [f64::NAN; 4];
                        learner.probabilities(row, &mut p).unwrap();
                        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9 && p[3] == 0.0, "{} {p:?}", rival.name);
                        right += usize::from((0..3).all(|other| p[other] <= p[class]));
                    }
                    assert!(learner.ram_bytes() > 0 && learner.multiply_adds() > 0);
                    right
                });
                assert_eq!(best.max(), Some(30), "{}, {base}", rival.name);
            }
        }
    }

    #[test]
    fn those_with_a_memory_stay_in_their_budget() {
        for width in [2, 24, 30, 64] {
            for rival in rivals().iter().filter(|rival| rival.name != "logistic-refit") {
                let start = Start { width, room: 10, classes: 0, base: None, seed: 1 };
                let mut learner = (rival.new)(&start, &rival.grid[0]).unwrap();
                for i in 0..3000 {
                    learner.learn(&vec![i as f32 / 3000.0; width], i % 10).unwrap();
                }
                assert!(learner.ram_bytes() <= BUDGET + 700, "{} {}", rival.name, learner.ram_bytes());
            }
        }
    }
}
