//! A recommendation in words.

use std::fmt;

use super::cost::{Cost, Target};
use super::{Candidate, Recommendation};
use crate::tasks::Units;

impl Recommendation {
    /// The comment at the top of the files that this program writes it to.
    pub fn comment(&self, program: &str) -> String {
        let accuracies = self.accuracies();
        let accuracies =
            accuracies.iter().map(|(labels, accuracy)| format!("{:.1} % after {labels}", 100.0 * accuracy));
        format!(
            "Written by `{program}` for {}, {}: {}{}.\nExpected accuracy by labels: {}.",
            self.task,
            self.scenario,
            self.candidate.tuned.learner,
            if self.is_plain { ", plain settings" } else { "" },
            accuracies.collect::<Vec<_>>().join(", ")
        )
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text(self))
    }
}

/// The whole recommendation, for a terminal.
fn text(found: &Recommendation) -> String {
    let Recommendation { scenario, target, .. } = *found;
    let (plain, difference) = &found.plain;
    let (within, all) = found.counts;
    let mut text =
        format!("\n{scenario}: {}\n{within} of {all} settings are within the budget.\n\n", scenario.sentence());
    text += &format!("Recommended: {}\n\n", described(&found.candidate, found.based));
    text += "labels          accuracy in %\n";
    for (labels, accuracy) in found.accuracies() {
        text += &format!("{labels:>6}          {:.1}\n", 100.0 * accuracy);
    }
    let Cost { ram, label, answer, error } = found.candidate.cost;
    text += &format!(
        "\nA mean of {} orders, on samples without a part in the choice.\n\n{}: {ram} bytes of RAM, {label:.0} instructions a label, {answer:.0} an \
         answer, by a model that is off by up to {:.0} % on shapes left out.\n",
        found.outcome.orders.len(),
        target.core(),
        100.0 * error
    );
    if target == Target::Riscv32imc {
        text +=
            "Nobody has counted that core: the counts of a Cortex-M3, which has floats in software too, stand in.\n";
    }
    let told = format!("{:+.1} ±{:.1} points", 100.0 * difference.mean, 100.0 * difference.interval);
    text += &if found.is_plain {
        format!(
            "\nWhat was tuned differs from these plain settings by {told} of accuracy: plain settings do as well.\n"
        )
    } else {
        format!("\nBetter than plain settings ({}) by {told} of accuracy.\n", described(plain, found.based))
    };
    text += "Chosen for each fold of users on the others:\n";
    for chosen in &found.chosen {
        text += &format!("- {}\n", described(chosen, found.based));
    }
    text
}

fn described(candidate: &Candidate, based: bool) -> String {
    let tuned = &candidate.tuned;
    let settings: Vec<String> = tuned.settings.0.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let units = match tuned.units {
        Units::Raw => "features as they are".to_owned(),
        Units::First(_) if based => "features in the host's units".to_owned(),
        Units::First(count) => format!("features in units of the first {count} samples"),
    };
    std::iter::once(tuned.learner.to_owned()).chain(settings).chain([units]).collect::<Vec<_>>().join(", ")
}
