//! The report of experiments: runs grouped by what they have in common, compared over losses and seeds.

mod beside;
mod claims;
mod curriculum;
mod groups;
mod page;
mod plots;
mod read_outs;
mod tables;

use anyhow::Result;

use crate::evaluation::Evaluation;
use crate::experiments::Row;
use groups::Group;

use super::table::{Cell, Table};

pub use page::html as experiments_html;

/// The tables of accuracy and of read-outs, for the terminal.
pub fn experiments_text(rows: &[Row]) -> String {
    let groups = Group::all(rows);
    let text: String = groups
        .iter()
        .map(|group| {
            let [accuracy, ece] = of_group(group).map(|table| table.text());
            format!("{}\n{accuracy}{ece}\n", title(group))
        })
        .collect();
    let Claims { verdicts, read_outs, .. } = Claims::of(&groups);
    text + &verdicts.text() + "\n" + &read_outs.map(|table| table.text()).join("\n")
}

/// The same as Markdown, a page for readers of the paper: whether each claim held, on which data, and by how much.
pub fn experiments_markdown(rows: &[Row]) -> String {
    let groups = Group::all(rows);
    let Claims { summary, verdicts, read_outs } = Claims::of(&groups);
    let section = |table: Table| format!("\n## {}\n\n{}", table.title, table.markdown());
    let mut text = format!("# The paper's claims in {} runs\n", rows.len());
    text.extend([summary, verdicts].map(section));
    text.extend(read_outs.map(section));
    for group in &groups {
        text += &format!("\n## {}\n", title(group));
        text.extend(of_group(group).map(|table| format!("\n{}:\n\n{}", table.title, table.markdown())));
    }
    text
}

/// The runs that two programs or devices have both trained: for the terminal, and as Markdown.
///
/// # Errors
/// If there is none, or one of the two is of several devices.
pub fn experiments_beside(rows: &[Row], others: &[Row]) -> Result<[String; 2]> {
    let table = beside::beside(rows, others)?;
    Ok([table.text(), format!("{}:\n\n{}", table.title, table.markdown())])
}

/// The tables of claims and of read-outs over all groups.
struct Claims {
    summary: Table,
    verdicts: Table,
    read_outs: [Table; 2],
}

impl Claims {
    fn of(groups: &[Group<'_>]) -> Self {
        let declared: Vec<_> = claims::findings(groups).into_iter().filter(|finding| finding.declared).collect();
        let verdicts = Table {
            title: "The paper's claims, each by its declared comparison".to_owned(),
            header: claims::HEADER.map(str::to_owned).to_vec(),
            rows: claims::rows(&declared).into_iter().map(|row| row.map(Cell::from).to_vec()).collect(),
        };
        let read_outs = [read_outs::comparison(groups), read_outs::by_group(groups)];
        Claims { summary: claims::summary(&declared), verdicts, read_outs }
    }
}

/// Accuracy, and calibration error by read-out.
fn of_group(group: &Group<'_>) -> [Table; 2] {
    let ece = |evaluation: &Evaluation| 100.0 * f64::from(evaluation.metrics.ece);
    [tables::accuracy(group), tables::read_outs(group, "ECE on the test images, %", ece, 2)]
}

fn title(group: &Group<'_>) -> String {
    let seeds = group.arms.iter().map(|arm| arm.runs.len()).max().unwrap_or(0);
    format!("{} (seeds: {seeds})", group.title)
}
