//! The whole story on the embedded digits: train, verify, replay, adapt, report.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use burn::tensor::Device;
use gradient_decay::{BetaSchedule, GradientDecay};

use crate::compute::Compute;
use crate::data::{DatasetName, Parts, Split, digits};
use crate::device::{Arm, Samples, Trace, adapt};
use crate::evaluation::{Evaluation, Metrics, Outputs, ReadOut};
use crate::files;
use crate::models::{Model, ModelName, core_parameters};
use crate::newcomer::{self, Reception};
use crate::progress::progress_bar;
use crate::report;
use crate::training::{EpochRecord, Loss, Outcome, Run, Settings, WarmUp, WarmUpShape};
use crate::verification::{Verification, verify};

/// Every loss is trained with these seeds.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// The orders of the stream that every way to fine-tune meets.
pub const ORDERS: u64 = 100;

/// The orders in which a new class arrives; each digit is the newcomer in a tenth of them.
pub const NEWCOMER_SEEDS: u64 = 100;

/// The training accuracy that epochs are counted to.
pub const TRAINING_GOAL: f32 = 0.99;

/// The accuracy that labelled samples are counted to on the device.
pub const DEVICE_GOAL: f32 = 0.70;

/// The learning rate of the device.
const DEVICE_RATE: f32 = 0.05;

/// All that the story found out.
pub struct Story {
    /// One entry a loss, plain softmax first.
    pub losses: Vec<TrainedLoss>,
    /// Core against burn.
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

/// Tells the story and writes the report. `false` if core and burn disagree.
///
/// # Errors
/// If the report cannot be written, which is found out first, or a training diverges.
pub fn tell(report_path: &Path) -> Result<bool> {
    files::check_writable(report_path)?;
    let data = DatasetName::Digits.load(None)?.hold_out(0)?;
    println!(
        "Digits 8x8: {} to train, {} by other writers to test. MLP 64-64-10, {} seeds.\n",
        data.train.len(),
        data.test.len(),
        SEEDS.len()
    );
    let (losses, model, device) = train_all(&data)?;
    let verification = verify(&model, &data.test, &device)?;
    let (traces, receptions) = adapt_all(&model, &device)?;
    let story = Story { losses, verification, traces, receptions };
    print!("{}", report::story_text(&story));
    files::write_whole(report_path, report::story_html(&story)?.as_bytes())?;
    println!("\nThe report is in {}", report_path.display());
    Ok(story.verification.holds())
}

/// The losses of the story, plain softmax first.
fn losses() -> Vec<Settings> {
    let plain = Settings::new(DatasetName::Digits, ModelName::Mlp);
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

/// Trains every loss with every seed; also returns the first model, of plain softmax.
fn train_all(data: &Parts) -> Result<(Vec<TrainedLoss>, Model, Device)> {
    let mut trained = Vec::new();
    let mut first = None;
    for settings in losses() {
        let label = if settings.loss.is_plain() { "1 (plain)".to_owned() } else { settings.loss.label() };
        let mut runs = Vec::new();
        for seed in SEEDS {
            let mut run = Run::new(Settings { seed, ..settings.clone() }, &Compute::Cpu.device()?)?;
            let bar = progress_bar(u64::from(settings.epochs), &format!("train, beta {label}, seed {seed}"));
            let stop = AtomicBool::new(false);
            while !run.is_done() {
                if run.epoch(data, &stop, || ())? == Outcome::Interrupted {
                    bail!("the training was interrupted");
                }
                bar.inc(1);
            }
            bar.finish_and_clear();
            runs.push(measure(&run, data)?);
            first.get_or_insert_with(|| run.trained());
        }
        trained.push(TrainedLoss { label, settings, runs });
    }
    let Some((model, device)) = first else { bail!("there is no loss to train") };
    Ok((trained, model, device))
}

fn measure(run: &Run, data: &Parts) -> Result<TrainedRun> {
    let outputs = run.outputs(&data.test);
    let by = |read_out| outputs.evaluate(&data.test.labels, read_out);
    Ok(TrainedRun {
        epochs: run.epochs.clone(),
        softmax: by(ReadOut::Softmax)?,
        consistent: by(ReadOut::Consistent(run.settings.loss.final_beta()))?,
    })
}

/// Fine-tunes the head of a model on the shifted digits in every way, and lets a new class arrive in every way.
fn adapt_all(model: &Model, device: &Device) -> Result<(Vec<Trace>, Vec<Reception>)> {
    let samples =
        |split: Split| Samples { features: Outputs::of(model, &split, None, device).features, labels: split.labels };
    let stream = samples(digits::split(&::digits::device_stream()));
    let test = samples(digits::split(&::digits::device_test()));
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
    let head = core_parameters(model.head());
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
