//! The plots of a group of runs.

use anyhow::Result;

use super::curriculum::{Difficulty, FIFTHS};
use super::groups::{Arm, Group};
use crate::experiments::Row;
use crate::report::chart::{self, Axes, Curve, lines};
use crate::training::EpochRecord;

/// The training error after each epoch.
pub fn convergence(group: &Group<'_>) -> Result<String> {
    over_epochs(group, "training error, %", |epoch| 100.0 * (1.0 - epoch.train.accuracy))
}

/// The expected calibration error on the test images after each epoch.
pub fn calibration(group: &Group<'_>) -> Result<String> {
    over_epochs(group, "test ECE by softmax, %", |epoch| 100.0 * epoch.test.ece)
}

/// The curvature of the loss after each epoch.
pub fn curvature(group: &Group<'_>) -> Result<String> {
    over_epochs(group, "curvature of the loss", |epoch| epoch.smoothness.curvature)
}

/// The mean epoch since which images are right, by their difficulty; empty without plain softmax.
pub fn curriculum(group: &Group<'_>) -> Result<String> {
    let Some(difficulty) = Difficulty::of(group) else { return Ok(String::new()) };
    let curve = |arm: &Arm<'_>| Curve {
        label: arm.loss.label(),
        points: (1..=FIFTHS).map(|fifth| fifth as f64).zip(difficulty.learned_by(arm)).collect(),
    };
    let curves: Vec<Curve> = group.arms.iter().map(curve).collect();
    let high = highest(&curves, 100);
    let axes = Axes {
        x: ("difficulty: fifth of the images by the loss of plain softmax", 1.0, FIFTHS as f64),
        y: ("right since epoch, mean", 0.0, high),
    };
    lines(&curves, &axes)
}

/// The reliability diagram of each arm, by softmax and by the consistent probabilities.
pub fn reliability(group: &Group<'_>) -> Result<String> {
    let diagram = |arm: &Arm<'_>| {
        let softmax = chart::pooled(arm.runs.iter().map(|run| &run.test.softmax.bins[..]));
        let consistent = chart::pooled(arm.runs.iter().map(|run| &run.test.consistent.bins[..]));
        chart::reliability(&arm.loss.label(), &softmax, &consistent)
    };
    group.arms.iter().map(diagram).collect()
}

/// The histogram of the confidence by softmax of each arm.
pub fn histograms(group: &Group<'_>) -> Result<String> {
    let histogram = |arm: &Arm<'_>| {
        let bins = chart::pooled(arm.runs.iter().map(|run| &run.test.softmax.bins[..]));
        chart::histogram(&arm.loss.label(), &bins)
    };
    group.arms.iter().map(histogram).collect()
}

/// A figure after each epoch, means over seeds.
fn over_epochs(group: &Group<'_>, name: &'static str, figure: fn(&EpochRecord) -> f32) -> Result<String> {
    let curve = |arm: &Arm<'_>| {
        let epochs = arm.runs.iter().map(|run| run.epochs.len()).min().unwrap_or(0);
        let mean = |epoch: usize| {
            let sum: f64 = arm.runs.iter().map(|run: &&Row| f64::from(figure(&run.epochs[epoch]))).sum();
            ((epoch + 1) as f64, sum / arm.runs.len() as f64)
        };
        Curve { label: arm.loss.label(), points: (0..epochs).map(mean).collect() }
    };
    let curves: Vec<Curve> = group.arms.iter().map(curve).collect();
    let right = f64::from(group.settings.epochs).max(2.0);
    // A first epoch that is far off would flatten the rest.
    let high = highest(&curves, 90);
    lines(&curves, &Axes { x: ("epoch", 1.0, right), y: (name, 0.0, high) })
}

/// A little above the given percentile of all values.
fn highest(curves: &[Curve], percentile: usize) -> f64 {
    let mut values: Vec<f64> = curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y)).collect();
    values.sort_by(f64::total_cmp);
    let index = (values.len() * percentile / 100).min(values.len().saturating_sub(1));
    values.get(index).map_or(1.0, |value| 1.1 * value.max(1e-6))
}
