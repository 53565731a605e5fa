//! The whole story on the embedded digits: what a device learns a label; then train, verify, fine-tune.

pub mod device;
pub mod newcomer;

use std::thread;

use anyhow::{Context, Result, anyhow};
use gradient_decay::{BetaSchedule, GradientDecay};

use self::device::{Arm, Samples, Trace, adapt};
use self::newcomer::Reception;
use crate::data::{Parts, Split, digits};
use crate::evaluation::{Evaluation, Metrics, ReadOut};
use crate::models::CoreMlp;
use crate::progress::{RunsBar, progress_bar};
use crate::tasks::digits::Digits;
use crate::training::{CoreRun, EpochRecord, Loss, Settings, WarmUp, WarmUpShape};
use crate::verification::{Verification, against_oracle};
use simulation::adaptation::{Study, study};
use simulation::ours;
use simulation::scenarios::Scenario;

/// Every loss is trained with these seeds.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// The orders of the stream that every way to fine-tune meets.
pub const ORDERS: u64 = 100;

/// The orders in which a new class arrives; each digit is the newcomer in a tenth of them.
pub const NEWCOMER_SEEDS: u64 = 100;

/// The orders of labels in which the core's learners meet a new user.
const USER_ORDERS: u64 = 20;

/// The training accuracy that epochs are counted to.
pub const TRAINING_GOAL: f32 = 0.99;

/// The accuracy that labelled samples are counted to on the device.
pub const DEVICE_GOAL: f32 = 0.70;

/// The learning rate of the device.
const DEVICE_RATE: f32 = 0.05;

/// All that the story found out.
pub struct Story {
    /// The core's learners on a device that meets a new user.
    pub user: Study,
    /// One entry a loss, plain softmax first.
    pub losses: Vec<TrainedLoss>,
    /// The core against f64.
    pub verification: Verification,
    /// One entry a way to fine-tune, plain cross-entropy first.
    pub traces: Vec<Trace>,
    /// One entry a way to take in a new class.
    pub receptions: Vec<Reception>,
}

/// A loss with the runs that it was trained in, one a seed.
pub struct TrainedLoss {
    /// Its name in tables and plots.
    pub label: String,
    /// What it was trained with; the seed is each run's own.
    pub settings: Settings,
    /// The runs.
    pub runs: Vec<TrainedRun>,
}

/// What is kept of a finished run.
pub struct TrainedRun {
    /// What was measured after each epoch.
    pub epochs: Vec<EpochRecord>,
    /// On the test images, by softmax.
    pub softmax: Evaluation,
    /// On the test images, by the consistent probabilities.
    pub consistent: Evaluation,
}

impl Story {
    /// Goes through the whole story.
    ///
    /// # Errors
    /// If a training diverges, or the core refuses a sample.
    pub fn of(data: &Parts) -> Result<Self> {
        let user = meet_a_user()?;
        let (losses, model) = train_all(data)?;
        let verification = against_oracle(&model, &data.test)?;
        let (traces, receptions) = adapt_all(&model)?;
        Ok(Story { user, losses, verification, traces, receptions })
    }
}

/// Every learner of the core, with settings that are the same for every task.
fn meet_a_user() -> Result<Study> {
    let bar = RunsBar::new("a new user");
    let learners = ours();
    let found = study(&Digits::new()?, Scenario::NewUser, &learners, USER_ORDERS, &bar)?;
    bar.finish();
    found.context("the digits have a new user")
}

/// The losses of the story, plain softmax first.
fn losses() -> Vec<Settings> {
    let plain = CoreRun::plain_settings();
    let with = |beta: f32, start: Option<f32>| {
        let warm_up = start.map(|start| WarmUp { start, epochs: plain.epochs / 2, shape: WarmUpShape::Linear });
        Settings { loss: Loss::GradientDecay { beta, warm_up, scale_rate: false }, ..plain.clone() }
    };
    vec![
        with(1.0, None),
        with(0.01, None),
        with(0.1, None),
        with(2.0, None),
        with(5.0, None),
        with(1.0, Some(0.01)),
        with(5.0, Some(0.01)),
    ]
}

