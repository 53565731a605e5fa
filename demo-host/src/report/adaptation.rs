//! The tables and plots of how devices adapt, and how well they recognise what they were never taught.

use anyhow::Result;

use super::chart::{Axes, Curve, lines};
use super::html::{escape, page};
use super::table::{Cell, Table};
use simulation::adaptation::{Figures, Outcome, Study};
use simulation::statistics::Difference;
use simulation::unknown::Separation;

/// A figure of a table: its title, how a fraction or a number of nats is told, and whether more of it is better.
type Figure = (&'static str, fn(&Figures) -> f64, fn(f64) -> String, bool);

const FIGURES: [Figure; 3] = [
    ("Accuracy in %", |figures| figures.accuracy, |value| format!("{:.1}", 100.0 * value), true),
    ("Negative log-likelihood in nats", |figures| figures.nll, |value| format!("{value:.2}"), false),
    ("Expected calibration error in %", |figures| figures.ece, |value| format!("{:.1}", 100.0 * value), false),
];

/// Studies and separations for the terminal.
pub fn adaptation_text(studies: &[Study], separations: &[Separation], against: &str) -> String {
    let mut text = String::new();
    for study in studies {
        text += &format!("\n{}, {}: {}\n\n", study.task, study.scenario, study.scenario.sentence());
        tables(study, against).iter().for_each(|table| text += &format!("{}\n", table.text()));
    }
    if !separations.is_empty() {
        text += &format!("\n{}", separation_table(separations).text());
    }
    text
}

/// The same as a page, with a plot for each study.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn adaptation_html(studies: &[Study], separations: &[Separation], against: &str) -> Result<String> {
    let mut body = String::new();
    for study in studies {
        body += &format!("<h2>{}, {}</h2>", escape(&study.task), escape(&study.scenario.to_string()));
        body += &format!("<p>{}</p>{}", escape(study.scenario.sentence()), plot(study)?);
        tables(study, against).iter().for_each(|table| body += &table.html());
    }
    if !separations.is_empty() {
        body += &format!("<h2>A class that was never taught</h2>{}", separation_table(separations).html());
    }
    Ok(page("What a device learns from each label", &body))
}

/// The accuracy of every learner by labels.
pub(super) fn accuracy(study: &Study) -> Table {
    let [accuracy, ..] = &FIGURES;
    figure_table(study, accuracy)
}

fn tables(study: &Study, against: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = FIGURES.iter().map(|figure| figure_table(study, figure)).collect();
    if let Some(other) = study.outcome(against) {
        tables.insert(1, difference_table(study, other));
    }
    tables.push(cost_table(study));
    tables
}

/// The points at which a learner was measured.
fn shown(study: &Study) -> Vec<usize> {
    let measured =
        |point: &usize| study.outcomes.iter().any(|outcome| outcome.spread(*point, |figures| figures.ece).is_some());
    (0..study.points.len()).filter(measured).collect()
}

/// Names of the points, behind the name of the first column.
fn header(study: &Study) -> Vec<String> {
    let points = shown(study).into_iter().map(|point| format!("{} labels", study.points[point]));
    std::iter::once("learner".to_owned()).chain(points).collect()
}

/// The mean of a figure at each point, the best of each marked.
fn figure_table(study: &Study, (title, figure, told, more): &Figure) -> Table {
    let mean = |outcome: &Outcome, point| outcome.spread(point, figure).map(|spread| spread.mean);
    let best = |point| {
        let values = study.outcomes.iter().filter_map(|outcome| mean(outcome, point));
        if *more { values.fold(f64::MIN, f64::max) } else { values.fold(f64::MAX, f64::min) }
    };
    let best: Vec<(usize, f64)> = shown(study).into_iter().map(|point| (point, best(point))).collect();
    let row = |outcome: &Outcome| {
        let cell = |(point, best): &(usize, f64)| match mean(outcome, *point) {
            Some(value) => Cell { text: told(value), best: value == *best },
            None => Cell::from(String::new()),
        };
        std::iter::once(Cell::from(outcome.name.to_owned())).chain(best.iter().map(cell)).collect()
    };
    let orders = study.outcomes.first().map_or(0, |outcome| outcome.orders.len());
    Table {
        title: format!("{title}, mean of {orders} orders"),
        header: header(study),
        rows: study.outcomes.iter().map(row).collect(),
    }
}

