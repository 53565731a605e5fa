//! The runs of an experiment, read from a TOML file.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::Row;
use crate::data::DatasetName;
use crate::files;
use crate::models::ModelName;
use crate::training::{Loss, Settings};

/// All runs of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name of its file, without the extension.
    pub name: String,
    /// The settings of each run, none twice, in the order in which they are trained: all of a seed before the next.
    pub runs: Vec<Settings>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    grid: Vec<Grid>,
}

/// Every combination of its lists; settings that are not given have the defaults of the data set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grid {
    datasets: Vec<DatasetName>,
    models: Vec<ModelName>,
    losses: Vec<Loss>,
    seeds: Vec<u64>,
    class_weights: Option<Vec<f32>>,
    ignore_index: Option<usize>,
    epochs: Option<u32>,
    batch_size: Option<usize>,
    learning_rate: Option<f64>,
    milestones: Option<Vec<u32>>,
    clip: Option<f32>,
    momentum: Option<f64>,
    weight_decay: Option<f32>,
    augment: Option<bool>,
    held_out: Option<usize>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// If the file cannot be read, is not a valid experiment, is empty, or asks for a run that cannot be trained.
    pub fn load(path: &Path) -> Result<Self> {
        let text = String::from_utf8(files::read(path)?).with_context(|| format!("{} is no text", path.display()))?;
        let name = path.file_stem().map_or("experiment".into(), |stem| stem.to_string_lossy().into_owned());
        Self::parse(name, &text).with_context(|| format!("{} is not an experiment", path.display()))
    }

    /// Refuses rows in which a run of the plan is missing.
    ///
    /// # Errors
    /// If one is missing; the message names the first, and says how many are.
    pub fn check_complete(&self, rows: &[Row]) -> Result<()> {
        let missing: Vec<&Settings> =
            self.runs.iter().filter(|settings| !rows.iter().any(|row| row.settings == **settings)).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        bail!(
            "{} of the {} runs of {} are missing, the first is {}: train them by `demo-host sweep`, or report without \
             --experiment",
            missing.len(),
            self.runs.len(),
            self.name,
            first.describe()
        )
    }

    fn parse(name: String, text: &str) -> Result<Self> {
        // Its message shows the line and what is wrong with it.
        let file: File = toml::from_str(text)?;
        let mut seeds: Vec<u64> = file.grid.iter().flat_map(|grid| grid.seeds.iter().copied()).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let mut runs = Vec::new();
        for seed in seeds {
            for grid in file.grid.iter().filter(|grid| grid.seeds.contains(&seed)) {
                for settings in grid.runs(seed) {
                    settings.check().with_context(|| {
                        let loss = settings.loss.label();
                        format!("{}, {}, {loss}", settings.dataset.label(), settings.model.label())
                    })?;
                    if !runs.contains(&settings) {
                        runs.push(settings);
                    }
                }
            }
        }
        ensure!(!runs.is_empty(), "it asks for no run: every list of a grid needs an entry");
        Ok(Plan { name, runs })
    }
}

impl Grid {
    fn runs(&self, seed: u64) -> Vec<Settings> {
        let mut runs = Vec::new();
        for &dataset in &self.datasets {
            for &model in &self.models {
                for &loss in &self.losses {
                    let default = Settings::new(dataset, model);
                    runs.push(Settings {
                        loss,
                        class_weights: self.class_weights.clone(),
                        ignore_index: self.ignore_index,
                        epochs: self.epochs.unwrap_or(default.epochs),
                        batch_size: self.batch_size.unwrap_or(default.batch_size),
                        learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
                        milestones: self.milestones.clone().unwrap_or_default(),
                        clip: self.clip,
                        momentum: self.momentum.unwrap_or(default.momentum),
                        weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
                        augment: self.augment.unwrap_or(default.augment),
                        held_out: self.held_out.unwrap_or(default.held_out),
                        seed,
                        ..default
                    });
                }
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: &str = "
        [[grid]]
        datasets = ['digits']
        models = ['mlp']
        seeds = [2, 1]
        epochs = 3
        losses = ['cross-entropy', { gradient-decay = { beta = 0.1, warm_up = { start = 0.01, epochs = 2 } } }]
    ";

    #[test]
    fn every_combination_once_and_seed_by_seed() {
        // The same grid twice asks for no run twice.
        let plan = Plan::parse("a".to_owned(), &[GRID, GRID].concat()).unwrap();
        let seen: Vec<_> = plan.runs.iter().map(|run| (run.seed, run.loss.label(), run.epochs)).collect();
        let expected = [(1, "cross-entropy", 3), (1, "0.01 -> 0.1", 3), (2, "cross-entropy", 3), (2, "0.01 -> 0.1", 3)];
        assert_eq!(seen, expected.map(|(seed, label, epochs)| (seed, label.to_owned(), epochs)));
        assert_eq!(plan.runs[0].batch_size, Settings::new(DatasetName::Digits, ModelName::Mlp).batch_size);
    }

    #[test]
    fn what_cannot_be_trained_is_refused_with_its_place() {
        for (from, to, said) in [
            ("epochs", "epoch", "epoch"),
            ("beta = 0.1", "beta = -1", "0.01 -> -1"),
            ("'mlp'", "'lenet5'", "lenet5"),
            ("'digits'", "'letters'", "letters"),
            ("seeds = [2, 1]", "seeds = []", "no run"),
            ("epochs = 2", "epochs = 4", "does not fit"),
        ] {
            assert!(GRID.contains(from));
            let error = format!("{:#}", Plan::parse("a".to_owned(), &GRID.replace(from, to)).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_experiments_of_this_repository() {
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/experiments")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                Plan::load(&path).unwrap();
            }
        }
    }
}
