//! What the paper claims, beside what was seen: a difference counts when it is larger than its 95 % confidence interval
//! by Student's t, paired over seeds.

use super::curriculum::{Difficulty, never_learned};
use super::groups::{Arm, Group, Spread};
use super::tables::{epochs_to, goal, tightness};
use crate::experiments::{Calibrator, Row};
use crate::report::table::{Cell, Table};
use crate::training::Loss;

/// What the runs say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The difference is there.
    Held,
    /// The difference is the other way round.
    Reversed,
    /// There is no difference beyond the spread.
    NoDifference,
    /// There are too few runs, or none of the kind.
    NotTested,
}

impl Verdict {
    /// In a few words.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::NoDifference => "did not hold: no difference",
            Verdict::Reversed => "did not hold: the reverse",
            Verdict::NotTested => "not tested",
        }
    }
}

/// A claim that was looked at.
pub struct Finding {
    /// What is claimed.
    pub claim: &'static str,
    /// Which runs it compares.
    pub compared: String,
    /// What is compared, with its unit.
    pub figure: &'static str,
    /// For each group the verdict, and the two means.
    pub verdicts: Vec<(Verdict, String)>,
}

/// A figure of a run within its group; none if the run has none.
type Figure = fn(&Group<'_>, &Row) -> Option<f64>;

/// One comparison: the figure of the first arm is less than that of the second.
struct Claim {
    claim: &'static str,
    figure: &'static str,
    less: Side,
    more: Side,
    digits: usize,
}

/// An arm and a figure of it.
struct Side {
    loss: Select,
    of: Figure,
}

/// Chooses an arm.
#[derive(Clone, Copy)]
enum Select {
    Beta(f32),
    Scaled(f32),
    WarmUp(f32, f32),
}

impl Select {
    fn arm<'g, 'a>(self, group: &'g Group<'a>) -> Option<&'g Arm<'a>> {
        group.arms.iter().find(|arm| match (self, arm.loss) {
            (Select::Beta(wanted), Loss::GradientDecay { beta, warm_up: None, scale_rate: false }) => beta == wanted,
            (Select::Scaled(wanted), Loss::GradientDecay { beta, warm_up: None, scale_rate: true }) => beta == wanted,
            (Select::WarmUp(start, end), Loss::GradientDecay { beta, warm_up: Some(warm_up), scale_rate: false }) => {
                warm_up.start == start && beta == end
            }
            _ => false,
        })
    }

    fn label(self) -> String {
        match self {
            Select::Beta(beta) => format!("beta {beta}"),
            Select::Scaled(beta) => format!("beta {beta}, rate / 2G"),
            Select::WarmUp(start, end) => format!("{start} -> {end}"),
        }
    }
}

const SMALL: [f32; 2] = [0.01, 0.1];
const LARGE: [f32; 3] = [2.0, 5.0, 10.0];

/// All claims, in the paper's order.
fn claims() -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut add = |claim, figure, less: Select, more: Select, of: Figure, digits| {
        claims.push(Claim { claim, figure, less: Side { loss: less, of }, more: Side { loss: more, of }, digits });
    };
    let plain = Select::Beta(1.0);
    for beta in SMALL.map(Select::Beta) {
        add("A small beta converges faster", "epochs to the goal", beta, plain, to_goal, 1);
    }
    add(
        "A small beta converges faster at the same mean gradient",
        "epochs to the goal",
        Select::Scaled(SMALL[0]),
        plain,
        to_goal,
        1,
    );
    for beta in SMALL.map(Select::Beta) {
        add("A small beta reaches a higher training accuracy", "training error, %", beta, plain, training_error, 3);
    }
    for beta in SMALL.map(Select::Beta) {
        add(
            "A small beta learns hard samples later, after the easy ones",
            "lag of the hardest fifth, epochs",
            plain,
            beta,
            lag,
            2,
        );
    }
    for beta in SMALL.map(Select::Beta) {
        add("A small beta pulls classes tighter", "intra / inter distance", beta, plain, tight, 3);
    }
    for beta in SMALL.map(Select::Beta) {
        add("A small beta makes a model overconfident", "confidence - accuracy, %", plain, beta, gap, 2);
    }
    add(
        "Too small a beta sacrifices samples",
        "wrong at the end, % of 500",
        Select::Beta(0.1),
        Select::Beta(0.01),
        wrong_at_the_end,
        2,
    );
    for beta in LARGE.map(Select::Beta) {
        add("A large beta has a smaller ECE", "ECE, %", beta, plain, ece, 2);
    }
    for beta in LARGE.map(Select::Beta) {
        add("A large beta has a smaller MCE", "MCE, %", beta, plain, mce, 1);
    }
    for warm_up in [Select::WarmUp(0.01, 1.0), Select::WarmUp(0.01, 5.0)] {
        add("A warm-up converges faster than plain softmax", "epochs to the goal", warm_up, plain, to_goal, 1);
    }
    let (warm_up, large) = (Select::WarmUp(0.01, 5.0), Select::Beta(5.0));
    add("A warm-up converges faster than its final beta", "epochs to the goal", warm_up, large, to_goal, 1);
    add("A warm-up generalises better than its final beta", "test error, %", warm_up, large, test_error, 2);
    add("A warm-up is better calibrated than its final beta", "ECE, %", warm_up, large, ece, 2);
    let (warm_up, start, end) = (Select::WarmUp(0.01, 1.0), Select::Beta(0.01), plain);
    add("A warm-up is better calibrated than its first beta", "ECE, %", warm_up, start, ece, 2);
    add("A warm-up generalises better than its final beta", "test error, %", warm_up, end, test_error, 2);
    add("A warm-up is better calibrated than its final beta", "ECE, %", warm_up, end, ece, 2);
    for beta in LARGE {
        claims.push(Claim {
            claim: "A large beta is better calibrated than plain softmax with temperature scaling",
            figure: "ECE, %",
            less: Side { loss: Select::Beta(beta), of: ece },
            more: Side { loss: plain, of: ece_by_temperature },
            digits: 2,
        });
    }
    claims
}