/// The accuracy less that of another learner.
fn difference_table(study: &Study, other: &Outcome) -> Table {
    let told = |Difference { mean, interval }| format!("{:+.1} ±{:.1}", 100.0 * mean, 100.0 * interval);
    let row = |outcome: &Outcome| {
        let cell = |point| {
            let difference = outcome.difference(point, other, point, |figures| figures.accuracy);
            Cell::from(difference.map_or_else(String::new, told))
        };
        std::iter::once(Cell::from(outcome.name.to_owned())).chain(shown(study).into_iter().map(cell)).collect()
    };
    Table {
        title: format!("Accuracy less that of {} in points, with the paired 95 % interval", other.name),
        header: header(study),
        rows: study.outcomes.iter().filter(|outcome| outcome.name != other.name).map(row).collect(),
    }
}

fn cost_table(study: &Study) -> Table {
    let row = |outcome: &Outcome| {
        let mut settings: Vec<String> = outcome
            .settings
            .iter()
            .map(|settings| {
                settings.0.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
            })
            .collect();
        settings.dedup();
        let settings = if settings == [""] { "defaults".to_owned() } else { settings.join("; ") };
        let whose = if outcome.ours { "ours, untuned" } else { "rival, tuned" };
        let cells = [
            outcome.name.to_owned(),
            outcome.ram_bytes.to_string(),
            outcome.multiply_adds.to_string(),
            whose.to_owned(),
            settings,
        ];
        cells.map(Cell::from).to_vec()
    };
    Table {
        title: "Cost of a label, and settings".to_owned(),
        header: ["learner", "bytes of RAM", "multiply-adds", "whose", "settings"].map(str::to_owned).to_vec(),
        rows: study.outcomes.iter().map(row).collect(),
    }
}

fn separation_table(separations: &[Separation]) -> Table {
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let row = |separation: &Separation| {
        let own = separation.own.map_or([String::new(), String::new()], |own| own.map(|spread| percent(spread.mean)));
        let [kept, passed] = own;
        let area = format!("{:.3}", separation.area.mean);
        [separation.name.clone(), area, percent(separation.let_through.mean), kept, passed].map(Cell::from).to_vec()
    };
    Table {
        title: "One class left out: is a sample of it told apart from the classes taught?".to_owned(),
        header: [
            "score",
            "area under the ROC curve",
            "% of unknown let through, 90 % of known kept",
            "% of known kept, own threshold",
            "% of unknown let through, own threshold",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: separations.iter().map(row).collect(),
    }
}

/// The mean accuracy by labels.
///
/// # Errors
/// If it cannot be drawn.
pub(super) fn plot(study: &Study) -> Result<String> {
    let curve = |outcome: &Outcome| {
        let point = |(index, labels): (usize, &usize)| {
            Some((*labels as f64, 100.0 * outcome.spread(index, |figures| figures.accuracy)?.mean))
        };
        Curve { label: outcome.name.to_owned(), points: study.points.iter().enumerate().filter_map(point).collect() }
    };
    let curves: Vec<Curve> = study.outcomes.iter().map(curve).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let last = points().map(|point| point.0).fold(1.0, f64::max);
    let least = points().map(|point| point.1).fold(100.0, f64::min);
    let low = (least / 10.0).floor() * 10.0;
    lines(&curves, &Axes { x: ("labelled samples", 0.0, last), y: ("accuracy in %", low.max(0.0), 100.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulation::learner::Settings;
    use simulation::scenarios::Scenario;
    use simulation::statistics::Spread;

    #[test]
    fn what_is_worse_is_told_as_well() {
        let figures = |accuracy| Some(Figures { accuracy, nll: 1.25, ece: 0.1 });
        let outcome = |name, accuracies: [f64; 2]| Outcome {
            name,
            ours: name == "discriminant",
            orders: vec![vec![figures(accuracies[0]), figures(accuracies[1]), None]; 2],
            ram_bytes: 13_536,
            multiply_adds: 12_400,
            settings: vec![Settings(vec![("rate", 0.1)]), Settings(vec![("rate", 0.3)])],
        };
        let study = Study {
            task: "digits".to_owned(),
            scenario: Scenario::NewUser,
            points: vec![0, 5, 300],
            outcomes: vec![outcome("discriminant", [0.5, 0.75]), outcome("sgd-tuned", [0.5, 0.8])],
        };
        let spread = |mean| Spread { mean, deviation: 0.0 };
        let separation =
            Separation { name: "distance".to_owned(), area: spread(0.8831), let_through: spread(0.34), own: None };
        let (studies, separations) = ([study], [separation]);
        let text = adaptation_text(&studies, &separations, "discriminant");
        for part in
            ["75.0", "80.0*", "50.0*", "+5.0 ±0.0", "1.25*", "10.0*", "13536", "rate 0.1; rate 0.3", "0.883", "34"]
        {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let html = adaptation_html(&studies, &separations, "discriminant").unwrap();
        assert!(html.contains("<b>80.0</b>") && html.contains("<svg") && html.contains("never taught"));
    }
}
