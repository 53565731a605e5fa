//! The C library as one file: archives for the usual targets, headers, files for make and CMake, a starter, and licences.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{ARCHIVE, archive, copy, package, text};
use crate::licences::{self, Crate, RUST_NOTICES};
use crate::setup;
use crate::shell::{output, root, run};
use crate::starter::copy_folder;

/// The targets; Arm's with floats in integer registers (`soft`, `softfp`) and in FPU registers (`hf`).
const TARGETS: [&str; 8] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabi",
    "thumbv8m.main-none-eabihf",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
];

/// Makes the folder, tries it, and packs it.
pub fn release() -> Result<()> {
    setup::rustup("target", &TARGETS)?;
    setup::rustup("component", &["llvm-tools"])?;
    let version = version()?;
    let (parent, name) = (root().join("target").join("c-release"), format!("gradient-decay-c-{version}"));
    let folder = parent.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let sysroot = licences::sysroot()?;
    let strip = strip(&sysroot)?;
    for target in TARGETS {
        let packed = folder.join("lib").join(target).join(ARCHIVE);
        copy(&archive(target)?, &packed)?;
        // Its symbols stay.
        run(Command::new(&strip).arg("--strip-debug").arg(&packed))?;
    }
    for files in ["include", "esp-idf", "zephyr"] {
        copy_folder(&package().join(files), &folder.join(files))?;
    }
    for file in ["README.md", "CMakeLists.txt", "gradient_decay-config.cmake", "gradient_decay.mk"] {
        copy(&package().join(file), &folder.join(file))?;
    }
    let starter = folder.join("starter");
    copy_folder(&root().join("firmware").join("starter-c"), &starter)?;
    // There the library is one folder up.
    for file in ["Makefile", "CMakeLists.txt"] {
        let file = starter.join(file);
        let (from, to) = ("../c-api", "..");
        let old = text(&file)?;
        ensure!(old.contains(from), "{} does not have {from}", file.display());
        fs::write(&file, old.replace(from, to)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    licences(&folder, &sysroot)?;
    // As a user without Rust does.
    let mut make = Command::new("make");
    run(make.args(["--silent", "run"]).current_dir(&starter))?;
    run(Command::new("make").args(["--silent", "clean"]).current_dir(&starter))?;
    let packed = parent.join(format!("{name}.tar.gz"));
    run(Command::new("tar").arg("-czf").arg(&packed).arg("-C").arg(&parent).arg(&name))?;
    println!("The library is in {}: unpack it; starter/README.md says how to begin.", packed.display());
    Ok(())
}

/// The version of the library.
fn version() -> Result<String> {
    let manifest = text(&package().join("Cargo.toml"))?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("the library's manifest has no version")?.to_owned())
}

/// The toolchain's program that strips archives of any target.
fn strip(sysroot: &Path) -> Result<PathBuf> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not say its host")?;
    Ok(sysroot.join("lib").join("rustlib").join(host).join("bin").join("llvm-strip"))
}

/// The licences of the library, of the crates in it, and of Rust's own library.
fn licences(folder: &Path, sysroot: &Path) -> Result<()> {
    for file in licences::OWN {
        copy(&root().join(file), &folder.join(file))?;
    }
    let others = folder.join("licences");
    for Crate { name, files, stated } in licences::crates(&package(), None)? {
        if let Some(stated) = stated {
            let to = others.join(&name).join("LICENSE.txt");
            fs::create_dir_all(others.join(&name))
                .with_context(|| format!("cannot make a folder for {}", to.display()))?;
            fs::write(&to, stated).with_context(|| format!("cannot write {}", to.display()))?;
        }
        for path in files {
            let to = others.join(&name).join(path.file_name().unwrap_or_default());
            if path.is_dir() { copy_folder(&path, &to)? } else { copy(&path, &to)? }
        }
    }
    copy(&sysroot.join(RUST_NOTICES), &others.join("rust").join("COPYRIGHT-library.html"))
}
