//! The same runs by two programs or devices, beside each other.

use anyhow::{Result, ensure};

use super::groups::{Group, Spread};
use crate::experiments::Row;
use crate::report::table::{Cell, Table};

/// A figure of a run, in per cent.
type Figure = fn(&Row) -> f64;

const FIGURES: [(&str, Figure); 3] = [
    ("test acc, %", |row| 100.0 * f64::from(row.test.softmax.metrics.accuracy)),
    ("ECE, %", |row| 100.0 * f64::from(row.test.softmax.metrics.ece)),
    ("NLL", |row| f64::from(row.test.softmax.metrics.nll)),
];

/// A table of the runs that are in both: for each loss the means of either, and at the end the mean of the differences with its 95 %
/// confidence interval by Student's t.
///
/// # Errors
/// If no run is in both.
pub fn beside(rows: &[Row], others: &[Row]) -> Result<Table> {
    let other = |row: &Row| others.iter().find(|other| other.settings == row.settings);
    let mine: Vec<Row> = rows.iter().filter(|row| other(row).is_some()).cloned().collect();
    let device = |row: &Row| row.versions.torch.clone().unwrap_or_else(|| format!("burn, {}", row.device.label()));
    let (Some(first), Some(second)) = (mine.first(), mine.first().and_then(other)) else {
        anyhow::bail!("no run is in the results and in those beside them: runs are the same if all their settings are");
    };
    let names = [device(first), device(second)];
    for (row, name) in
        mine.iter().map(|row| (row, &names[0])).chain(mine.iter().filter_map(other).map(|row| (row, &names[1])))
    {
        ensure!(
            device(row) == *name,
            "runs by {name} and by {} are in the same files: compare them one by one",
            device(row)
        );
    }
    let mut table = Vec::new();
    let mut differences = [const { Vec::new() }; FIGURES.len()];
    for group in Group::all(&mine) {
        for arm in &group.arms {
            let mut cells = vec![
                Cell::from(format!("{}, {}", group.title, arm.loss.label())),
                Cell::from(arm.runs.len().to_string()),
            ];
            for ((_, figure), differences) in FIGURES.iter().zip(&mut differences) {
                let theirs = || arm.runs.iter().filter_map(|run| other(run)).map(figure);
                differences.extend(arm.runs.iter().map(|run| figure(run)).zip(theirs()).map(|(a, b)| b - a));
                let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
                let means = [mean(arm.runs.iter().map(|run| figure(run)).collect()), mean(theirs().collect())];
                cells.extend(means.map(|mean| Cell::from(format!("{mean:.2}"))));
            }
            table.push(cells);
        }
    }
    let mut last = vec![Cell::from("mean of the differences".to_owned()), Cell::from(mine.len().to_string())];
    for differences in &differences {
        let spread = Spread::of(differences);
        let interval = spread.and_then(|spread| spread.confidence()).map(|half| format!(" ± {half:.2}"));
        let mean = spread.map_or(f64::NAN, |spread| spread.mean);
        last.extend([String::new(), format!("{mean:+.2}{}", interval.unwrap_or_default())].map(Cell::from));
    }
    table.push(last);
    let columns = FIGURES.iter().flat_map(|(name, _)| [format!("{name}: A"), "B".to_owned()]);
    let header = ["loss", "runs"].into_iter().map(str::to_owned).chain(columns).collect();
    Ok(Table { title: format!("The same runs by {} (A) and by {} (B)", names[0], names[1]), header, rows: table })
}
