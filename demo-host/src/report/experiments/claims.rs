//! The paper's claims, and what the runs show. One comparison, declared beforehand, decides each claim by one figure, and gets a verdict
//! on each data set and model: a difference counts if its p-value by Student's t, paired over seeds and adjusted for the number of data
//! sets by Holm's method, is below 0.05. The other comparisons are shown without a verdict.

use super::curriculum::{Difficulty, never_learned};
use super::groups::{Arm, Group};
use super::tables::{epochs_to, goal, tightness};
use crate::experiments::{Calibrator, Row};
use crate::report::table::{Cell, Table};
use crate::statistics::{PairedDifference, holm};
use crate::training::Loss;

/// The probability of a wrong verdict, held or reversed, if there is no difference.
const LEVEL: f64 = 0.05;

/// The verdict of runs on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The difference is as claimed.
    Held,
    /// The difference is the other way round.
    Reversed,
    /// The difference is not beyond chance for this number of seeds.
    NotDecided,
}

impl Verdict {
    /// In a word or two.
    pub fn label(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Reversed => "reversed",
            Verdict::NotDecided => "not decided",
        }
    }
}

/// A comparison with its results.
pub struct Finding {
    /// The claim.
    pub claim: &'static str,
    /// The runs that it compares: the claim says that the first have the smaller figure.
    pub compared: String,
    /// The figure that is compared, with its unit.
    pub figure: &'static str,
    /// The number of digits after the decimal point.
    pub digits: usize,
    /// Whether it is the one that decides the claim.
    pub declared: bool,
    /// The findings of each group with both runs, with the group's title.
    pub seen: Vec<(String, Seen)>,
}

/// The finding of a group in a comparison.
pub struct Seen {
    /// The mean of the first and of the second.
    pub means: [f64; 2],
    /// The second minus the first, which the claim says is above 0; none for a single seed.
    pub difference: Option<PairedDifference>,
    /// The p-value, adjusted for the other groups of the comparison; 1 for a single seed.
    pub p: f64,
    /// The verdict, for a declared comparison.
    pub verdict: Option<Verdict>,
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
    /// The steps that the figure is counted in; 0 for one that is measured.
    resolution: f64,
    /// Whether it is the comparison that decides the claim: the first of those with its words and figure.
    declared: bool,
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
    Adaptive,
}

impl Select {
    fn arm<'g, 'a>(self, group: &'g Group<'a>) -> Option<&'g Arm<'a>> {
        group.arms.iter().find(|arm| match (self, arm.loss) {
            (Select::Beta(wanted), Loss::GradientDecay { beta, warm_up: None, scale_rate: false }) => beta == wanted,
            (Select::Scaled(wanted), Loss::GradientDecay { beta, warm_up: None, scale_rate: true }) => beta == wanted,
            (Select::WarmUp(start, end), Loss::GradientDecay { beta, warm_up: Some(warm_up), scale_rate: false }) => {
                warm_up.start == start && beta == end
            }
            (Select::Adaptive, Loss::AdaptiveDecay(_)) => true,
            _ => false,
        })
    }

    fn label(self) -> String {
        match self {
            Select::Beta(beta) => format!("beta {beta}"),
            Select::Scaled(beta) => format!("beta {beta}, rate / 2G"),
            Select::WarmUp(start, end) => format!("{start} -> {end}"),
            Select::Adaptive => "adaptive".to_owned(),
        }
    }
}

/// The small and the large coefficients; the first of each, which all experiments have, decides a claim on all of them.
const SMALL: [f32; 2] = [0.1, 0.01];
const LARGE: [f32; 3] = [5.0, 2.0, 10.0];

const EPOCHS: &str = "epochs to the goal";

