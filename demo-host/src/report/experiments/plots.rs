//! The plots of a group of runs.

use anyhow::Result;

use super::curriculum::{Difficulty, FIFTHS};
use super::groups::{Arm, Group};
use crate::evaluation::Evaluation;
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

/// The mean epoch from which on images are right, by their difficulty; empty without plain softmax.
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

/// The smallest number of images of a bin whose accuracy is drawn; with fewer it is mostly chance.
const BIN_IMAGES: u32 = 50;

/// The reliability diagram by one read-out: accuracy over mean confidence, bins pooled over seeds, a curve an arm, beside the diagonal.
pub fn reliability(group: &Group<'_>, by: fn(&Row) -> &Evaluation, name: &'static str) -> Result<String> {
    let curve = |arm: &Arm<'_>| Curve {
        label: arm.loss.label(),
        points: chart::pooled(arm.runs.iter().map(|run| &by(run).bins[..]))
            .iter()
            .flatten()
            .filter(|bar| bar.count >= BIN_IMAGES)
            .map(|bar| (f64::from(bar.confidence), f64::from(bar.accuracy)))
            .collect(),
    };
    let diagonal = Curve { label: "perfect calibration".to_owned(), points: vec![(0.0, 0.0), (1.0, 1.0)] };
    let curves: Vec<Curve> = std::iter::once(diagonal).chain(group.arms.iter().map(curve)).collect();
    lines(&curves, &Axes { x: (name, 0.0, 1.0), y: ("accuracy", 0.0, 1.0) })
}

/// The share of the test images whose confidence by softmax is no larger, a curve an arm.
pub fn histograms(group: &Group<'_>) -> Result<String> {
    let curve = |arm: &Arm<'_>| {
        let bins = chart::pooled(arm.runs.iter().map(|run| &run.test.softmax.bins[..]));
        let counts = bins.iter().map(|bar| bar.map_or(0.0, |bar| f64::from(bar.count)));
        let total: f64 = counts.clone().sum();
        let mut below = 0.0;
        let points = counts.enumerate().map(|(bin, count)| {
            below += count;
            ((bin + 1) as f64 / bins.len() as f64, below / total)
        });
        Curve { label: arm.loss.label(), points: std::iter::once((0.0, 0.0)).chain(points).collect() }
    };
    let curves: Vec<Curve> = group.arms.iter().map(curve).collect();
    let axes = Axes { x: ("confidence by softmax", 0.0, 1.0), y: ("share of the test images up to it", 0.0, 1.0) };
    lines(&curves, &axes)
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
    // A far-off first epoch would flatten the rest.
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
