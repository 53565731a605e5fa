//! The core's learners: its own code, with settings that are the same for every task.
//!
//! | name | head | starts from the host's knowledge with |
//! |---|---|---|
//! | `discriminant` | [`DiscriminantView`](gradient_decay::DiscriminantView); with a base [`MixedView`](gradient_decay::MixedView) | the training set learned and discounted, and the trained head |
//! | `discriminant+residual` | the same, a [`Residual`](gradient_decay::Residual) on top, which rehearses | the same |
//! | `discriminant+neighbours` | the same, with [`Neighbours`](gradient_decay::Neighbours) on top, as many as fit in what rivals have | the same |
//! | `sgd` | [`LinearView`](gradient_decay::LinearView), a step a label | the trained head |
//! | `sgd-replay` | the same, and four steps on remembered samples | the trained head |
//! | `warm-up` | as `sgd`, beta rising from 0.01 to 1 over 150 labels | the trained head |

use anyhow::{Context, Result};
use gradient_decay::novelty::MomentsView;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{
    Answer, BetaSchedule, DiscriminantView, Learner as CoreLearner, NoveltyView, PairView, Parts, Readout, State,
    StreamingLda,
};

use super::learner::{Contender, Settings};
use super::on_device::{DeviceSettings, HeadKind, OnDevice};
use super::samples::{Samples, Start};
use super::unknown::{Score, Verdict};

/// The learning rate of steps on a linear head, and on a residual.
const RATE: f64 = 0.05;
const RESIDUAL_RATE: f64 = 0.03;

/// Samples of each class in the memory, and steps on them with each label.
const SLOTS: f64 = 10.0;
const REHEARSALS: f64 = 4.0;

/// The warm-up: beta at its start and at its end, and its steps.
const WARM_UP: (f64, f64, f64) = (0.01, 1.0, 150.0);

/// The names of our learners.
pub const NAMES: [&str; 6] =
    ["discriminant", "discriminant+residual", "discriminant+neighbours", "sgd", "sgd-replay", "warm-up"];

/// Our learners, with the same settings for every task.
pub fn ours() -> Vec<Contender> {
    let settings = |name: &str| match name {
        // Without a number of slots they fill the RAM that rivals have.
        "discriminant+neighbours" => Settings::default(),
        name => defaults(name),
    };
    NAMES.into_iter().filter_map(|name| ours_with(name, vec![settings(name)])).collect()
}

/// One of our learners, with the settings that it may be tuned over; `None` if there is none of this name.
pub fn ours_with(name: &str, grid: Vec<Settings>) -> Option<Contender> {
    NAMES.into_iter().find(|own| *own == name).map(|name| variant(name, name, grid))
}

/// One of our learners under another name.
fn variant(name: &'static str, of: &'static str, grid: Vec<Settings>) -> Contender {
    let new = move |start: &Start, settings: &Settings| {
        let learner = OnDevice::new(start, device_settings(of, settings)?)?;
        Ok(Box::new(learner) as Box<dyn super::learner::Learner>)
    };
    Contender { name, ours: true, grid, new: Box::new(new) }
}

