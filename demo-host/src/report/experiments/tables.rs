//! The tables of a group of runs.

use super::curriculum::Difficulty;
use super::groups::{Arm, Group, Spread};
use crate::evaluation::Evaluation;
use crate::experiments::{Calibrator, Row};
use crate::report::table::{Cell, Table};

/// The training accuracies that epochs may be counted to.
const GOALS: [f32; 12] = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995];

/// The criterion for the best value of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Best {
    Largest,
    Smallest,
    /// The one nearest to 0.
    Nearest,
    /// No value is.
    None,
}

/// The values among which the best is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Along {
    Column,
    Row,
}

impl Best {
    /// A key that is smallest for the best value.
    fn key(self, mean: f64) -> Option<f64> {
        match self {
            Best::Largest => Some(-mean),
            Best::Smallest => Some(mean),
            Best::Nearest => Some(mean.abs()),
            Best::None => None,
        }
    }
}

/// A column: its name, its figure, the digits behind the point, and what is best.
type Column<'a> = (&'a str, Figure<'a>, usize, Best);

/// A figure of a run; none if the run has none.
type Figure<'a> = Box<dyn Fn(&Row) -> Option<f64> + 'a>;

/// The largest training accuracy of a list that plain softmax reaches with every seed.
pub fn goal(group: &Group<'_>) -> Option<f32> {
    let plain = group.plain()?;
    let reached = |goal: f32| plain.runs.iter().all(|run| epochs_to(run, goal).is_some());
    GOALS.into_iter().rev().find(|goal| reached(*goal))
}

/// The first epoch, counted from 1, after which the training accuracy was at least the goal.
pub fn epochs_to(row: &Row, goal: f32) -> Option<f64> {
    row.epochs.iter().position(|epoch| epoch.train.accuracy >= goal).map(|epoch| (epoch + 1) as f64)
}

/// Accuracy, speed of convergence and likelihood.
pub fn accuracy(group: &Group<'_>) -> Table {
    let goal = goal(group);
    let epochs = goal.map_or("epochs to goal".to_owned(), |goal| format!("epochs to {:.1} % train", 100.0 * goal));
    let columns: Vec<Column<'_>> = vec![
        ("train acc, %", Box::new(|row| last(row).map(|epoch| percent(epoch.train.accuracy))), 2, Best::Largest),
        ("test acc, %", Box::new(|row| Some(percent(row.test.softmax.metrics.accuracy))), 2, Best::Largest),
        ("test NLL", Box::new(|row| Some(f64::from(row.test.softmax.metrics.nll))), 3, Best::Smallest),
        ("Brier", Box::new(|row| Some(f64::from(row.test.softmax.metrics.brier))), 4, Best::Smallest),
        (&epochs, Box::new(move |row| epochs_to(row, goal?)), 1, Best::Smallest),
        ("train NLL", Box::new(|row| last(row).map(|epoch| f64::from(epoch.train.nll))), 4, Best::Smallest),
    ];
    table(group, "Accuracy and convergence, by softmax".to_owned(), &columns, Along::Column)
}

/// Calibration errors of the softmax.
pub fn calibration(group: &Group<'_>) -> Table {
    let of = |figure: fn(&Evaluation) -> f32| -> Figure<'_> {
        Box::new(move |row| Some(percent(figure(&row.test.softmax))))
    };
    let columns: Vec<Column<'_>> = vec![
        ("ECE, 15 bins", of(|e| e.metrics.ece), 2, Best::Smallest),
        ("MCE, 15 bins", of(|e| e.metrics.mce), 1, Best::Smallest),
        ("ECE, 10 bins", of(|e| e.metrics.ece10), 2, Best::Smallest),
        ("MCE, 10 bins", of(|e| e.metrics.mce10), 1, Best::Smallest),
        ("confidence - accuracy", of(|e| e.metrics.gap), 2, Best::Nearest),
    ];
    table(group, "Calibration on the test images by softmax, %".to_owned(), &columns, Along::Column)
}

/// One figure by every read-out, and the numbers that were fitted.
pub fn read_outs(group: &Group<'_>, name: &str, figure: fn(&Evaluation) -> f64, digits: usize) -> Table {
    let column = |calibrator: Calibrator| -> Column<'_> {
        let of = move |row: &Row| row.test.by(calibrator).map(figure);
        (calibrator.label(), Box::new(of), digits, Best::Smallest)
    };
    let mut columns: Vec<Column<'_>> = Calibrator::ALL.map(column).into();
    let temperature = |row: &Row| row.test.temperature.as_ref().map(|fitted| f64::from(fitted.value));
    let coefficient = |row: &Row| row.test.coefficient.as_ref().map(|fitted| f64::from(fitted.value));
    columns.push(("temperature is", Box::new(temperature), 2, Best::None));
    columns.push(("beta is", Box::new(coefficient), 3, Best::None));
    table(group, format!("{name} by read-out; marked: the best of a row"), &columns, Along::Row)
}

