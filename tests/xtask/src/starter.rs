//! The starter projects in Rust and in C, used as by their users: copied out of the tree, and run in QEMU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::c;
use super::shell::{self, output, root};

/// The target that it is built for.
pub const TARGETS: [&str; 1] = ["thumbv7em-none-eabihf"];

/// The text that a user changes, in Rust and in C.
const CORE: &str = "path = \"../../core\"";

const LIBRARY: &str = "../c-api";

/// Copies the project in Rust to a folder, which is emptied before, and gives it the path of the core.
pub fn copy_project(copy: &Path) -> Result<()> {
    copy_out(&project(), copy, &[("Cargo.toml", CORE, format!("path = {:?}", root().join("core")))])
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

/// Runs a copy, and compares its output with its README.
pub fn run() -> Result<()> {
    let copy = folder("gradient-decay-starter");
    copy_project(&copy)?;
    compare(&project(), &output(&mut cargo_in(&copy, &["run", "--release", "--quiet"]))?)?;
    shell::run(&mut cargo_in(&copy, &["clippy", "--release", "--", "-D", "warnings"]))?;
    remove(&copy)
}

/// The one in C, by make, and by CMake with the flags of its toolchain file. The library is built where other checks build it.
pub fn run_c() -> Result<()> {
    let project = root().join("firmware").join("starter-c");
    let library = c::package();
    let path = library.display().to_string();
    let copy = folder("gradient-decay-starter-c");
    copy_out(&project, &copy, &[("Makefile", LIBRARY, path.clone()), ("CMakeLists.txt", LIBRARY, path)])?;
    let built = format!("GRADIENT_DECAY_CARGO_DIR={}", library.join("target").display());
    compare(&project, &output(Command::new("make").args(["--silent", "run", &built]).current_dir(&copy))?)?;

    let mut configure = Command::new("cmake");
    configure.args(["-B", "by-cmake", "-DCMAKE_TOOLCHAIN_FILE=arm.cmake", &format!("-D{built}")]);
    shell::run(configure.current_dir(&copy))?;
    shell::run(Command::new("cmake").args(["--build", "by-cmake"]).current_dir(&copy))?;
    compare(&project, &c::in_qemu(&copy.join("by-cmake").join("starter.elf"), "mps2-an386")?)?;
    remove(&copy)
}

/// A folder that is the same each time, so that earlier builds are reused.
fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

/// Copies a project to a folder, which is emptied before, and makes the user's changes: each is a file, an old text and a new one.
fn copy_out(project: &Path, copy: &Path, changes: &[(&str, &str, String)]) -> Result<()> {
    if copy.exists() {
        remove(copy)?;
    }
    copy_folder(project, copy)?;
    for (name, from, to) in changes {
        let file = copy.join(name);
        let text = read(&file)?;
        ensure!(text.contains(from), "{} does not have the line with {from}", project.join(name).display());
        fs::write(&file, text.replace(from, to)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Checks that the project's README has this output.
fn compare(project: &Path, printed: &str) -> Result<()> {
    print!("{printed}");
    let readme = project.join("README.md");
    let said = read(&readme)?.contains(&format!("\n```text\n{printed}```\n"));
    ensure!(said, "the starter printed\n{printed}\nbut {} says otherwise", readme.display());
    println!("The starter does what its README says.");
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Copies a folder without its build folders.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let from = entry.with_context(|| format!("cannot read {}", from.display()))?.path();
        let Some(name) = from.file_name().filter(|name| *name != "target" && *name != "build") else { continue };
        let to = to.join(name);
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        }
    }
    Ok(())
}