/// Trains every loss with every seed, on all cores; also returns the first model, of plain softmax.
fn train_all(data: &Parts) -> Result<(Vec<TrainedLoss>, CoreMlp)> {
    let losses = losses();
    let runs: Vec<Settings> =
        losses.iter().flat_map(|settings| SEEDS.map(|seed| Settings { seed, ..settings.clone() })).collect();
    let epochs = runs.iter().map(|settings| u64::from(settings.epochs)).sum();
    let bar = progress_bar(epochs, "train");
    let threads = thread::available_parallelism().map_or(1, usize::from).min(runs.len());
    let share = |first: usize| -> Result<Vec<(usize, CoreRun)>> {
        let mine = runs.iter().enumerate().skip(first).step_by(threads);
        mine.map(|(index, settings)| {
            let mut run = CoreRun::new(settings.clone())?;
            while !run.is_done() {
                run.epoch(data).with_context(|| settings.describe())?;
                bar.inc(1);
            }
            Ok((index, run))
        })
        .collect()
    };
    let shares: Vec<Result<_>> = thread::scope(|scope| {
        let share = &share;
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || share(first))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(anyhow!("a training panicked"))))
            .collect()
    });
    bar.finish_and_clear();
    let mut trained: Vec<(usize, CoreRun)> =
        shares.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    trained.sort_by_key(|(index, _)| *index);
    let model = trained.first().context("there is no loss to train")?.1.model.clone();
    let mut trained = trained.into_iter();
    let of_loss = |settings: Settings| {
        let runs = trained.by_ref().take(SEEDS.len()).map(|(_, run)| measure(&run, data)).collect::<Result<_>>()?;
        let label = if settings.loss.is_plain() { "1 (plain)".to_owned() } else { settings.loss.label() };
        Ok(TrainedLoss { label, settings, runs })
    };
    Ok((losses.into_iter().map(of_loss).collect::<Result<_>>()?, model))
}

fn measure(run: &CoreRun, data: &Parts) -> Result<TrainedRun> {
    let outputs = run.model.outputs(&data.test)?;
    let by = |read_out| outputs.evaluate(&data.test.labels, read_out);
    Ok(TrainedRun {
        epochs: run.epochs.clone(),
        softmax: by(ReadOut::Softmax)?,
        consistent: by(ReadOut::Consistent(run.settings.loss.final_beta()))?,
    })
}

/// Fine-tunes the head of a model on the shifted digits in every way, and lets a new class arrive in every way.
fn adapt_all(model: &CoreMlp) -> Result<(Vec<Trace>, Vec<Reception>)> {
    let samples = |split: Split| -> Result<Samples> {
        Ok(Samples { features: model.outputs(&split)?.features, labels: split.labels })
    };
    let stream = samples(digits::split(&::digits::device_stream()))?;
    let test = samples(digits::split(&::digits::device_test()))?;
    let small = GradientDecay::new(0.1);
    let arm = |label: &str, schedule, learning_rate| Arm { label: label.to_owned(), schedule, learning_rate };
    let arms = [
        arm("1 (plain cross-entropy)", BetaSchedule::constant(1.0), DEVICE_RATE),
        arm("0.1", BetaSchedule::constant(0.1), DEVICE_RATE),
        arm("0.1, rate / (2 G)", BetaSchedule::constant(0.1), DEVICE_RATE * 0.5 / small.mean_gradient()),
        arm("5", BetaSchedule::constant(5.0), DEVICE_RATE),
        arm("0.01 -> 1, linear", BetaSchedule::linear(0.01, 1.0, 150), DEVICE_RATE),
        arm("0.01 -> 1, geometric", BetaSchedule::geometric(0.01, 1.0, 150), DEVICE_RATE),
    ];
    let bar = progress_bar(ORDERS * arms.len() as u64, "fine-tune on the device");
    let head = model.head();
    let traces = adapt(&head, &stream, &test, &arms, ORDERS, || bar.inc(1))?;
    bar.finish_and_clear();
    let bar = progress_bar(NEWCOMER_SEEDS * newcomer::arms().len() as u64, "a new class on the device");
    let receptions = newcomer::receive(&head, &stream, &test, DEVICE_RATE, NEWCOMER_SEEDS, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok((traces, receptions))
}

impl TrainedLoss {
    /// The mean over the seeds of a figure.
    pub fn mean(&self, figure: impl Fn(&TrainedRun) -> f32) -> f32 {
        self.runs.iter().map(figure).sum::<f32>() / self.runs.len() as f32
    }

    /// The mean over the seeds of a metric of the last epoch on the training images.
    pub fn train(&self, metric: impl Fn(&Metrics) -> f32) -> f32 {
        self.mean(|run| run.epochs.last().map_or(f32::NAN, |epoch| metric(&epoch.train)))
    }

    /// The mean over the seeds of the first epoch with a training accuracy of at least [`TRAINING_GOAL`]; `None` if a
    /// seed never has it.
    pub fn epochs_to_goal(&self) -> Option<f32> {
        let mut sum = 0;
        for run in &self.runs {
            sum += 1 + run.epochs.iter().position(|epoch| epoch.train.accuracy >= TRAINING_GOAL)?;
        }
        Some(sum as f32 / self.runs.len() as f32)
    }
}
