//! The figures in the README, `docs/results.md` and `docs/paper.md` are those that the commands print, or wrote into `results`.
//! `BLESS=1 cargo test -p demo-host --release --test results` rewrites the documents; check the difference.

mod adaptation;
#[path = "../command/mod.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod command;
mod story;

use std::fs;
use std::path::{Path, PathBuf};

use demo_host::{experiments, report};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The results of experiments, in the order in which the command line gives them.
fn experiments_results() -> Vec<PathBuf> {
    let files = fs::read_dir(folder().join("results")).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

fn paper() -> String {
    report::experiments_markdown(&experiments::merge(&experiments_results()).unwrap())
}

/// The runs that burn and PyTorch have both made.
fn beside() -> String {
    let of = |path: &str| experiments::merge(&[folder().join("results").join(path)]).unwrap();
    report::experiments_beside(&of("burn/cifar10-resnet8.jsonl"), &of("cifar10-resnet8.jsonl")).unwrap()[1].clone()
}

/// The part of a Markdown text below a heading that begins like this, without the heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, behind) = text.split_once(&format!("\n## {heading}")).unwrap_or_else(|| panic!("no section {heading}"));
    let (_, body) = behind.split_once('\n').unwrap();
    body.split_once("\n## ").map_or(body, |(body, _)| body).trim()
}

/// Compares a document with the expected text, or writes it.
fn compare(path: &str, wanted: &str) {
    let path = folder().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    let path = path.display();
    assert!(found == wanted, "{path} does not have what the commands print; BLESS=1 writes it: {differs:?}");
}

/// Compares the tables of a document, each between its mark and an end.
fn compare_tables(path: &str, tables: &[(&str, String)]) {
    let mut document = fs::read_to_string(folder().join(path)).unwrap();
    for (name, table) in tables {
        let begin = format!("<!-- {name} -->\n");
        let (before, rest) = document.split_once(&begin).unwrap_or_else(|| panic!("{path} has no mark {name}"));
        let (_, behind) = rest.split_once("<!-- end -->").unwrap();
        document = format!("{before}{begin}{}\n<!-- end -->{behind}", table.trim_end());
    }
    compare(path, &document);
}

#[test]
fn the_page_of_the_paper_is_that_of_the_results() {
    compare("docs/paper.md", &paper());
}

/// One test, since both write the same document.
#[test]
fn the_tables_of_the_documents_are_those_of_the_commands() {
    let told = story::told();
    compare_tables("../README.md", &[("what a new user's labels teach", story::user(&told))]);

    let paper = paper();
    let read_outs =
        ["ECE on the test images", "Read-outs compared"].map(|heading| section(&paper, heading)).join("\n\n");
    let adapted = adaptation::Lines::read(&folder().join("results/adaptation"));
    let others = adaptation::Lines::read(&folder().join("results/other-data"));
    let tables = [
        ("neighbours", others.with_neighbours()),
        ("rivals", adapted.beside_rivals("accuracy")),
        ("ece", adapted.beside_rivals("ece")),
        ("followers", adapted.followers()),
        ("residuals", adapted.residuals()),
        ("unknown", adapted.unknown()),
        ("training", story::table(&told, "Training on the host")),
        ("device", story::table(&told, "The core as the device")),
        ("newcomer", story::table(&told, "A tenth digit arrives")),
        ("claims", section(&paper, "The paper's claims, by").to_owned()),
        ("beside", beside()),
        ("converged", section(&paper, "Fashion-MNIST, LeNet-5, epochs 36").to_owned()),
        ("read-outs", read_outs),
    ];
    compare_tables("docs/results.md", &tables);
}
