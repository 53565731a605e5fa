//! Sweeps as a user sees them: no finished run is lost, whatever happens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use demo_host::experiments::{Results, Row};
use tempfile::TempDir;

/// Six runs of a few milliseconds an epoch.
const EXPERIMENT: &str = "
    [[grid]]
    datasets = ['digits']
    models = ['mlp']
    seeds = [1, 2]
    epochs = 8
    held_out = 100
    losses = [
        { gradient-decay = { beta = 0.1 } },
        { gradient-decay = { beta = 1.0 } },
        { gradient-decay = { beta = 5.0, warm_up = { start = 0.01, epochs = 4 } } },
    ]
";

const RUNS: usize = 6;

/// A folder with the experiment.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("beta.toml"), EXPERIMENT).unwrap();
    folder
}

fn demo_host(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-host"));
    command.args(args).current_dir(folder).stdin(Stdio::null());
    for variable in ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] {
        command.env_remove(variable);
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    demo_host(folder, args).output().unwrap()
}

/// Runs a command that must succeed; returns what it printed.
fn done(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command that must be refused; its message must contain all of `words`, and no file may change.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let before = files(folder);
    let output = run(folder, args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    assert!(words.iter().all(|word| message.contains(word)), "{args:?} does not name {words:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(files(folder) == before, "{args:?} changed a file");
}

/// The files of a folder with their content.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The rows of a file, in the order of their settings, without the times.
fn rows(path: &Path) -> Vec<Row> {
    let mut rows: Vec<Row> = Results::read(path).unwrap().iter().map(Row::without_times).collect();
    rows.sort_by_key(|row| (row.settings.seed, row.settings.loss.label()));
    rows
}

#[test]
fn every_run_is_trained_once() {
    let folder = folder();
    let results = folder.path().join("beta.jsonl");
    assert!(done(folder.path(), &["sweep", "beta.toml"]).contains("6 of 6 runs to train"));
    let finished = fs::read(&results).unwrap();
    assert_eq!(rows(&results).len(), RUNS);
    assert!(done(folder.path(), &["sweep", "beta.toml"]).contains("0 of 6 runs to train"));
    assert_eq!(fs::read(&results).unwrap(), finished);
    assert!(!folder.path().join("beta.checkpoints").exists(), "nothing is left to go on with");

    let row = &rows(&results)[0];
    assert_eq!((row.epochs.len(), row.curriculum.learned.len()), (8, 500));
    assert!(row.test.temperature.is_some() && row.test.coefficient.is_some() && row.validation.is_some());
    // The number of runs side by side changes no result.
    done(folder.path(), &["sweep", "beta.toml", "--results", "alone.jsonl", "--jobs", "1"]);
    assert_eq!(rows(&folder.path().join("alone.jsonl")), rows(&results));
}

#[test]
#[cfg(unix)]
fn killed_at_any_moment_it_goes_on_to_the_same_results() {
    let folder = folder();
    let results = folder.path().join("beta.jsonl");
    let mut kills = 0;
    // Delays that fall everywhere: into starting, training, checkpoints and results.
    for delay in (0..).map(|i| 20 + 37 * i % 190) {
        let mut child = demo_host(folder.path(), &["sweep", "beta.toml"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        if results.exists() {
            // Readable, and no run is there twice.
            let rows = rows(&results);
            assert!(rows.windows(2).all(|pair| pair[0].settings != pair[1].settings));
        }
        if finished {
            break;
        }
        kills += 1;
        assert!(kills < 500, "it never comes to an end");
    }
    assert!(kills >= 3, "too fast to be killed");
    done(folder.path(), &["sweep", "beta.toml", "--results", "unbroken.jsonl"]);
    assert_eq!(rows(&results), rows(&folder.path().join("unbroken.jsonl")));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_no_result() {
    let folder = folder();
    let results = folder.path().join("beta.jsonl");
    done(folder.path(), &["sweep", "beta.toml", "--results", "whole.jsonl"]);
    let whole = fs::read(folder.path().join("whole.jsonl")).unwrap();
    // A limit on the size of files, whose signal is ignored, fails a write as a full disk does: after a part of it.
    let limit = (whole.len() - 100) / 1024;
    let script =
        format!("trap '' XFSZ; ulimit -f {limit}; exec '{}' sweep beta.toml --jobs 1", env!("CARGO_BIN_EXE_demo-host"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("cannot write beta.jsonl"), "{message}");
    assert_eq!(rows(&results).len(), RUNS - 1);
    assert!(fs::read_to_string(&results).unwrap().ends_with('\n'), "the broken line is taken back");
    // With room again only the last is missing, and it is not trained anew.
    assert!(done(folder.path(), &["sweep", "beta.toml"]).contains("1 of 6 runs to train"));
    assert_eq!(rows(&results), rows(&folder.path().join("whole.jsonl")));
}

#[test]
fn a_last_line_that_was_cut_off_is_trained_again() {
    let folder = folder();
    let results = folder.path().join("beta.jsonl");
    done(folder.path(), &["sweep", "beta.toml"]);
    let whole = rows(&results);
    let bytes = fs::read(&results).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for length in [last + 1, (last + bytes.len()) / 2, bytes.len() - 1] {
        fs::write(&results, &bytes[..length]).unwrap();
        assert_eq!(Results::read(&results).unwrap().len(), RUNS - 1);
        assert!(done(folder.path(), &["sweep", "beta.toml"]).contains("1 of 6 runs to train"));
        assert_eq!(rows(&results), whole);
    }
    // A line that is broken elsewhere is no accident that can be repaired.
    fs::write(&results, &bytes[10..]).unwrap();
    refused(folder.path(), &["sweep", "beta.toml"], &["beta.jsonl is damaged", "line 1"]);
    refused(folder.path(), &["report", "beta.jsonl"], &["beta.jsonl is damaged", "line 1"]);
}

#[test]
fn shards_make_the_whole_and_the_report_checks_them() {
    let folder = folder();
    let path = folder.path();
    done(path, &["sweep", "beta.toml"]);
    done(path, &["sweep", "beta.toml", "--shard", "0/3"]);
    let slurm = [("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "3")];
    assert!(demo_host(path, &["sweep", "beta.toml"]).envs(slurm).output().unwrap().status.success());
    let parts = ["beta.shard-0-of-3.jsonl", "beta.shard-1-of-3.jsonl", "beta.shard-2-of-3.jsonl"];
    let report = ["report", "--experiment", "beta.toml", "--output", "page.html"];
    refused(path, &[&report[..], &parts[..2]].concat(), &["2 of the 6 runs of beta are missing", "seed"]);
    let kubernetes = [("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "3")];
    assert!(demo_host(path, &["sweep", "beta.toml"]).envs(kubernetes).output().unwrap().status.success());
    let of_parts = done(path, &[&report[..], &parts].concat());
    let page = fs::read_to_string(path.join("page.html")).unwrap();
    for part in ["digits, MLP 64", "0.01 -&gt; 5", "held", "temperature", "Reliability", "Made with", "±"] {
        assert!(page.contains(part), "the page has no {part}");
    }
    for loading in ["src=", "<link", "<script", "@import", "url(", "NaN"] {
        assert!(!page.contains(loading), "the page has {loading}");
    }
    // The same runs from elsewhere change nothing.
    assert_eq!(done(path, &[&report[..], &parts, &["beta.jsonl"]].concat()), of_parts);
    // Runs with other measurements do.
    let other = fs::read_to_string(path.join(parts[0])).unwrap().replacen("\"accuracy\":0.", "\"accuracy\":0.1", 1);
    fs::write(path.join("other.jsonl"), other).unwrap();
    refused(path, &["report", "beta.jsonl", "other.jsonl"], &["other measurements", "other.jsonl", "beta.jsonl"]);
}

#[test]
fn a_run_that_diverges_stops_no_other() {
    let folder = folder();
    let path = folder.path();
    let diverging = EXPERIMENT
        .replace("epochs = 8", "epochs = 8\n    learning_rate = 100\n    weight_decay = 1.0")
        .replace("[1, 2]", "[1]");
    fs::write(path.join("beta.toml"), [&diverging, EXPERIMENT].concat()).unwrap();
    for _ in 0..2 {
        let output = run(path, &["sweep", "beta.toml", "--jobs", "1"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        for words in ["3 of the runs have no result", "digits, mlp, 0.1, seed 1: the training has diverged"] {
            assert!(message.contains(words), "{message}");
        }
        assert_eq!(rows(&path.join("beta.jsonl")).len(), RUNS);
    }
}

#[test]
fn the_same_runs_beside_each_other() {
    let folder = folder();
    let path = folder.path();
    done(path, &["sweep", "beta.toml", "--results", "all"]);
    let lines = fs::read_to_string(path.join("all")).unwrap();
    fs::write(path.join("some"), lines.lines().take(2).flat_map(|line| [line, "\n"]).collect::<String>()).unwrap();
    let printed = done(path, &["report", "all", "--beside", "some"]);
    let last = printed.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(last, "mean of the differences 2 +0.00 ± 0.00 +0.00 ± 0.00 +0.00 ± 0.00", "{printed}");
    fs::write(path.join("other"), lines.replace("\"seed\":", "\"seed\":1")).unwrap();
    refused(path, &["report", "all", "--beside", "other"], &["no run is in the results"]);
}

#[test]
fn bad_input() {
    let folder = folder();
    let path = folder.path();
    refused(path, &["sweep", "gone.toml"], &["gone.toml"]);
    fs::write(path.join("wrong.toml"), EXPERIMENT.replace("beta = 0.1", "beta = -0.1")).unwrap();
    refused(path, &["sweep", "wrong.toml"], &["wrong.toml is not an experiment", "-0.1", "(0, 1e6]"]);
    fs::write(path.join("typo.toml"), EXPERIMENT.replace("epochs = 8", "epoch = 8")).unwrap();
    refused(path, &["sweep", "typo.toml"], &["typo.toml", "epoch"]);
    refused(path, &["sweep", "beta.toml", "--shard", "3/3"], &["--shard", "3/3"]);
    refused(path, &["sweep", "beta.toml", "--jobs", "0"], &["--jobs is 0"]);
    refused(path, &["sweep", "beta.toml", "--results", "no/such/folder"], &["no/such/folder"]);
    refused(path, &["sweep", "beta.toml", "--device", "cuda"], &["--features cuda"]);
    refused(path, &["sweep", "beta.toml", "--device", "torch", "--python", "gone"], &["cannot run gone", "--python"]);
    let no_torch = ["sweep", "beta.toml", "--device", "torch", "--python", "true"];
    refused(path, &no_torch, &["true has no PyTorch", "--python"]);
    refused(path, &["sweep", "beta.toml", "--device", "torch", "--dry-run"], &["--dry-run", "--device"]);
    fs::write(path.join("mnist.toml"), EXPERIMENT.replace("'digits'", "'mnist'")).unwrap();
    refused(path, &["sweep", "mnist.toml", "--data-dir", "gone"], &["train-images-idx3-ubyte", "fetch mnist"]);
    refused(path, &["report"], &["RESULTS"]);
    refused(path, &["report", "gone.jsonl"], &["gone.jsonl"]);
    fs::write(path.join("empty.jsonl"), "").unwrap();
    refused(path, &["report", "empty.jsonl"], &["no result in empty.jsonl"]);
}