/// Distances in feature space, curvature of the loss, and the order in which images were learned.
pub fn geometry(group: &Group<'_>) -> Table {
    let difficulty = Difficulty::of(group);
    let mut columns: Vec<Column<'_>> = vec![
        ("intra-class distance", Box::new(|row| last(row).map(|e| f64::from(e.distances.intra))), 2, Best::None),
        ("inter-class distance", Box::new(|row| last(row).map(|e| f64::from(e.distances.inter))), 2, Best::None),
        ("intra / inter", Box::new(tightness), 3, Best::Smallest),
        (
            "gradient norm, epoch 1",
            Box::new(|row| Some(f64::from(row.epochs.first()?.smoothness.gradient_norm))),
            3,
            Best::None,
        ),
        (
            "gradient norm, last",
            Box::new(|row| last(row).map(|e| f64::from(e.smoothness.gradient_norm))),
            4,
            Best::None,
        ),
        (
            "curvature, epoch 1",
            Box::new(|row| Some(f64::from(row.epochs.first()?.smoothness.curvature))),
            3,
            Best::None,
        ),
        ("curvature, last", Box::new(|row| last(row).map(|e| f64::from(e.smoothness.curvature))), 4, Best::None),
    ];
    if let Some(difficulty) = difficulty {
        let lag = move |row: &Row| Some(difficulty.lag(row));
        columns.push(("lag of the hardest fifth, epochs", Box::new(lag), 2, Best::None));
    }
    columns.push((
        "wrong at the end, % of 500",
        Box::new(|row| Some(super::curriculum::never_learned(row))),
        2,
        Best::Smallest,
    ));
    table(group, "Features, loss surface and curriculum, on training images".to_owned(), &columns, Along::Column)
}

/// The mean distance within a class over the mean distance between classes, of training images.
pub fn tightness(row: &Row) -> Option<f64> {
    last(row).map(|epoch| f64::from(epoch.distances.intra) / f64::from(epoch.distances.inter))
}

/// A table with one row an arm.
fn table(group: &Group<'_>, title: String, columns: &[Column<'_>], along: Along) -> Table {
    let spreads: Vec<Vec<Option<Spread>>> =
        group.arms.iter().map(|arm| columns.iter().map(|(_, figure, ..)| spread(arm, figure)).collect()).collect();
    let is_best = |row: usize, column: usize| {
        let key = |row: usize, column: usize| columns[column].3.key(spreads[row][column]?.mean);
        let Some(own) = key(row, column) else { return false };
        match along {
            Along::Column => (0..spreads.len()).filter_map(|other| key(other, column)).all(|other| own <= other),
            Along::Row => (0..columns.len()).filter_map(|other| key(row, other)).all(|other| own <= other),
        }
    };
    let rows = group.arms.iter().enumerate().map(|(row, arm)| {
        let cells = columns.iter().enumerate().map(|(column, (_, _, digits, _))| Cell {
            text: text(spreads[row][column].as_ref(), *digits),
            best: is_best(row, column),
        });
        std::iter::once(Cell::from(arm.loss.label())).chain(cells).collect()
    });
    let header = std::iter::once("loss").chain(columns.iter().map(|(name, ..)| *name)).map(str::to_owned);
    Table { title, header: header.collect(), rows: rows.collect() }
}

/// Mean and spread of a figure; `None` if a seed has none.
fn spread(arm: &Arm<'_>, figure: &dyn Fn(&Row) -> Option<f64>) -> Option<Spread> {
    arm.spread(|row| figure(row).unwrap_or(f64::NAN))
}

/// Mean and deviation as text.
fn text(spread: Option<&Spread>, digits: usize) -> String {
    match spread {
        None => "-".to_owned(),
        Some(Spread { mean, deviation: None, .. }) => format!("{mean:.digits$}"),
        Some(Spread { mean, deviation: Some(deviation), .. }) => format!("{mean:.digits$} ± {deviation:.digits$}"),
    }
}

fn last(row: &Row) -> Option<&crate::training::EpochRecord> {
    row.epochs.last()
}

fn percent(share: f32) -> f64 {
    100.0 * f64::from(share)
}
