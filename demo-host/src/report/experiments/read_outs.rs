//! Whether the closed-form consistent read-out calibrates as well as temperature scaling, counted over losses.

use super::groups::{Arm, Group, Spread};
use crate::experiments::{Calibrator, Row};
use crate::report::table::{Cell, Table};
use crate::training::Loss;

/// Whether a final beta is of a kind.
type Belongs = fn(f32) -> bool;

/// The losses by their final beta.
const KINDS: [(&str, Belongs); 2] = [("final beta < 1", |beta| beta < 1.0), ("final beta > 1", |beta| beta > 1.0)];

/// The read-outs that are compared.
const PAIRS: [(&str, Calibrator, Calibrator); 4] = [
    ("consistent against softmax", Calibrator::Consistent, Calibrator::Softmax),
    ("consistent against temperature scaling", Calibrator::Consistent, Calibrator::Temperature),
    ("fitted beta against temperature scaling", Calibrator::Coefficient, Calibrator::Temperature),
    ("softmax against temperature scaling", Calibrator::Softmax, Calibrator::Temperature),
];

/// For each kind of loss, in how many arms one read-out has a smaller ECE than another, paired over seeds.
pub fn comparison(groups: &[Group<'_>]) -> Table {
    let mut rows = Vec::new();
    for (kind, belongs) in KINDS {
        let arms: Vec<&Arm<'_>> =
            groups.iter().flat_map(|group| &group.arms).filter(|arm| decays(arm, belongs)).collect();
        for (name, a, b) in PAIRS {
            let (mut better, mut worse, mut even, mut sum, mut compared) = (0, 0, 0, 0.0, 0);
            for arm in &arms {
                let difference = |row: &Row| row.test.ece(a).zip(row.test.ece(b)).map_or(f64::NAN, |(a, b)| a - b);
                // A single seed cannot tell a difference from chance.
                let spread = arm.spread(difference);
                let Some((spread, confidence)) = spread.and_then(|spread| Some((spread, spread.confidence()?))) else {
                    continue;
                };
                sum += spread.mean;
                compared += 1;
                if spread.mean.abs() <= confidence {
                    even += 1;
                } else if spread.mean < 0.0 {
                    better += 1;
                } else {
                    worse += 1;
                }
            }
            let mean = if compared > 0 { format!("{:+.2}", sum / f64::from(compared)) } else { "-".to_owned() };
            let cells =
                [kind.to_owned(), name.to_owned(), better.to_string(), worse.to_string(), even.to_string(), mean];
            rows.push(cells.map(Cell::from).to_vec());
        }
    }
    let header = ["loss", "ECE by", "smaller", "larger", "no difference", "mean difference, points"];
    Table {
        title: "Read-outs compared: the number of losses, over all data sets and models, paired over seeds".to_owned(),
        header: header.map(str::to_owned).to_vec(),
        rows,
    }
}

/// For each group and kind of loss the mean ECE by every read-out: what overfitting leaves differs between groups.
pub fn by_group(groups: &[Group<'_>]) -> Table {
    let mut rows = Vec::new();
    for group in groups {
        for (kind, belongs) in KINDS {
            let arms = || group.arms.iter().filter(|arm| decays(arm, belongs));
            if arms().next().is_none() {
                continue;
            }
            let mean = |calibrator: Calibrator| {
                let ece: Option<Vec<f64>> =
                    arms().flat_map(|arm| &arm.runs).map(|run| run.test.ece(calibrator)).collect();
                ece.and_then(|ece| Spread::of(&ece)).map(|spread| spread.mean)
            };
            let means = Calibrator::ALL.map(mean);
            let best = means.into_iter().flatten().fold(f64::INFINITY, f64::min);
            let cell = |mean: Option<f64>| Cell {
                text: mean.map_or("-".to_owned(), |mean| format!("{mean:.2}")),
                best: mean == Some(best),
            };
            rows.push(
                [group.title.clone(), kind.to_owned()].map(Cell::from).into_iter().chain(means.map(cell)).collect(),
            );
        }
    }
    let header = ["runs", "loss"].into_iter().chain(Calibrator::ALL.map(Calibrator::label)).map(str::to_owned);
    Table {
        title: "ECE on the test images, %, means over losses and seeds; marked: the best of a row".to_owned(),
        header: header.collect(),
        rows,
    }
}

/// Whether an arm is gradient decay on plain logits with such a final beta.
fn decays(arm: &Arm<'_>, belongs: Belongs) -> bool {
    matches!(arm.loss, Loss::GradientDecay { beta, .. } if belongs(beta))
}
