//! The report of experiments: runs grouped by what they have in common, compared over losses and seeds.

mod claims;
mod curriculum;
mod groups;
mod page;
mod plots;
mod read_outs;
mod tables;

use crate::experiments::Row;
use groups::Group;

use super::table::{Cell, Table};

pub use page::html as experiments_html;

/// The tables of accuracy and of read-outs, for the terminal.
pub fn experiments_text(rows: &[Row]) -> String {
    let groups = Group::all(rows);
    let mut text = String::new();
    for group in &groups {
        let ece = tables::read_outs(group, "ECE on the test images, %", |e| 100.0 * f64::from(e.metrics.ece), 2);
        let seeds = group.arms.iter().map(|arm| arm.runs.len()).max().unwrap_or(0);
        text += &format!("{} (seeds: {seeds})\n{}{}\n", group.title, tables::accuracy(group).text(), ece.text());
    }
    let findings = claims::findings(&groups).into_iter().filter(|finding| finding.declared).collect::<Vec<_>>();
    let claims = Table {
        title: "The paper's claims, each by its declared comparison".to_owned(),
        header: claims::HEADER.map(str::to_owned).to_vec(),
        rows: claims::rows(&findings).into_iter().map(|row| row.map(Cell::from).to_vec()).collect(),
    };
    let read_outs = [read_outs::comparison(&groups), read_outs::by_group(&groups)].map(|table| table.text());
    text + &claims.text() + "\n" + &read_outs.join("\n")
}
