//! Merges the results of several files, for an experiment that was trained in parts.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

use super::{Results, Row};

/// The rows of all files, each run once. If a run occurs twice with the same measurements, the first counts.
///
/// # Errors
/// If a file cannot be read or is damaged, there is no row, or a run occurs twice with different measurements.
pub fn merge(files: &[PathBuf]) -> Result<Vec<Row>> {
    let mut merged: Vec<(usize, Row)> = Vec::new();
    for (file, path) in files.iter().enumerate() {
        for row in Results::read(path)? {
            match merged.iter().find(|(_, seen)| seen.settings == row.settings) {
                None => merged.push((file, row)),
                Some((_, seen)) if seen.without_times() == row.without_times() => {}
                Some((first, _)) => bail!(
                    "{} is in {} and in {} with other measurements: remove one of the two lines",
                    row.settings.describe(),
                    files[*first].display(),
                    path.display()
                ),
            }
        }
    }
    ensure!(!merged.is_empty(), "there is no result in {}", names(files));
    Ok(merged.into_iter().map(|(_, row)| row).collect())
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