/// Learners that follow a user who changes: counts of a class that are bounded, and a head that is told and
/// [discounts](gradient_decay::discriminant::Discriminant::discount) what it knows; with kept samples on top as well.
pub fn followers() -> Vec<Contender> {
    let of = |name, settings: &[(&'static str, f64)]| variant(name, "discriminant", vec![Settings(settings.to_vec())]);
    let near = |name, settings: &[(&'static str, f64)]| {
        variant(name, "discriminant+neighbours", vec![Settings(settings.to_vec())])
    };
    vec![
        of("discriminant", &[]),
        of("most 5", &[("most", 5.0)]),
        of("most 10", &[("most", 10.0)]),
        of("most 20", &[("most", 20.0)]),
        of("most 50", &[("most", 50.0)]),
        of("told", &[("told", 1.0)]),
        near("neighbours", &[]),
        near("neighbours, told", &[("told", 1.0)]),
    ]
}

/// The residual with other settings: rates, betas and a warm-up.
pub fn residuals() -> Vec<Contender> {
    let memory = [("slots", SLOTS), ("rehearsals", REHEARSALS)];
    let of = |name, settings: &[(&'static str, f64)]| {
        variant(name, "discriminant+residual", vec![Settings([settings, &memory].concat())])
    };
    let rate = ("rate", 0.003);
    let (low, high, steps) = WARM_UP;
    vec![
        variant("discriminant", "discriminant", vec![defaults("discriminant")]),
        of("rate 0.001", &[("rate", 0.001), ("beta", 1.0)]),
        of("rate 0.003", &[rate, ("beta", 1.0)]),
        of("rate 0.01", &[("rate", 0.01), ("beta", 1.0)]),
        of("rate 0.03", &[("rate", 0.03), ("beta", 1.0)]),
        of("beta 0.01", &[rate, ("beta", 0.01)]),
        of("beta 0.1", &[rate, ("beta", 0.1)]),
        of("beta 5", &[rate, ("beta", 5.0)]),
        of("warm-up", &[rate, ("first_beta", low), ("beta", high), ("steps", steps)]),
    ]
}

/// The settings that one of our learners has where nobody chose others.
pub fn defaults(name: &str) -> Settings {
    let memory = [("slots", SLOTS), ("rehearsals", REHEARSALS)];
    let with_memory = |rate| [&[("rate", rate), ("beta", 1.0)], &memory[..]].concat();
    let (low, high, steps) = WARM_UP;
    Settings(match name {
        "discriminant+residual" => with_memory(RESIDUAL_RATE),
        "discriminant+neighbours" => vec![("slots", SLOTS)],
        "sgd" => vec![("rate", RATE), ("beta", 1.0)],
        "sgd-replay" => with_memory(RATE),
        "warm-up" => vec![("rate", RATE), ("first_beta", low), ("beta", high), ("steps", steps)],
        _ => Vec::new(),
    })
}

/// The settings of a learner on a device; what is not named has no part in it.
///
/// # Errors
/// If a beta is out of range.
pub fn device_settings(name: &str, settings: &Settings) -> Result<DeviceSettings> {
    let number = |name| settings.find(name);
    let (beta, steps) = (number("beta").unwrap_or(1.0) as f32, number("steps").unwrap_or_default() as u32);
    let head = match name {
        "discriminant" => HeadKind::Discriminant,
        "discriminant+residual" => HeadKind::Residual,
        "discriminant+neighbours" => HeadKind::Neighbours,
        _ => HeadKind::Linear,
    };
    let lda = StreamingLda::new();
    Ok(DeviceSettings {
        head,
        lda: number("most").map_or(lda, |most| lda.with_most(most as u32)),
        told: number("told").is_some(),
        rate: number("rate").unwrap_or(RATE) as f32,
        schedule: match number("first_beta") {
            Some(first) => BetaSchedule::try_linear(first as f32, beta, steps)?,
            None => BetaSchedule::try_constant(beta)?,
        },
        slots: number("slots").unwrap_or_default() as usize,
        rehearsals: number("rehearsals").unwrap_or_default() as u32,
    })
}

/// The score of the core's novelty behind a discriminant, by distance and probability; it passes what that answers. The bits are those of a
/// [`Novelty`](gradient_decay::Novelty) whose shape is known when it is compiled.
pub fn novelty() -> Score {
    let judge = |start: &Start, samples: &Samples, judged: &Samples| {
        let Start { room, width, .. } = *start;
        let mut numbers = vec![0.0; StatisticsView::numbers_of(room, width)];
        let mut scratch = vec![0.0; StatisticsView::scratch_of(room, width)];
        let mut moments = vec![0.0; MomentsView::<f32>::numbers_of(room, width)];
        let (mut counts, mut its_counts, mut work) = (vec![0; room], vec![0; room], vec![0.0; 2 * room]);
        let mut head = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, width)?;
        head.truncate(0)?;
        let readout = NoveltyView::over(&mut moments, &mut its_counts, width, Readout::new())?;
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
        let mut learner = CoreLearner::with_state(head, State::with_work(PairView::new(&mut work, room)?), parts);
        for (row, class) in samples.rows() {
            if class == learner.classes() {
                learner.add_class()?;
            }
            learner.learn(&StreamingLda::new(), row, class)?;
        }
        let verdict = |(features, _): (&[f32], usize)| {
            let answer = learner.answer(features)?;
            let score = learner.parts().readout.score(features, answer.prediction().probability);
            let score = -f64::from(score.context("nothing was learned")?);
            Ok(Verdict { score, passes: Some(matches!(answer, Answer::Class(_))) })
        };
        judged.rows().map(verdict).collect()
    };
    Score { name: "novelty".to_owned(), judge: Box::new(judge) }
}

#[cfg(test)]
mod tests {
    use gradient_decay::{DiscriminantHead, Novelty};

    use super::*;
    use crate::synthetic::Synthetic;
    use crate::tasks::{Purpose, Task as _};

    /// The lengths of [`Synthetic`].
    const CLASSES: usize = 4;
    const FEATURES: usize = 2;

    #[test]
    fn novelty_has_the_bits_of_a_device() {
        let task = Synthetic::new(false);
        assert_eq!(task.shape(), (CLASSES, FEATURES));
        let [user, _] = task.pool(Purpose::Test, 1, false).users;
        let learned = user.stream.select(&(0..40).collect::<Vec<_>>());
        let start = Start { width: FEATURES, room: CLASSES, classes: 0, base: None, seed: 1 };
        let mut samples = Samples::new(FEATURES);
        // Classes come in the order of their numbers.
        for class in 0..CLASSES {
            learned.rows().filter(|(_, own)| *own == class).for_each(|(row, own)| samples.push(row, own));
        }
        let found = (novelty().judge)(&start, &samples, &user.test).unwrap();

        let readout: Novelty<CLASSES, FEATURES> = Novelty::new(Readout::new());
        let parts = Parts { preprocess: (), memory: (), guard: (), calibration: (), readout };
        let mut device = CoreLearner::new(DiscriminantHead::<CLASSES, FEATURES, 1>::empty(), parts);
        for (row, class) in samples.rows() {
            if class == device.classes() {
                device.add_class().unwrap();
            }
            device.learn(&StreamingLda::new(), row.try_into().unwrap(), class).unwrap();
        }
        for ((row, _), found) in user.test.rows().zip(found) {
            let row = row.try_into().unwrap();
            let answer = device.answer(row).unwrap();
            let score = device.parts().readout.score(row, answer.prediction().probability).unwrap();
            assert_eq!((found.score, found.passes), (-f64::from(score), Some(answer.class().is_some())));
        }
    }
}
