//! The starter project, as its user has it: copied out of the tree, and run in QEMU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::shell::{self, output, root};

/// The target that it is built for.
pub const TARGETS: [&str; 1] = ["thumbv7em-none-eabihf"];

/// The one thing that a user changes.
const CORE: &str = "path = \"../../core\"";

/// Copies the project to a folder, which is emptied before, and gives it the path of the core.
pub fn copy_project(copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    let project = project();
    copy_folder(&project, copy)?;
    let manifest = copy.join("Cargo.toml");
    let text = read(&manifest)?;
    ensure!(text.contains(CORE), "{} does not have the line with {CORE}", project.join("Cargo.toml").display());
    fs::write(&manifest, text.replace(CORE, &format!("path = {:?}", root().join("core"))))
        .with_context(|| format!("cannot write {}", manifest.display()))
}

/// cargo in such a copy, which builds in the target folder.
pub fn cargo_in(copy: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(copy).env("CARGO_TARGET_DIR", root().join("target").join("starter"));
    command
}

fn project() -> PathBuf {
    root().join("firmware").join("starter")
}

/// Runs a copy, and compares what it prints with what its README says.
pub fn run() -> Result<()> {
    // The same folder each time, so that cargo finds what it built before.
    let copy = std::env::temp_dir().join("gradient-decay-starter");
    copy_project(&copy)?;
    let printed = output(&mut cargo_in(&copy, &["run", "--release", "--quiet"]))?;
    print!("{printed}");
    let readme = project().join("README.md");
    let said = read(&readme)?.contains(&format!("\n```text\n{printed}```\n"));
    ensure!(said, "the starter printed\n{printed}\nbut {} says otherwise", readme.display());
    shell::run(&mut cargo_in(&copy, &["clippy", "--release", "--", "-D", "warnings"]))?;
    fs::remove_dir_all(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    println!("The starter does what its README says.");
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Copies a folder with all that is in it, but for what was built there.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let from = entry.with_context(|| format!("cannot read {}", from.display()))?.path();
        let Some(name) = from.file_name().filter(|name| *name != "target") else { continue };
        let to = to.join(name);
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}
