//! Installs what the checks need and the machine lacks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::checks::Check;
use crate::shell::{has, output, root, run};
use crate::{chips, python, slow, web};

/// The tested versions of the runner, which decodes the firmware's log, and of the decoder for machines that the runner does not know.
const QEMU_RUN: &str = "0.3.1";
const DEFMT_PRINT: &str = "1.2.0";

/// A Python as an error names it.
const PYTHON: &str = "Python 3.10 or later with its module venv";

/// A need of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A component of the Rust toolchain.
    Component(&'static str),
    /// Its targets.
    Targets(&'static [&'static str]),
    /// The nightly toolchain, with these components.
    Nightly(&'static [&'static str]),
    /// The oldest toolchain that the core takes.
    Oldest,
    /// QEMU, and the runner that decodes its log, which is installed into the target folder.
    Qemu,
    /// The emulators in `tests/chips`, and the decoder of the log there.
    Emulators,
    /// A C compiler for Arm.
    ArmCompiler,
    /// A Python that makes environments.
    Python,
    /// PyTorch in that Python: the system's, since that of the registry brings gigabytes of libraries for GPUs.
    PythonTorch,
    /// Chromium, with Node.js and npm, which drive it: only for full checks. Other checks skip the browser if it is missing.
    Browser,
    /// A program, its Debian package, and its description.
    Program(&'static str, &'static str, &'static str),
    /// A tool of a registry, of this version or a compatible one.
    Tool(&'static str, &'static str),
}

/// Makes sure that everything that these checks need is installed.
pub fn ready(checks: &[&Check], full: bool) -> Result<()> {
    let mut done = Vec::new();
    for need in checks.iter().flat_map(|check| check.needs) {
        if done.contains(need) {
            continue;
        }
        done.push(*need);
        match *need {
            Need::Component(name) => rustup("component", &[name])?,
            Need::Targets(targets) => rustup("target", targets)?,
            Need::Nightly(components) => toolchain("nightly", components)?,
            Need::Oldest => toolchain(&slow::oldest()?, &[])?,
            Need::Qemu => {
                program("qemu-system-arm", "qemu-system-arm", "QEMU for Arm")?;
                program("qemu-system-riscv32", "qemu-system-misc", "QEMU for RISC-V")?;
                tool("qemu-run", QEMU_RUN)?;
                tool("defmt-print", DEFMT_PRINT)?;
            }
            Need::Emulators => {
                tool("defmt-print", DEFMT_PRINT)?;
                module("ensurepip", "python3-venv", PYTHON)?;
                python::environment(
                    &chips::folder().join("venv"),
                    &root().join("tests/chips/requirements.txt"),
                    false,
                )?;
            }
            Need::ArmCompiler => {
                program("arm-none-eabi-g++", "gcc-arm-none-eabi", "GCC for Arm without an operating system")?;
            }
            Need::Python => module("ensurepip", "python3-venv", PYTHON)?,
            Need::PythonTorch => module("torch", "python3-torch", "PyTorch")?,
            Need::Browser => {
                if full {
                    web::install()?;
                }
            }
            Need::Program(name, package, what) => program(name, package, what)?,
            Need::Tool(name, version) => tool(name, version)?,
        }
    }
    Ok(())
}

/// Makes sure that the toolchain has these targets or components.
pub fn rustup(kind: &str, names: &[&str]) -> Result<()> {
    if !has("rustup") {
        bail!(
            "rustup is not installed: install it, or see to it that your toolchain has the {kind}s {}",
            names.join(", ")
        );
    }
    let installed = output(Command::new("rustup").args([kind, "list", "--installed"]))?;
    // A component is listed with the host after its name. Compare targets as a whole, since one target's name is a prefix of another's.
    let is = |line: &str, name: &str| line == name || (kind == "component" && line.starts_with(&format!("{name}-")));
    let missing: Vec<_> = names.iter().filter(|name| !installed.lines().any(|line| is(line, name))).collect();
    if missing.is_empty() { Ok(()) } else { run(Command::new("rustup").args([kind, "add"]).args(missing)) }
}

/// Installs a program by apt, if possible, unless it is there.
pub fn program(program: &str, package: &str, what: &str) -> Result<()> {
    by_apt(program, || has(program), package, what)
}

/// The same for a module of Python.
fn module(module: &str, package: &str, what: &str) -> Result<()> {
    let is_there = || {
        let mut import = Command::new(python::interpreter());
        import
            .arg("-c")
            .arg(format!("import {module}"))
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    by_apt(module, is_there, package, what)
}

fn by_apt(name: &str, is_there: impl Fn() -> bool, package: &str, what: &str) -> Result<()> {
    if is_there() {
        return Ok(());
    }
    if !install(package) || !is_there() {
        bail!("{name} is missing and could not be installed: install {what} (in Debian the package {package})");
    }
    Ok(())
}

/// Installs a package by apt, if there is apt; returns whether it was installed.
fn install(package: &str) -> bool {
    has("apt-get")
        && run(Command::new("apt-get").args(["update", "-qq"])).is_ok()
        && run(Command::new("apt-get").args(["install", "-y", "-qq", "--no-install-recommends", package])).is_ok()
}

/// Makes sure that a tool is installed, in the target folder or elsewhere.
fn tool(name: &str, version: &str) -> Result<()> {
    if has(name) || installed(name).exists() {
        return Ok(());
    }
    let mut install = Command::new("cargo");
    // Unoptimised: the tools mostly wait for other programs, or take longer to compile than to run. In one folder, since they have most of
    // their dependencies in common.
    install.args(["install", name, "--version", &format!("^{version}"), "--locked", "--debug", "--root"]).arg(tools());
    install.arg("--target-dir").arg(root().join("target").join("tools-build"));
    run(install.env("CARGO_PROFILE_DEV_DEBUG", "0"))
}

/// The path of such a tool in the target folder.
pub fn installed(name: &str) -> PathBuf {
    let path = tools().join("bin").join(name);
    if path.exists() { path } else { name.into() }
}

/// Makes sure that a toolchain with these components is installed.
fn toolchain(name: &str, components: &[&str]) -> Result<()> {
    let installed = output(Command::new("rustup").args(["toolchain", "list"]))?;
    // It is listed with the host after its name; and 1.89 is another toolchain than 1.89.0.
    if !installed.lines().any(|line| line.starts_with(&format!("{name}-"))) {
        run(Command::new("rustup").args(["toolchain", "install", name, "--profile", "minimal"]))?;
    }
    if components.is_empty() {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", "--toolchain", name]).args(components))
}

/// The search path for programs, with the tools in the target folder.
pub fn search_path() -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::env::split_paths(&path).chain([tools().join("bin")]))?)
}

fn tools() -> PathBuf {
    root().join("target").join("tools")
}
