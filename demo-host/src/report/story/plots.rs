//! The plots of the story.

use anyhow::Result;
use gradient_decay::GradientDecay;

use crate::report::chart::{self, Axes, Curve, lines};
use crate::story::device::MEASURE_EVERY;
use crate::story::{Story, TrainedLoss};

/// The gradient decay curves g(p) for several beta.
pub fn gradient_decay() -> Result<String> {
    let mut curves = Vec::new();
    for beta in [0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 20.0] {
        let loss = GradientDecay::try_new(beta)?;
        let point = |i: u16| -> Result<(f64, f64)> {
            let p = f32::from(i) / 400.0;
            Ok((f64::from(p), f64::from(loss.gradient_magnitude(p)?)))
        };
        curves.push(Curve { label: format!("beta {beta}"), points: (0..=400).map(point).collect::<Result<_>>()? });
    }
    let axes = Axes { x: ("probability p of the target", 0.0, 1.0), y: ("magnitude of the gradient g(p)", 0.0, 1.0) };
    lines(&curves, &axes)
}

/// The training accuracy after each epoch, means over the seeds.
pub fn convergence(story: &Story) -> Result<String> {
    let curve = |loss: &TrainedLoss| {
        let epochs = loss.runs.first().map_or(0, |run| run.epochs.len());
        let point = |epoch: usize| {
            let error = 1.0 - loss.mean(|run| run.epochs[epoch].train.accuracy);
            ((epoch + 1) as f64, f64::from(100.0 * error))
        };
        Curve { label: loss.label.clone(), points: (0..epochs).map(point).collect() }
    };
    let curves: Vec<Curve> = story.losses.iter().map(curve).collect();
    lines(&curves, &Axes { x: ("epoch", 1.0, 30.0), y: ("training error, %", 0.0, 12.0) })
}

/// The accuracy on the device after so many labelled samples, means over the orders.
pub fn adaptation(story: &Story) -> Result<String> {
    let curves: Vec<Curve> = story
        .traces
        .iter()
        .map(|trace| {
            let accuracy = trace.mean(|metrics| metrics.accuracy).into_iter().enumerate();
            let points = accuracy.map(|(i, a)| ((i * MEASURE_EVERY) as f64, f64::from(100.0 * a))).collect();
            Curve { label: trace.arm.label.clone(), points }
        })
        .collect();
    let values = || curves.iter().flat_map(|curve| curve.points.iter());
    let right = values().map(|(x, _)| *x).fold(1.0, f64::max);
    let low = values().map(|(_, y)| *y).fold(100.0, f64::min);
    let high = values().map(|(_, y)| *y).fold(0.0, f64::max);
    let y = ("test accuracy, %", (low - 1.0).floor(), (high + 1.0).ceil());
    lines(&curves, &Axes { x: ("labelled samples", 0.0, right), y })
}

/// The reliability diagram of a loss, over all its seeds, by softmax and by the consistent probabilities.
pub fn reliability(loss: &TrainedLoss) -> Result<String> {
    let softmax = chart::pooled(loss.runs.iter().map(|run| &run.softmax.bins[..]));
    let consistent = chart::pooled(loss.runs.iter().map(|run| &run.consistent.bins[..]));
    chart::reliability(&format!("beta {}", loss.label), &softmax, &consistent)
}
