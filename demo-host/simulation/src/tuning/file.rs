//! The settings of a learner as a TOML file, version 1, which `tune` writes and `adapt --settings` reads.
//!
//! | key | |
//! |---|---|
//! | `version` | 1 |
//! | `learner` | one of ours |
//! | `classes`, `features` | the shape that it was tuned for |
//! | `standardize` | samples that fix the units of features, from nothing; 0: features as they are |
//! | `rate`, `beta`, `first_beta`, `steps`, `slots`, `rehearsals` | its settings; only those that it has |
//!
//! Keys that are not in the table are refused.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::learner::{Contender, Settings};
use crate::tasks::Units;
use crate::{NAMES, defaults, device_settings, ours_with};

/// The version of the format.
const VERSION: u32 = 1;

/// The settings of one of our learners.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    /// Its name.
    pub learner: &'static str,
    /// Its settings.
    pub settings: Settings,
    /// The units that it gets features in.
    pub units: Units,
    /// The classes and the features that it was tuned for.
    pub shape: (usize, usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    learner: String,
    classes: usize,
    features: usize,
    standardize: usize,
    rate: Option<f64>,
    beta: Option<f64>,
    first_beta: Option<f64>,
    steps: Option<f64>,
    slots: Option<f64>,
    rehearsals: Option<f64>,
}

impl Tuned {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, is no such file, or holds a setting that its learner does not have or that is out of range.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8(bytes).ok().with_context(|| format!("{} is no text", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// If it is not the text of such a file, or has a setting that its learner does not have or that is out of range.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.to_string().trim_end()))?;
        ensure!(file.version == VERSION, "it has version {}, but this program reads version {VERSION}", file.version);
        let learner = NAMES.into_iter().find(|name| *name == file.learner);
        let learner = learner
            .with_context(|| format!("the learner is {}, but must be one of {}", file.learner, NAMES.join(", ")))?;
        let named = [
            ("rate", file.rate),
            ("first_beta", file.first_beta),
            ("beta", file.beta),
            ("steps", file.steps),
            ("slots", file.slots),
            ("rehearsals", file.rehearsals),
        ];
        // A warm-up may be added to whatever has a beta.
        let usual = defaults(learner);
        let known = |name: &str| {
            usual.find(name).is_some() || usual.find("beta").is_some() && ["first_beta", "steps"].contains(&name)
        };
        let mut settings = Settings::default();
        for (name, value) in named {
            match value {
                Some(_) if !known(name) => bail!("{learner} has no setting {name}"),
                Some(value) => {
                    let whole = ["steps", "slots", "rehearsals"].contains(&name);
                    let most = if whole { 10_000.0 } else { 1e6 };
                    ensure!(
                        value >= 0.0 && value <= most && (!whole || value.fract() == 0.0),
                        "{name} is {value}, but must be {} up to {most}",
                        if whole { "a whole number" } else { "a number" }
                    );
                    settings.0.push((name, value));
                }
                None => ensure!(usual.find(name).is_none(), "{learner} needs the setting {name}"),
            }
        }
        let warm_up = ["first_beta", "steps"].map(|name| settings.find(name).is_some());
        ensure!(warm_up[0] == warm_up[1], "first_beta and steps are given together, or neither");
        let tuned = Tuned {
            learner,
            settings,
            units: if file.standardize == 0 { Units::Raw } else { Units::First(file.standardize) },
            shape: (file.classes, file.features),
        };
        tuned.contender(tuned.shape)?;
        Ok(tuned)
    }

    /// The file.
    pub fn to_text(&self, comment: &str) -> String {
        let mut text: String = comment.lines().map(|line| format!("# {line}\n")).collect();
        let standardize = match self.units {
            Units::Raw => 0,
            Units::First(count) => count,
        };
        let (classes, features) = self.shape;
        text += &format!(
            "version = {VERSION}\nlearner = \"{}\"\nclasses = {classes}\nfeatures = {features}\n",
            self.learner
        );
        text += &format!("standardize = {standardize}\n");
        for (name, value) in &self.settings.0 {
            // A whole number is one of TOML's floats as well.
            text +=
                &if value.fract() == 0.0 { format!("{name} = {value:.1}\n") } else { format!("{name} = {value}\n") };
        }
        text
    }

    /// The learner, under the name `tuned`, for samples of a shape.
    ///
    /// # Errors
    /// If it was tuned for another shape, or a setting is out of range.
    pub fn contender(&self, shape: (usize, usize)) -> Result<Contender> {
        let ((classes, features), (own_classes, own_features)) = (shape, self.shape);
        ensure!(
            shape == self.shape,
            "the settings are for {own_features} features and {own_classes} classes, but the data have {features} and {classes}"
        );
        let settings = device_settings(self.learner, &self.settings)?;
        gradient_decay::Sgd::try_new(settings.rate)?;
        let contender = ours_with(self.learner, vec![self.settings.clone()]);
        let contender = contender.with_context(|| format!("there is no learner {}", self.learner))?;
        Ok(Contender { name: "tuned", ..contender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version = 1\nlearner = \"sgd-replay\"\nclasses = 3\nfeatures = 5\nstandardize = 16\n";
    const SETTINGS: &str = "rate = 0.03\nfirst_beta = 0.1\nbeta = 1.0\nsteps = 100.0\nslots = 4.0\nrehearsals = 2.0\n";

    #[test]
    fn what_is_written_is_read() {
        let tuned = Tuned::parse(&format!("{TEXT}{SETTINGS}")).unwrap();
        assert_eq!(Tuned::parse(&tuned.to_text("of a test\nin two lines")).unwrap(), tuned);
        assert_eq!(tuned.to_text("of a test"), format!("# of a test\n{TEXT}{SETTINGS}"));
        let plain = Tuned { learner: "discriminant", settings: Settings::default(), units: Units::Raw, shape: (2, 9) };
        assert_eq!(Tuned::parse(&plain.to_text("")).unwrap(), plain);
        assert!(plain.contender((2, 8)).err().unwrap().to_string().contains("9 features and 2 classes"));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        let all = format!("{TEXT}{SETTINGS}");
        for (text, part) in [
            (all.clone() + "momentum = 0.9\n", "momentum"),
            (all.replace("version = 1", "version = 2"), "version 2"),
            (all.replace("sgd-replay", "adam"), "one of discriminant,"),
            (all.replace("sgd-replay", "sgd"), "sgd has no setting slots"),
            (all.replace("rate = 0.03\n", ""), "needs the setting rate"),
            (all.replace("steps = 100.0\n", ""), "together"),
            (all.replace("slots = 4.0", "slots = 4.5"), "whole number"),
            (all.replace("beta = 1.0", "beta = -1.0"), "beta is -1"),
            (all.replace("rate = 0.03", "rate = 0"), "learning rate"),
            ("version".to_owned(), "version"),
        ] {
            let message = format!("{:#}", Tuned::parse(&text).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }
}