/// The verdicts as a table for the terminal.
pub fn text(groups: &[Group<'_>], findings: &[Finding]) -> String {
    let header =
        ["claim", "compared"].map(str::to_owned).into_iter().chain(groups.iter().map(|group| group.title.clone()));
    let short = |verdict: Verdict| match verdict {
        Verdict::Held => "held",
        Verdict::NoDifference => "no difference",
        Verdict::Reversed => "reverse",
        Verdict::NotTested => "not tested",
    };
    let row = |finding: &Finding| {
        let verdicts = finding.verdicts.iter().map(|(verdict, _)| short(*verdict).to_owned());
        let names = [finding.claim.to_owned(), finding.compared.clone()];
        names.into_iter().chain(verdicts).map(Cell::from).collect()
    };
    let rows = findings.iter().map(row).collect();
    Table { title: "The paper's claims".to_owned(), header: header.collect(), rows }.text()
}

/// Looks at every claim in every group.
pub fn findings(groups: &[Group<'_>]) -> Vec<Finding> {
    let finding = |claim: Claim| Finding {
        claim: claim.claim,
        compared: format!("{} against {}", claim.less.loss.label(), claim.more.loss.label()),
        figure: claim.figure,
        verdicts: groups.iter().map(|group| claim.look(group)).collect(),
    };
    claims().into_iter().map(finding).collect()
}

impl Claim {
    fn look(&self, group: &Group<'_>) -> (Verdict, String) {
        let (Some(less), Some(more)) = (self.less.loss.arm(group), self.more.loss.arm(group)) else {
            return (Verdict::NotTested, String::new());
        };
        let mut pairs = Vec::new();
        for run in &less.runs {
            let Some(other) = more.runs.iter().find(|other| other.settings.seed == run.settings.seed) else { continue };
            if let (Some(a), Some(b)) = ((self.less.of)(group, run), (self.more.of)(group, other)) {
                // Two that never get there say nothing; one of them counts as an epoch more than it was trained.
                match (a.is_infinite(), b.is_infinite()) {
                    (true, true) => {}
                    (true, false) => pairs.push((run.epochs.len() as f64 + 1.0, b)),
                    (false, true) => pairs.push((a, other.epochs.len() as f64 + 1.0)),
                    (false, false) => pairs.push((a, b)),
                }
            }
        }
        let digits = self.digits;
        let count = pairs.len() as f64;
        let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / count;
        let means = format!("{:.digits$}, {:.digits$}", mean(|pair| pair.0), mean(|pair| pair.1));
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
        match Spread::of(&differences).map(|spread| (spread.mean, spread.confidence())) {
            None => (Verdict::NotTested, String::new()),
            Some((_, None)) => (Verdict::NotTested, format!("one seed: {means}")),
            Some((difference, Some(confidence))) => (verdict(difference, confidence), means),
        }
    }
}

/// What a difference says that is certain within `confidence`.
fn verdict(difference: f64, confidence: f64) -> Verdict {
    if difference > confidence {
        Verdict::Held
    } else if difference < -confidence {
        Verdict::Reversed
    } else {
        Verdict::NoDifference
    }
}

/// Infinite for a run that does not get there.
fn to_goal(group: &Group<'_>, row: &Row) -> Option<f64> {
    Some(epochs_to(row, goal(group)?).unwrap_or(f64::INFINITY))
}

fn training_error(_: &Group<'_>, row: &Row) -> Option<f64> {
    row.epochs.last().map(|epoch| 100.0 * (1.0 - f64::from(epoch.train.accuracy)))
}

fn test_error(_: &Group<'_>, row: &Row) -> Option<f64> {
    Some(100.0 * (1.0 - f64::from(row.test.softmax.metrics.accuracy)))
}

fn lag(group: &Group<'_>, row: &Row) -> Option<f64> {
    Some(Difficulty::of(group)?.lag(row))
}

fn tight(_: &Group<'_>, row: &Row) -> Option<f64> {
    tightness(row)
}

fn gap(_: &Group<'_>, row: &Row) -> Option<f64> {
    Some(100.0 * f64::from(row.test.softmax.metrics.gap))
}

fn wrong_at_the_end(_: &Group<'_>, row: &Row) -> Option<f64> {
    Some(never_learned(row))
}

fn ece(_: &Group<'_>, row: &Row) -> Option<f64> {
    row.test.ece(Calibrator::Softmax)
}

fn mce(_: &Group<'_>, row: &Row) -> Option<f64> {
    Some(100.0 * f64::from(row.test.softmax.metrics.mce))
}

fn ece_by_temperature(_: &Group<'_>, row: &Row) -> Option<f64> {
    row.test.ece(Calibrator::Temperature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_beyond_its_confidence_interval() {
        assert_eq!(verdict(0.3, 0.2), Verdict::Held);
        assert_eq!(verdict(0.2, 0.2), Verdict::NoDifference);
        assert_eq!(verdict(-0.1, 0.2), Verdict::NoDifference);
        assert_eq!(verdict(-0.3, 0.2), Verdict::Reversed);
        assert_eq!(verdict(0.0, 0.0), Verdict::NoDifference);
    }
}
