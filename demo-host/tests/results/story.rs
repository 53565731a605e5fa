//! The tables that the story prints, which the documents must have.

use std::fs;

use tempfile::TempDir;

use crate::command::run;

/// The learners of the first table, as the README calls them.
const NAMES: [(&str, &str); 6] = [
    ("discriminant", "discriminant, the trained head mixed in"),
    ("discriminant+neighbours", "the same with kept samples on top"),
    ("discriminant+residual", "the same with a gradient-decay residual"),
    ("sgd", "SGD, a step a label"),
    ("sgd-replay", "SGD with four rehearsals a label"),
    ("warm-up", "SGD with beta from 0.01 to 1"),
];

/// Runs the story and checks its page; returns its output.
pub fn told() -> String {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in ["of 600 right", "comparisons hold"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("NaN") && !text.contains("NOT OK"));
    let report = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert_eq!(report.matches("<svg").count(), 4 + 7);
    // Self-contained: nothing is loaded from anywhere.
    for loading in ["src=", "<link", "<script", "@import", "url("] {
        assert!(!report.contains(loading), "the report has {loading}");
    }
    assert!(!report.contains("NaN"));
    text
}

/// The table after a title that begins like this, as Markdown.
pub fn table(text: &str, title: &str) -> String {
    let lines =
        text.lines().skip_while(|line| !line.starts_with(title)).skip(1).take_while(|line| line.starts_with("  "));
    let rows: Vec<Vec<&str>> =
        lines.map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert!(rows.len() > 1 && rows.iter().all(|row| row.len() == rows[0].len()), "{title}: {rows:?}");
    let row = |cells: &Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let head = format!("{}|{}\n", row(&rows[0]), "---|".repeat(rows[0].len()));
    head + &rows[1..].iter().map(row).collect::<String>()
}

/// The first table, for the README: names in words, and no mark for the best.
pub fn user(text: &str) -> String {
    let mut table = table(text, "Accuracy in %").replace('*', "").replace(" labels |", " |");
    for (name, shown) in NAMES {
        table = table.replacen(&format!("\n| {name} |"), &format!("\n| {shown} |"), 1);
    }
    table
}
