//! The Python package, in an environment of its own in the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell::{cargo, output, root, run};
use crate::starter;

/// The package.
pub fn package() -> PathBuf {
    root().join("demo-host").join("python")
}

/// The interpreter: the system's, which sees the system's PyTorch.
pub fn interpreter() -> &'static str {
    let system = "/usr/bin/python3";
    if Path::new(system).exists() { system } else { "python3" }
}

/// The tests that need no PyTorch.
pub fn test() -> Result<()> {
    install()?;
    pytest(&["-m", "not torch"])
}

/// Lints, all tests that need PyTorch, those of the host program's sweeps among them, and the way to QEMU; with a PyTorch older than 2 the
/// tests of `torch.compile` are skipped, and say so.
pub fn full() -> Result<()> {
    cargo(&package(), &["clippy", "--release", "--locked", "--", "-D", "warnings"])?;
    install()?;
    run(&mut python(&["-c", "import torch; print('PyTorch', torch.__version__)"]))?;
    pytest(&["-m", "torch"])?;
    let sweeps = ["test", "--release", "--locked", "-p", "demo-host", "--features", "torch-tests", "--test", "torch"];
    run(Command::new("cargo").args(sweeps).current_dir(root()).env("PYTHON", interpreter()))?;
    to_qemu()
}

/// The way of `demo-host/docs/your-model.md` from Python to a head in QEMU, in a folder outside the tree.
fn to_qemu() -> Result<()> {
    let path = root().join("demo-host").join("docs").join("your-model.md");
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let block = |language: &str| {
        let (_, section) = page.split_once("## From Python\n")?;
        let (_, block) = section.split_once(&format!("```{language}\n"))?;
        block.split_once("```").map(|(block, _)| block)
    };
    let block = |language| block(language).with_context(|| format!("{} has no block of {language}", path.display()));

    let folder = std::env::temp_dir().join("gradient-decay-python");
    let project = folder.join("my-device");
    starter::copy_project(&project)?;
    let said = output(python(&["-c", block("python")?]).current_dir(&folder))?;
    ensure!(block("python")?.contains(said.trim()), "the model said {said}, but {} says otherwise", path.display());
    let main = project.join("src").join("main.rs");
    fs::write(&main, block("rust,ignore")?).with_context(|| format!("cannot write {}", main.display()))?;
    let printed = output(&mut starter::cargo_in(&project, &["run", "--release", "--quiet"]))?;
    ensure!(printed == block("text")?, "the head printed {printed:?}, but {} says otherwise", path.display());
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    println!("A model of Python answers in QEMU as the page says.");
    Ok(())
}

fn folder() -> PathBuf {
    root().join("target").join("python")
}

fn python(args: &[&str]) -> Command {
    let mut command = Command::new(folder().join("bin").join("python"));
    command.args(args).current_dir(package());
    command
}

/// Runs pytest. Tests must not write next to the sources.
fn pytest(args: &[&str]) -> Result<()> {
    let mut pytest = python(&["-B", "-m", "pytest", "-p", "no:cacheprovider"]);
    // Tensors are small: threads would only wait for each other, and for other checks.
    run(pytest.args(args).env("OMP_NUM_THREADS", "1"))
}

/// Makes sure that an environment exists with the packages that a file pins, by their hashes; `sees_system` says whether it includes the system's
/// packages.
pub fn environment(folder: &Path, requirements: &Path, sees_system: bool) -> Result<()> {
    let pins = fs::read_to_string(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let copy = folder.join("requirements.txt");
    if fs::read_to_string(&copy).is_ok_and(|there| there == pins) {
        return Ok(());
    }
    let system: &[&str] = if sees_system { &["--system-site-packages"] } else { &[] };
    run(Command::new(interpreter()).args(["-m", "venv", "--clear"]).args(system).arg(folder))?;
    let mut pip = Command::new(folder.join("bin").join("python"));
    run(pip
        .args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r"])
        .arg(requirements))?;
    // Written last, since it marks the environment as complete.
    fs::write(&copy, pins).with_context(|| format!("cannot write {}", copy.display()))
}

/// Installs the package in its environment as users do.
fn install() -> Result<()> {
    environment(&folder(), &package().join("tests").join("requirements.txt"), true)?;
    let programs = folder().join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path)))?;
    let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"];
    run(python(&install).args(["--force-reinstall", "."]).env("PATH", path))?;
    let version = "import gradient_decay, importlib.metadata as m; print(gradient_decay.__version__ == m.version('gradient-decay'))";
    let same = output(&mut python(&["-c", version]))?;
    ensure!(same.trim() == "True", "the package's __version__ is not that of its manifest");
    Ok(())
}
