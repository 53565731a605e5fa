//! The file of `adapt --json`: one JSON object a scenario, a line each.
//!
//! | field | |
//! |---|---|
//! | `version` | 1; a higher one if a field changes its meaning or goes |
//! | `data`, `scenario` | as on the command line |
//! | `orders` | the orders that means are over |
//! | `against` | the learner that differences are from, `null` if it did not take part |
//! | `learners` | each with the fields that follow |
//! | `name`, `ours` | `ours`: it runs the core's own code, untuned |
//! | `labels` | the numbers of labels after which it was measured |
//! | `accuracy`, `nll`, `ece` | `mean` and `sd` over the orders; `difference` from `against` and `interval`, half the paired 95 % interval of the mean difference; each has one number for each of `labels`, `null` beyond the data |
//! | `since_start` | `difference` and `interval` of its accuracy from its own accuracy at the first of `labels` that has one |
//! | `ram_bytes`, `multiply_adds` | on a device, of one label |
//! | `settings` | the numbers chosen, each as one or, where they differ, as a list of those of each fold of users |
//!
//! Accuracy and ECE are fractions, NLL is in nats. [`separation_line`] is the line of `--unknown`.

use serde_json::{Map, Value, json};

use simulation::adaptation::{Figures, Outcome, Study};
use simulation::statistics::{Difference, Spread};
use simulation::unknown::Separation;

/// With `--unknown`, a last line has `scenario` `unknown`, `shots`, and `scores`: each with `name`, `area` under the ROC curve, `let_through`
/// at 90 % kept, and `own`, the shares `kept` and `let_through` by the score's own threshold, or `null`.
pub fn separation_line(task: &str, shots: usize, separations: &[Separation]) -> String {
    let score = |separation: &Separation| {
        let own = separation.own.map(|[kept, passed]| json!({"kept": kept.mean, "let_through": passed.mean}));
        json!({
            "name": separation.name,
            "area": separation.area.mean,
            "let_through": separation.let_through.mean,
            "own": own,
        })
    };
    let scores: Vec<Value> = separations.iter().map(score).collect();
    json!({"version": VERSION, "data": task, "scenario": "unknown", "shots": shots, "scores": scores}).to_string()
}

/// The version of the format.
pub const VERSION: u32 = 1;

/// The line of a study, without its end.
pub fn line(study: &Study, against: &str) -> String {
    let other = study.outcome(against);
    let learners: Vec<Value> = study.outcomes.iter().map(|outcome| learner(study, outcome, other)).collect();
    let orders = study.outcomes.first().map_or(0, |outcome| outcome.orders.len());
    json!({
        "version": VERSION,
        "data": study.task,
        "scenario": study.scenario.to_string(),
        "orders": orders,
        "against": other.map(|other| other.name),
        "learners": learners,
    })
    .to_string()
}

fn learner(study: &Study, outcome: &Outcome, other: Option<&Outcome>) -> Value {
    let points = || 0..study.points.len();
    let figure = |of: fn(&Figures) -> f64| {
        let spreads: Vec<Option<Spread>> = points().map(|point| outcome.spread(point, of)).collect();
        let differences: Vec<Option<Difference>> =
            points().map(|point| outcome.difference(point, other?, point, of)).collect();
        json!({
            "mean": numbers(spreads.iter().map(|spread| spread.map(|spread| spread.mean))),
            "sd": numbers(spreads.iter().map(|spread| spread.map(|spread| spread.deviation))),
            "difference": numbers(differences.iter().map(|difference| difference.map(|difference| difference.mean))),
            "interval": numbers(differences.iter().map(|difference| difference.map(|difference| difference.interval))),
        })
    };
    let first = points().find(|point| outcome.spread(*point, |figures| figures.accuracy).is_some());
    let since: Vec<Option<Difference>> =
        points().map(|point| outcome.difference(point, outcome, first?, |figures| figures.accuracy)).collect();
    json!({
        "name": outcome.name,
        "ours": outcome.ours,
        "labels": study.points,
        "accuracy": figure(|figures| figures.accuracy),
        "nll": figure(|figures| figures.nll),
        "ece": figure(|figures| figures.ece),
        "since_start": {
            "difference": numbers(since.iter().map(|difference| difference.map(|difference| difference.mean))),
            "interval": numbers(since.iter().map(|difference| difference.map(|difference| difference.interval))),
        },
        "ram_bytes": outcome.ram_bytes,
        "multiply_adds": outcome.multiply_adds,
        "settings": settings(outcome),
    })
}

fn settings(outcome: &Outcome) -> Value {
    let mut object = Map::new();
    for (name, value) in outcome.settings.first().map_or(&[][..], |first| &first.0) {
        let values: Vec<f64> = outcome.settings.iter().map(|settings| settings.get(name)).collect();
        let same = values.iter().all(|other| other == value);
        object.insert((*name).to_owned(), if same { json!(value) } else { json!(values) });
    }
    Value::Object(object)
}

/// To six digits behind the point; what is missing or not finite is null.
fn numbers(values: impl Iterator<Item = Option<f64>>) -> Vec<Value> {
    values
        .map(|value| json!(value.filter(|value| value.is_finite()).map(|value| (value * 1e6).round() / 1e6)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use simulation::learner::Settings;
    use simulation::scenarios::Scenario;

    #[test]
    fn a_line_is_as_documented() {
        let figures = |accuracy: f64| Some(Figures { accuracy, nll: f64::INFINITY, ece: 0.125 });
        let outcome = |name, accuracies: [[f64; 2]; 2], rates: [f64; 2]| Outcome {
            name,
            ours: name == "discriminant",
            orders: accuracies.map(|order| vec![figures(order[0]), figures(order[1]), None]).to_vec(),
            ram_bytes: 100,
            multiply_adds: 7,
            settings: rates.map(|rate| Settings(vec![("rate", rate)])).to_vec(),
        };
        let study = Study {
            task: "digits".to_owned(),
            scenario: Scenario::NewUser,
            points: vec![0, 5, 300],
            outcomes: vec![
                outcome("discriminant", [[0.5, 0.75], [0.25, 1.0]], [0.1, 0.1]),
                outcome("sgd-tuned", [[0.5, 0.5], [0.25, 0.5]], [0.1, 0.3]),
            ],
        };
        let line = line(&study, "discriminant");
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&value["version"], &value["data"], &value["scenario"]),
            (&json!(1), &json!("digits"), &json!("new-user"))
        );
        let [ours, rival] = [0, 1].map(|i| &value["learners"][i]);
        assert_eq!(ours["labels"], json!([0, 5, 300]));
        assert_eq!(ours["accuracy"]["mean"], json!([0.375, 0.875, null]));
        assert_eq!(ours["nll"]["mean"], json!([null, null, null]));
        assert_eq!(rival["accuracy"]["difference"], json!([0.0, -0.375, null]));
        assert_eq!(rival["accuracy"]["interval"][0], json!(0.0));
        assert_eq!(ours["since_start"]["difference"], json!([0.0, 0.5, null]));
        assert_eq!((&ours["settings"]["rate"], &rival["settings"]["rate"]), (&json!(0.1), &json!([0.1, 0.3])));
    }
}