/// All claims, in the paper's order.
fn claims() -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut add = |claim, figure, less: Select, more: Select, of: Figure, digits| {
        let (less, more) = (Side { loss: less, of }, Side { loss: more, of });
        // Only epochs are counted.
        let resolution = if figure == EPOCHS { 1.0 } else { 0.0 };
        claims.push(Claim { claim, figure, less, more, digits, resolution, declared: false });
    };
    let plain = Select::Beta(1.0);
    for beta in SMALL.map(Select::Beta) {
        add("A small beta converges faster", EPOCHS, beta, plain, to_goal, 1);
    }
    add("A small beta converges faster at the same mean gradient", EPOCHS, Select::Scaled(0.01), plain, to_goal, 1);
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
        add("A warm-up converges faster than plain softmax", EPOCHS, warm_up, plain, to_goal, 1);
    }
    for (warm_up, end) in [(Select::WarmUp(0.01, 5.0), Select::Beta(5.0)), (Select::WarmUp(0.01, 1.0), plain)] {
        add("A warm-up converges faster than its final beta", EPOCHS, warm_up, end, to_goal, 1);
        add("A warm-up generalises better than its final beta", "test error, %", warm_up, end, test_error, 2);
        add("A warm-up is better calibrated than its final beta", "ECE, %", warm_up, end, ece, 2);
    }
    let (warm_up, start) = (Select::WarmUp(0.01, 1.0), Select::Beta(0.01));
    add("A warm-up is better calibrated than its first beta", "ECE, %", warm_up, start, ece, 2);
    let adaptive = Select::Adaptive;
    add("An adaptive beta is better calibrated than plain softmax", "ECE, %", adaptive, plain, ece, 2);
    add("An adaptive beta is better calibrated than a large one", "ECE, %", adaptive, Select::Beta(5.0), ece, 2);
    add("An adaptive beta generalises better than plain softmax", "test error, %", adaptive, plain, test_error, 2);
    let scaled = "A large beta is better calibrated than plain softmax with temperature scaling";
    let scaled = LARGE.map(|beta| (scaled, Select::Beta(beta)));
    let adaptive = [("An adaptive beta is better calibrated than plain softmax with temperature scaling", adaptive)];
    for (claim, loss) in scaled.into_iter().chain(adaptive) {
        let more = Side { loss: plain, of: ece_by_temperature };
        let less = Side { loss, of: ece };
        claims.push(Claim { claim, figure: "ECE, %", less, more, digits: 2, resolution: 0.0, declared: false });
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for claim in &mut claims {
        claim.declared = !seen.contains(&(claim.claim, claim.figure));
        seen.push((claim.claim, claim.figure));
    }
    claims
}

/// The rows of a table of findings: claim and what is compared, where they begin; runs, verdict, both means, their difference with its
/// interval, p and seeds.
pub fn rows(findings: &[Finding]) -> Vec<[String; 9]> {
    let row = |finding: &Finding, title: &String, seen: &Seen| {
        let Finding { claim, compared, figure, digits, .. } = finding;
        let digits = *digits;
        let [first, second] = seen.means.map(|mean| format!("{mean:.digits$}"));
        let difference = seen.difference.as_ref().map_or("-".to_owned(), |difference| {
            format!("{:+.digits$} ± {:.digits$}", difference.mean, difference.interval)
        });
        let verdict = seen.verdict.map_or("", Verdict::label).to_owned();
        let p = match seen.difference {
            None => "one seed".to_owned(),
            Some(_) if seen.p < 0.000_5 => "< 0.001".to_owned(),
            Some(_) => format!("{:.3}", seen.p),
        };
        let compared = format!("{compared}: {figure}");
        let seeds = seen.difference.as_ref().map_or(1, |difference| difference.count).to_string();
        [(*claim).to_owned(), compared, title.clone(), verdict, first, second, difference, p, seeds]
    };
    let mut rows: Vec<[String; 9]> = findings
        .iter()
        .flat_map(|finding| finding.seen.iter().map(|(title, seen)| row(finding, title, seen)))
        .collect();
    // From the end, since a row is compared with the unchanged one before.
    for i in (1..rows.len()).rev() {
        for same in (1..=2).filter(|same| rows[i][..*same] == rows[i - 1][..*same]).collect::<Vec<_>>() {
            rows[i][same - 1].clear();
        }
    }
    rows
}

/// For each claim, on how many data sets and models its declared comparison held, was reversed, or was not decided.
pub fn summary(findings: &[Finding]) -> Table {
    let row = |finding: &Finding| {
        let count = |wanted| finding.seen.iter().filter(|(_, seen)| seen.verdict == Some(wanted)).count().to_string();
        let counts = [Verdict::Held, Verdict::Reversed, Verdict::NotDecided].map(count);
        let texts = [finding.claim.to_owned(), format!("{}: {}", finding.compared, finding.figure)].into_iter();
        texts.chain(counts).map(Cell::from).collect()
    };
    Table {
        title: "The paper's claims, by the number of data sets and models".to_owned(),
        header: ["claim", "compared: by", "held", "reversed", "not decided"].map(str::to_owned).to_vec(),
        rows: findings.iter().filter(|finding| !finding.seen.is_empty()).map(row).collect(),
    }
}

