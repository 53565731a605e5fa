//! The licences of the crates that a package links.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell::{output, root};

/// The project's own licences.
pub const OWN: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// The Rust library's own copyright notices, in a toolchain's folder.
pub const RUST_NOTICES: &str = "share/doc/rust/COPYRIGHT-library.html";

/// A crate of others.
pub struct Crate {
    /// Its name and version.
    pub name: String,
    /// Its files with licences, or folders of them.
    pub files: Vec<PathBuf>,
    /// If it was published without such a file: a sentence with its licence and origin.
    pub stated: Option<String>,
}

/// The crates of others that the package in a folder links on `target`, or on the host.
pub fn crates(package: &Path, target: Option<&str>) -> Result<Vec<Crate>> {
    let metadata = output(Command::new("cargo").args(["metadata", "--format-version", "1"]).current_dir(package))?;
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}|{l}|{r}"])
        .current_dir(package);
    if let Some(target) = target {
        tree.args(["--target", target]);
    }
    let mut crates: Vec<Crate> = Vec::new();
    for line in output(&mut tree)?.lines() {
        // Crates of this tree are listed with their path, repeated ones with a mark.
        let [package, licence, repository] = line.split('|').collect::<Vec<_>>()[..] else { continue };
        let [name, version, ..] = package.split(' ').collect::<Vec<_>>()[..] else { continue };
        let name = format!("{name}-{}", version.trim_start_matches('v'));
        if line.contains(&*root().to_string_lossy()) || crates.iter().any(|other| other.name == name) {
            continue;
        }
        let manifest = metadata
            .split("\"manifest_path\":\"")
            .filter_map(|rest| rest.split('"').next())
            .find(|path| path.ends_with(&format!("/{name}/Cargo.toml")));
        let sources = manifest
            .and_then(|path| Path::new(path).parent())
            .with_context(|| format!("cargo does not know {name}"))?;
        let mut files = Vec::new();
        for entry in fs::read_dir(sources).with_context(|| format!("cannot read {}", sources.display()))? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            if ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT"].iter().any(|begin| file.starts_with(begin)) {
                files.push(path);
            }
        }
        files.sort();
        let stated = files
            .is_empty()
            .then(|| format!("{name}, {repository}, is licensed under {licence}; LICENSE-APACHE has the text.\n"));
        ensure!(
            stated.is_none() || licence.contains("Apache-2.0"),
            "{name}, under {licence}, has no file with its licence in {}",
            sources.display()
        );
        crates.push(Crate { name, files, stated });
    }
    Ok(crates)
}

/// The toolchain's folder.
pub fn sysroot() -> Result<PathBuf> {
    Ok(PathBuf::from(output(Command::new("rustc").args(["--print", "sysroot"]))?.trim()))
}

/// All licences as one text, each once, after the names of those that have it: the project, and the crates that a package links on `target`.
pub fn text(package: &Path, target: &str) -> Result<String> {
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |name: &str, text: String| match texts.iter_mut().find(|(known, _)| same_words(known, &text)) {
        Some((_, names)) => names.push(name.to_owned()),
        None => texts.push((text, vec![name.to_owned()])),
    };
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    for file in OWN {
        add("gradient-decay (either licence, at your option)", read(&root().join(file))?);
    }
    for Crate { name, files, stated } in crates(package, Some(target))? {
        for file in files.iter().filter(|file| file.is_file()) {
            add(&name, read(file)?);
        }
        stated.into_iter().for_each(|stated| add(&name, stated));
    }
    let rule = "=".repeat(80);
    let part =
        |(text, names): &(String, Vec<String>)| format!("{rule}\n{}:\n\n{}\n\n", names.join(", "), text.trim_end());
    let rust = "Rust's core and alloc, by the Rust project's developers: MIT or Apache-2.0, whose texts stand above.\n";
    Ok(texts.iter().map(part).collect::<String>() + &rule + "\n" + rust)
}

/// Whether two texts differ only in their line breaks.
fn same_words(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}
