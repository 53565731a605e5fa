//! The plots of the reports, as SVG.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::evaluation::Bar;
use simulation::adaptation::BINS;

/// The colours of Okabe and Ito, told apart with any kind of colour vision.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(204, 121, 167),
    RGBColor(120, 120, 120),
];

/// The labels of a plot.
const FONT: (&str, i32) = ("sans-serif", 14);

/// A named curve.
pub struct Curve {
    /// Its name.
    pub label: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// What the axes show, and from where to where.
pub struct Axes {
    /// Name, left and right.
    pub x: (&'static str, f64, f64),
    /// Name, bottom and top.
    pub y: (&'static str, f64, f64),
}

/// Curves over common axes, their names beside them.
///
/// # Errors
/// If it cannot be drawn.
pub fn lines(curves: &[Curve], axes: &Axes) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (780, 400)).into_drawing_area();
        let (plot, legend) = area.split_horizontally(600);
        draw_lines(&plot, curves, axes)?;
        draw_legend(&legend, curves)?;
        area.present().map_err(failed)?;
    }
    Ok(short(&svg))
}

/// The reliability diagram of bins pooled over seeds: bars for the one read-out, points for the other.
///
/// # Errors
/// If it cannot be drawn.
pub fn reliability(title: &str, bars: &[Option<Bar>], points: &[Option<Bar>]) -> Result<String> {
    small(title, ("confidence", "accuracy"), |chart| {
        chart.draw_series(bins(bars, |bar| f64::from(bar.accuracy))).map_err(failed)?;
        let points = points.iter().flatten().map(|bar| (f64::from(bar.confidence), f64::from(bar.accuracy)));
        chart.draw_series(points.map(|point| Circle::new(point, 3, COLOURS[1].filled()))).map_err(failed)?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.5))).map_err(failed)?;
        Ok(())
    })
}

/// The bins of several seeds as one.
pub fn pooled<'a>(seeds: impl Iterator<Item = &'a [Option<Bar>]>) -> Vec<Option<Bar>> {
    let mut sums = vec![[0.0_f64; 3]; BINS];
    for seed in seeds {
        for (sum, bar) in sums.iter_mut().zip(seed).filter_map(|(sum, bar)| Some((sum, bar.as_ref()?))) {
            let count = f64::from(bar.count);
            let parts = [count, count * f64::from(bar.confidence), count * f64::from(bar.accuracy)];
            sum.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
    }
    let bar = |[count, confidence, accuracy]: [f64; 3]| Bar {
        count: count as u32,
        confidence: (confidence / count) as f32,
        accuracy: (accuracy / count) as f32,
    };
    sums.into_iter().map(|sums| (sums[0] > 0.0).then(|| bar(sums))).collect()
}

type SmallChart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// A small square plot over [0, 1] x [0, 1].
fn small(
    title: &str,
    (x, y): (&str, &str),
    draw: impl FnOnce(&mut SmallChart<'_, '_>) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (300, 270)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 15))
            .margin(6)
            .x_label_area_size(34)
            .y_label_area_size(40)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(failed)?;
        let mesh = chart.configure_mesh().x_desc(x).y_desc(y).x_labels(6).y_labels(6).max_light_lines(1).draw();
        mesh.map_err(failed)?;
        draw(&mut chart)?;
        area.present().map_err(failed)?;
    }
    Ok(short(&svg))
}

/// The bars of bins, as high as `height` says.
fn bins<'a>(
    bars: &'a [Option<Bar>],
    height: impl Fn(&Bar) -> f64 + 'a,
) -> impl Iterator<Item = Rectangle<(f64, f64)>> + 'a {
    bars.iter().enumerate().filter_map(move |(bin, bar)| {
        let (left, right) = (bin as f64 / bars.len() as f64, (bin + 1) as f64 / bars.len() as f64);
        Some(Rectangle::new([(left, 0.0), (right, height(bar.as_ref()?))], COLOURS[4].mix(0.7).filled()))
    })
}

fn draw_lines(area: &DrawingArea<SVGBackend<'_>, Shift>, curves: &[Curve], axes: &Axes) -> Result<()> {
    let Axes { x: (x_name, left, right), y: (y_name, low, high) } = *axes;
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(left..right, low..high)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(x_name).y_desc(y_name).max_light_lines(1).label_style(FONT).axis_desc_style(FONT);
    mesh.draw().map_err(failed)?;
    for (i, curve) in curves.iter().enumerate() {
        let (style, dotted) = style(i);
        // Outside the axes nothing is drawn.
        let visible: Vec<(f64, f64)> = (curve.points.iter().copied())
            .filter(|(x, y)| (left..=right).contains(x) && (low..=high).contains(y))
            .collect();
        if dotted {
            let points = visible.iter().map(|point| Circle::new(*point, 3, style.filled()));
            chart.draw_series(points).map_err(failed)?;
        }
        chart.draw_series(LineSeries::new(visible, style)).map_err(failed)?;
    }
    Ok(())
}

/// The names of the curves, one below the other.
fn draw_legend(area: &DrawingArea<SVGBackend<'_>, Shift>, curves: &[Curve]) -> Result<()> {
    for (i, curve) in curves.iter().enumerate() {
        let (style, dotted) = style(i);
        let y = 24 + 20 * i as i32;
        area.draw(&PathElement::new([(4, y), (26, y)], style)).map_err(failed)?;
        if dotted {
            area.draw(&Circle::new((15, y), 3, style.filled())).map_err(failed)?;
        }
        area.draw(&Text::new(curve.label.clone(), (32, y - 7), FONT)).map_err(failed)?;
    }
    Ok(())
}

/// The line of a curve. Once the colours are used up they come again, with points on the line.
fn style(curve: usize) -> (ShapeStyle, bool) {
    (COLOURS[curve % COLOURS.len()].stroke_width(2), curve >= COLOURS.len())
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot could not be drawn: {error}")
}
/// The picture without the attributes that have their default value: a sixth of its bytes.
fn short(svg: &str) -> String {
    [" opacity=\"1\"", " stroke-width=\"1\""].iter().fold(svg.to_owned(), |svg, default| svg.replace(default, ""))
}
