//! The command line as a user sees it: bad input gives one clear sentence and exit code 2, and leaves nothing behind.

mod command;

use std::fs;

use command::{refused, run};
use tempfile::TempDir;

#[test]
fn unknown_names() {
    let folder = TempDir::new().unwrap();
    refused(&folder, &["fetch", "letters"], &["letters", "mnist"]);
    refused(&folder, &["tell"], &["tell"]);
}

#[test]
fn data_that_is_not_whole() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("mnist");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("train-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0]).unwrap();
    refused(&folder, &["fetch", "mnist", "--data-dir", data.to_str().unwrap()], &["mnist", "remove it"]);
}

#[test]
fn reports_that_cannot_be_written() {
    let folder = TempDir::new().unwrap();
    refused(&folder, &["--report", "no/such/report.html"], &["no/such/report.html"]);
    refused(&folder, &["--report", "."], &["folder"]);
}

#[test]
fn devices_without_their_data() {
    let folder = TempDir::new().unwrap();
    refused(&folder, &["adapt"], &["--dataset"]);
    refused(&folder, &["adapt", "--dataset", "activities"], &["--data-dir", "GeoTecINIT/sp-sw-har-dataset"]);
    refused(&folder, &["adapt", "--dataset", "gestures", "--data-dir", "."], &["gestures.json", "pxt-microbit-ml"]);
    refused(&folder, &["adapt", "--dataset", "digits", "--orders", "1"], &["--orders is 1"]);
    refused(&folder, &["adapt", "--dataset", "digits", "--against", "me"], &["--against is me", "nearest-mean"]);
    refused(&folder, &["adapt", "--dataset", "digits", "--json", "no/such.jsonl"], &["no/such.jsonl"]);
}

/// The results that the project holds make a page, in any build.
#[test]
fn a_report_of_results() {
    let folder = TempDir::new().unwrap();
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/results/mnist.jsonl");
    let output = run(folder.path(), &["report", results]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read_to_string(folder.path().join("experiments.html")).unwrap().contains("<svg"));
    refused(&folder, &["report", "gone.jsonl"], &["cannot read gone.jsonl"]);
}

/// A command that needs full models, in a program without them, says how to get a program that has them, whatever the arguments.
#[test]
#[cfg(not(feature = "burn"))]
fn commands_that_need_full_models() {
    let folder = TempDir::new().unwrap();
    for command in ["train", "sweep", "verify", "benchmark"] {
        let build = format!("cargo run --release -p demo-host --features burn -- {command}");
        refused(&folder, &[command], &[&build]);
        let with_arguments = format!("{build} --dataset digits -x`");
        refused(&folder, &[command, "--dataset", "digits", "-x"], &[&with_arguments]);
        refused(&folder, &[command, "--help"], &[&build]);
    }
}

#[test]
fn help_says_what_needs_full_models() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["--help"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(text.contains("cargo run --release -p demo-host --features burn"), "{text}");
    for command in ["train", "sweep", "verify", "benchmark"] {
        assert!(
            text.lines().any(|line| line.trim().starts_with(command) && line.contains("[burn]")),
            "{command}: {text}"
        );
    }
}
