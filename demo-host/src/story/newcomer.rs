//! A class that arrives while the device is in use: the head knows nine digits, learns from shifted ones, and meets the tenth.
//!
//! The frozen layer in front has seen all ten when it was trained; the head's row of the newcomer is taken away.

use anyhow::Result;
use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Quantized, Replay, Sgd};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::device::Samples;
use crate::data::digits::CLASSES;
use crate::models::MLP_FEATURES as FEATURES;

/// The row of the newcomer, behind those of the known classes.
const NEW: usize = CLASSES - 1;

/// The samples that a user shows of the new class at once.
pub const SHOWN: usize = 3;

/// The labelled samples after the arrival at which the head is measured a second time.
pub const LATER: usize = 50;

/// Samples of each class in the memory.
const SLOTS: usize = 10;

type Head = LinearHead<CLASSES, FEATURES>;
type Memory = Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>>;
type Device = Learner<Head, Parts<(), Memory>>;

/// How a device takes in a new class.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Beta, as tables name it.
    pub beta: &'static str,
    /// Beta by the labelled sample; its warm-up starts again when the class arrives.
    pub schedule: BetaSchedule,
    /// Steps on remembered samples with each new one.
    pub rehearsals: u32,
}

/// Accuracy on the test images of the nine known classes and of the new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracies {
    /// Of the known classes.
    pub known: f32,
    /// Of the new one.
    pub new: f32,
}

/// How an arm fared with one order of the stream and one digit as the newcomer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Before the arrival; nothing of the new class is right.
    pub before: Accuracies,
    /// After [`LATER`] labelled samples of all ten classes.
    pub later: Accuracies,
    /// After the whole stream.
    pub end: Accuracies,
}

/// An arm with its courses, one a seed.
pub struct Reception {
    /// The arm.
    pub arm: Arm,
    /// With seed s, the digit s modulo 10 is the newcomer.
    pub courses: Vec<Course>,
}

/// The ways to take in a class that are compared.
pub fn arms() -> Vec<Arm> {
    let arm = |beta, schedule, rehearsals| Arm { beta, schedule, rehearsals };
    vec![
        arm("1 (plain)", BetaSchedule::constant(1.0), 0),
        arm("1 (plain)", BetaSchedule::constant(1.0), 2),
        arm("0.1", BetaSchedule::constant(0.1), 2),
        arm("0.01 -> 1, geometric", BetaSchedule::geometric(0.01, 1.0, 150), 2),
    ]
}

/// Every arm with so many seeds: `head` is trained on all ten digits, `stream` is learned from, `test` is measured on.
/// `progress` is called once an arm and seed.
///
/// # Errors
/// If the head does not fit, or a sample is refused.
pub fn receive(
    head: &[f32],
    stream: &Samples,
    test: &Samples,
    learning_rate: f32,
    seeds: u64,
    mut progress: impl FnMut(),
) -> Result<Vec<Reception>> {
    let mut receptions = Vec::new();
    for arm in arms() {
        let mut courses = Vec::new();
        for seed in 0..seeds {
            courses.push(course(head, stream, test, &arm, learning_rate, seed)?);
            progress();
        }
        receptions.push(Reception { arm, courses });
    }
    Ok(receptions)
}

fn course(head: &[f32], stream: &Samples, test: &Samples, arm: &Arm, learning_rate: f32, seed: u64) -> Result<Course> {
    let newcomer = (seed % CLASSES as u64) as usize;
    // The known classes keep their order, and the newcomer comes last.
    let row_of = |digit: usize| match digit {
        _ if digit == newcomer => NEW,
        _ if digit > newcomer => digit - 1,
        _ => digit,
    };
    let mut head = reordered(head, row_of)?;
    head.truncate(NEW)?;
    let memory = Memory::new(seed as u32);
    let mut device = Device::new(head, Parts { preprocess: (), memory, guard: (), calibration: (), readout: () });
    let tuner = FineTuner::new(arm.schedule, Sgd::try_new(learning_rate)?);
    let learn = |device: &mut Device, sample: usize| -> Result<()> {
        device.learn(&tuner, stream.features(sample), row_of(stream.labels[sample]))?;
        device.rehearse(&tuner, arm.rehearsals);
        Ok(())
    };

    let mut order: Vec<usize> = (0..stream.labels.len()).collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    let (new, known): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|i| stream.labels[*i] == newcomer);
    let (first, second) = known.split_at(known.len() / 2);
    for sample in first {
        learn(&mut device, *sample)?;
    }
    let measure = |device: &Device| accuracies(device.head(), test, row_of);
    let before = measure(&device)?;

    let (shown, rest) = new.split_at(SHOWN.min(new.len()));
    device.add_class()?;
    device.set_steps(0);
    let mut mixed: Vec<usize> = second.iter().chain(rest).copied().collect();
    mixed.shuffle(&mut StdRng::seed_from_u64(seed + 1000));
    let mut later = before;
    for (count, sample) in shown.iter().chain(&mixed).enumerate() {
        learn(&mut device, *sample)?;
        if count + 1 == LATER {
            later = measure(&device)?;
        }
    }
    Ok(Course { before, later, end: measure(&device)? })
}

/// The head with its rows in another order.
fn reordered(parameters: &[f32], row_of: impl Fn(usize) -> usize) -> Result<Head> {
    let mut new = vec![0.0; parameters.len()];
    let bias = CLASSES * FEATURES;
    for digit in 0..CLASSES {
        let row = row_of(digit);
        new[row * FEATURES..][..FEATURES].copy_from_slice(&parameters[digit * FEATURES..][..FEATURES]);
        new[bias + row] = parameters[bias + digit];
    }
    let mut head = Head::new();
    head.import(&new)?;
    Ok(head)
}

fn accuracies(head: &Head, test: &Samples, row_of: impl Fn(usize) -> usize) -> Result<Accuracies> {
    let (mut right, mut all) = ([0_u32; 2], [0_u32; 2]);
    for (sample, label) in test.labels.iter().enumerate() {
        let class = row_of(*label);
        let group = usize::from(class == NEW);
        all[group] += 1;
        right[group] += u32::from(head.predict(test.features(sample))?.class == class);
    }
    let share = |group: usize| right[group] as f32 / all[group] as f32;
    Ok(Accuracies { known: share(0), new: share(1) })
}

impl Reception {
    /// Mean and standard deviation over the seeds of an accuracy.
    pub fn spread(&self, accuracy: impl Fn(&Course) -> f32) -> (f32, f32) {
        let values: Vec<f32> = self.courses.iter().map(accuracy).collect();
        let n = values.len() as f32;
        let mean = values.iter().sum::<f32>() / n;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / (n - 1.0);
        (mean, variance.sqrt())
    }
}
