//! Runs programs, and prints each command.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_owned)
}

/// The workspace of the boards.
pub fn boards() -> PathBuf {
    root().join("firmware").join("boards")
}

/// The folders in a folder, in order.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Runs cargo in a folder.
pub fn cargo(folder: &Path, args: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(args).current_dir(folder))
}

/// Builds the documentation of the workspace with warnings denied, `args` choosing packages and features.
pub fn doc(args: &[&str]) -> Result<()> {
    let mut doc = Command::new("cargo");
    run(doc.args(["doc", "--no-deps"]).args(args).current_dir(root()).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs a command that inherits our output.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// A command that runs in the background, and is killed when this is dropped.
pub struct Background(Child);

impl Background {
    /// Starts it; its standard output is not shown.
    pub fn start(command: &mut Command) -> Result<Self> {
        let shown = show(command);
        println!("$ {shown} &");
        let child = command.stdout(Stdio::null()).spawn().with_context(|| format!("cannot run `{shown}`"))?;
        Ok(Background(child))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // No effect on a process that has ended.
        let _: io::Result<()> = self.0.kill();
        let _: io::Result<ExitStatus> = self.0.wait();
    }
}

/// Runs a command and returns its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    println!("$ {shown}");
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{shown}`"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "`{shown}` failed: {}\n{text}", output.status);
    Ok(text)
}

/// Whether a program is there and answers to `--version`.
pub fn has(program: &str) -> bool {
    let quiet = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