/// The columns of [`rows`].
pub const HEADER: [&str; 9] =
    ["claim", "compared: by", "runs", "verdict", "first", "second", "second - first", "p (Holm)", "seeds"];

/// Looks at every comparison in every group.
pub fn findings(groups: &[Group<'_>]) -> Vec<Finding> {
    claims().iter().map(|claim| claim.look(groups)).collect()
}

impl Claim {
    fn look(&self, groups: &[Group<'_>]) -> Finding {
        let mut seen: Vec<(String, Seen)> =
            groups.iter().filter_map(|group| Some((group.title.clone(), self.compare(group)?))).collect();
        // A single seed gives no test, and takes no part in the correction.
        let tests: Vec<f64> = seen.iter().filter_map(|(_, seen)| Some(seen.difference?.p)).collect();
        let mut adjusted = holm(&tests).into_iter();
        for (_, seen) in &mut seen {
            if seen.difference.is_some() {
                seen.p = adjusted.next().unwrap_or(1.0);
            }
            seen.verdict = self.declared.then(|| verdict(seen.difference.as_ref(), seen.p));
        }
        Finding {
            claim: self.claim,
            compared: format!("{} and {}", self.less.loss.label(), self.more.loss.label()),
            figure: self.figure,
            digits: self.digits,
            declared: self.declared,
            seen,
        }
    }

    /// The finding of a group, without correction and verdict; `None` if both kinds of runs have no common seed.
    fn compare(&self, group: &Group<'_>) -> Option<Seen> {
        let (less, more) = (self.less.loss.arm(group)?, self.more.loss.arm(group)?);
        let mut pairs = Vec::new();
        for run in &less.runs {
            let Some(other) = more.runs.iter().find(|other| other.settings.seed == run.settings.seed) else { continue };
            if let (Some(a), Some(b)) = ((self.less.of)(group, run), (self.more.of)(group, other)) {
                // If both runs never reach the goal, there is no comparison; if one does not, it counts as one epoch more than it was trained.
                // A run that diverged has no figure.
                match (a.is_infinite(), b.is_infinite()) {
                    (true, true) => {}
                    _ if a.is_nan() || b.is_nan() => {}
                    (true, false) => pairs.push((run.epochs.len() as f64 + 1.0, b)),
                    (false, true) => pairs.push((a, other.epochs.len() as f64 + 1.0)),
                    (false, false) => pairs.push((a, b)),
                }
            }
        }
        if pairs.is_empty() {
            return None;
        }
        let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / pairs.len() as f64;
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
        let difference = PairedDifference::of(&differences, self.resolution);
        Some(Seen { means: [mean(|pair| pair.0), mean(|pair| pair.1)], difference, p: 1.0, verdict: None })
    }
}

/// The verdict on a difference with this adjusted p-value.
fn verdict(difference: Option<&PairedDifference>, p: f64) -> Verdict {
    match difference {
        Some(difference) if p < LEVEL && difference.mean > 0.0 => Verdict::Held,
        Some(_) if p < LEVEL => Verdict::Reversed,
        _ => Verdict::NotDecided,
    }
}

/// The epochs to the goal; infinite for a run that does not reach it.
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
    fn verdicts_need_a_small_adjusted_p() {
        let verdict = |differences: &[f64], p| verdict(PairedDifference::of(differences, 0.0).as_ref(), p);
        assert_eq!(verdict(&[1.0, 1.1], 0.01), Verdict::Held);
        assert_eq!(verdict(&[-1.0, -1.1], 0.01), Verdict::Reversed);
        assert_eq!(verdict(&[1.0, 1.1], 0.06), Verdict::NotDecided);
        assert_eq!(verdict(&[1.0], 0.0), Verdict::NotDecided);
    }

    #[test]
    fn one_comparison_is_declared_for_each_claim_and_figure() {
        let claims = claims();
        for claim in &claims {
            let same = |other: &&Claim| (other.claim, other.figure) == (claim.claim, claim.figure) && other.declared;
            assert_eq!(claims.iter().filter(same).count(), 1, "{}", claim.claim);
        }
    }
}
