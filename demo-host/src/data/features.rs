//! The user's own features, with a label for each sample, and optionally the person that it is from and the part that it is for.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use data_files::table::npy::{self, Archive};
use data_files::table::{Column, Table, csv};
use indicatif::ProgressBarIter;

use crate::progress::bytes_bar;
use simulation::samples::{LabelledFeatures, Samples};

/// The files of features, labels, groups and split.
///
/// | file | features | labels, groups and split by default |
/// |---|---|---|
/// | `.csv` | all other columns | the columns `label`, `group` and `split` |
/// | `.npz` | the array `features`, else `X` or `x` | the arrays `labels`, else `y`; `groups`; `split` |
/// | `.npy` | the array | files of their own |
///
/// Instead of its default each may be the name of another column or array, or a file: `.npy`, or CSV of one column.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file of features.
    pub features: PathBuf,
    /// Labels: whole numbers `0..K`, or texts.
    pub labels: Option<String>,
    /// The person that a sample is from: whole numbers, or texts.
    pub groups: Option<String>,
    /// The part a sample is for: `stream` or `train`, to learn from, and `test`.
    pub split: Option<String>,
}

/// The names of what belongs to features, in a CSV file, and in an archive.
const LABEL: (&str, &[&str]) = ("label", &["labels", "y"]);
const GROUP: (&str, &[&str]) = ("group", &["groups"]);
const SPLIT: (&str, &[&str]) = ("split", &["split"]);
const FEATURES: &[&str] = &["features", "X", "x"];

impl Sources {
    /// Reads all of it.
    ///
    /// # Errors
    /// If a file cannot be read, the numbers of samples differ, or a value is invalid; the message names file, array and row.
    pub fn read(&self) -> Result<LabelledFeatures> {
        let file = &self.features;
        let (table, [labels, groups, split]) = match extension(file) {
            "npy" => {
                let table = npy::features(open(file)?).with_context(|| file.display().to_string())?;
                (table, [self.labels.as_deref(), self.groups.as_deref(), self.split.as_deref()].map(|_| None))
            }
            "npz" => self.read_archive()?,
            "csv" => self.read_csv()?,
            _ => bail!("{}: features are read from .csv, .npy or .npz", file.display()),
        };
        let elsewhere = |found: Option<Column>, asked: &Option<String>, name: &str| match (found, asked) {
            (None, Some(path)) => column_file(Path::new(path), name).map(Some),
            (found, _) => Ok(found),
        };
        let labels = elsewhere(labels, &self.labels, LABEL.0)?.with_context(|| match extension(file) {
            "npy" => format!("{} has no labels: give --labels FILE.npy or FILE.csv", file.display()),
            "npz" => format!(
                "{} has no array `labels` or `y`: give --labels, the name of another, or a file",
                file.display()
            ),
            _ => format!("{} has no column `label`: give --labels, the name of another, or a file", file.display()),
        })?;
        let groups = elsewhere(groups, &self.groups, GROUP.0)?;
        let split = elsewhere(split, &self.split, SPLIT.0)?;
        let rows = table.rows();
        ensure!(rows > 0, "{} has no samples", file.display());
        ensure!(table.columns > 0, "{} has no features beside labels and groups", file.display());
        for (name, column) in [("labels", Some(&labels)), ("groups", groups.as_ref()), ("split", split.as_ref())] {
            let count = column.map_or(rows, Column::len);
            ensure!(count == rows, "there are {count} {name}, but {rows} samples in {}", file.display());
        }
        let (labels, classes) = labels.labels().with_context(|| format!("labels of {}", file.display()))?;
        ensure!(
            classes.len() >= 2,
            "all {rows} samples of {} are of one class, {}: there must be at least 2",
            file.display(),
            classes[0]
        );
        Ok(LabelledFeatures {
            samples: Samples { width: table.columns, features: table.values, labels },
            classes,
            groups: groups.map(|groups| groups.numbered()),
            streamed: split.map(|split| parts(&split)).transpose()?,
        })
    }

    fn read_archive(&self) -> Result<(Table, [Option<Column>; 3])> {
        let file = &self.features;
        let context = || file.display().to_string();
        let mut archive = Archive::new(open(file)?).with_context(context)?;
        let names = archive.names();
        let has = |name: &str| names.iter().any(|own| own == name);
        let features = FEATURES.iter().copied().find(|name| has(name));
        let features = features.with_context(|| {
            format!("{} has no array `features`, `X` or `x`, but {}", file.display(), names.join(", "))
        })?;
        let table = archive.features(features).with_context(context)?;
        let mut columns = [None, None, None];
        for (column, (asked, (_, usual))) in columns.iter_mut().zip(self.asked()) {
            let name = match asked {
                Some(asked) => Some(asked).filter(|asked| has(asked)),
                None => usual.iter().copied().find(|name| has(name)),
            };
            *column = name.map(|name| archive.column(name).with_context(context)).transpose()?;
        }
        Ok((table, columns))
    }

    fn read_csv(&self) -> Result<(Table, [Option<Column>; 3])> {
        let file = &self.features;
        // A column with one of the default names is not a feature, even if another column is used in its place.
        let asked = self.asked().map(|(asked, (usual, _))| asked.unwrap_or(usual));
        let usual = self.asked().map(|(_, (usual, _))| usual);
        let table = csv::read(open(file)?, &[asked, usual].concat()).with_context(|| file.display().to_string())?;
        let mut columns = table.columns.into_iter();
        Ok((table.features, std::array::from_fn(|_| columns.next().flatten())))
    }

    #[expect(clippy::type_complexity)]
    fn asked(&self) -> [(Option<&str>, (&'static str, &'static [&'static str])); 3] {
        [(self.labels.as_deref(), LABEL), (self.groups.as_deref(), GROUP), (self.split.as_deref(), SPLIT)]
    }
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

/// A file that is read in pieces, with a progress bar.
fn open(path: &Path) -> Result<BufReader<ProgressBarIter<File>>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(BufReader::with_capacity(1 << 20, bytes_bar(length, &name).wrap_read(file)))
}

/// Labels or groups in a file of their own.
fn column_file(path: &Path, name: &str) -> Result<Column> {
    let context = || path.display().to_string();
    match extension(path) {
        "npy" => npy::column(open(path)?).with_context(context),
        "csv" => csv::read_column(open(path)?, name).with_context(context),
        _ => bail!("{} is neither a column or array of the features' file, nor a .npy or .csv file", path.display()),
    }
}

/// Whether each sample is to learn from.
fn parts(split: &Column) -> Result<Vec<bool>> {
    let Column::Texts(texts) = split else {
        bail!("the split is of numbers, but must be of `stream` or `train`, and `test`");
    };
    let part = |(row, text): (usize, &String)| match text.as_str() {
        "stream" | "train" => Ok(true),
        "test" => Ok(false),
        other => bail!("the split of row {row} is `{other}`, but must be `stream`, `train` or `test`"),
    };
    texts.iter().enumerate().map(part).collect()
}
