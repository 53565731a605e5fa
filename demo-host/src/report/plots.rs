//! The plots, as SVG.

use anyhow::{Result, anyhow};
use gradient_decay::GradientDecay;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::device::MEASURE_EVERY;
use crate::evaluation::{BINS, Bar};
use crate::story::{Story, TrainedLoss};

/// The colours of Okabe and Ito, told apart with any kind of colour vision.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(204, 121, 167),
];

/// A named curve.
struct Curve {
    label: String,
    points: Vec<(f64, f64)>,
}

/// What the axes show, and from where to where.
struct Axes {
    x: (&'static str, f64, f64),
    y: (&'static str, f64, f64),
    legend: SeriesLabelPosition,
}

/// The labels of a plot.
const FONT: (&str, i32) = ("sans-serif", 14);

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
    let axes = Axes {
        x: ("probability p of the target", 0.0, 1.0),
        y: ("magnitude of the gradient g(p)", 0.0, 1.0),
        legend: SeriesLabelPosition::LowerLeft,
    };
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
    lines(
        &curves,
        &Axes { x: ("epoch", 1.0, 30.0), y: ("training error, %", 0.0, 12.0), legend: SeriesLabelPosition::UpperRight },
    )
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
    lines(&curves, &Axes { x: ("labelled samples", 0.0, right), y, legend: SeriesLabelPosition::LowerRight })
}

/// The reliability diagram of a loss, over all its seeds, by softmax and by the consistent probabilities.
pub fn reliability(loss: &TrainedLoss) -> Result<String> {
    let of = |bins: &dyn Fn(usize) -> Vec<Option<Bar>>| -> Vec<Option<(f64, f64)>> {
        let seeds: Vec<_> = (0..loss.runs.len()).map(bins).collect();
        (0..BINS).map(|bin| pooled(seeds.iter().filter_map(|seed| seed[bin]))).collect()
    };
    let softmax = of(&|seed| loss.runs[seed].softmax.bins.clone());
    let consistent = of(&|seed| loss.runs[seed].consistent.bins.clone());

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (300, 270)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("beta {}", loss.label), ("sans-serif", 15))
            .margin(6)
            .x_label_area_size(34)
            .y_label_area_size(40)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(failed)?;
        let mesh = chart
            .configure_mesh()
            .x_desc("confidence")
            .y_desc("accuracy")
            .x_labels(6)
            .y_labels(6)
            .light_line_style(WHITE)
            .draw();
        mesh.map_err(failed)?;
        let bars = softmax.iter().enumerate().filter_map(|(bin, value)| {
            let (_, accuracy) = (*value)?;
            let (left, right) = (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64);
            Some(Rectangle::new([(left, 0.0), (right, accuracy)], COLOURS[4].mix(0.7).filled()))
        });
        chart.draw_series(bars).map_err(failed)?;
        let points = consistent.iter().flatten().map(|point| Circle::new(*point, 3, COLOURS[1].filled()));
        chart.draw_series(points).map_err(failed)?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.5))).map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// Confidence and accuracy of a bin over several seeds; `None` if it is empty in all.
fn pooled(bins: impl Iterator<Item = Bar>) -> Option<(f64, f64)> {
    let (mut count, mut confidence, mut accuracy) = (0.0, 0.0, 0.0);
    for bin in bins {
        let n = f64::from(bin.count);
        count += n;
        confidence += n * f64::from(bin.confidence);
        accuracy += n * f64::from(bin.accuracy);
    }
    (count > 0.0).then_some((confidence / count, accuracy / count))
}

fn lines(curves: &[Curve], axes: &Axes) -> Result<String> {
    let mut svg = String::new();
    draw_lines(&SVGBackend::with_string(&mut svg, (640, 400)).into_drawing_area(), curves, axes)?;
    Ok(svg)
}

fn draw_lines(area: &DrawingArea<SVGBackend<'_>, Shift>, curves: &[Curve], axes: &Axes) -> Result<()> {
    let Axes { x: (x_name, left, right), y: (y_name, low, high), .. } = *axes;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(left..right, low..high)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(x_name).y_desc(y_name).light_line_style(WHITE).label_style(FONT).axis_desc_style(FONT);
    mesh.draw().map_err(failed)?;
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        // Outside the axes nothing is drawn.
        let visible =
            curve.points.iter().copied().filter(|(x, y)| (left..=right).contains(x) && (low..=high).contains(y));
        let series = chart.draw_series(LineSeries::new(visible, style)).map_err(failed)?;
        series.label(&curve.label).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(axes.legend.clone())
        .label_font(FONT)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(failed)?;
    area.present().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot could not be drawn: {error}")
}
