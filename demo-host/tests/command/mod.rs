//! The program as a user calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A call in a folder, where no data set is installed.
pub fn demo_host(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-host"));
    command.args(args).current_dir(folder).env("GRADIENT_DECAY_DATA", folder.join("no-data"));
    command
}

/// The outcome of a call.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    demo_host(folder, args).output().unwrap()
}

/// Runs a command that must be refused; its message must contain all of `words`.
pub fn refused(folder: &TempDir, args: &[&str], words: &[&str]) {
    let before = listing(folder.path());
    let output = run(folder.path(), args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{args:?} does not name {word}: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
    assert_eq!(listing(folder.path()), before, "{args:?} left something behind");
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}
