//! The folder.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

/// The placeholders in the page's service worker: a number that changes with any file, and the list of all files.
const VERSION: &str = "__VERSION__";
const FILES: &str = "__FILES__";
const WORKER: &str = "worker.js";

/// The licences of what the page is made of.
const LICENCES: &str = "licences.txt";

/// The list of the images that the page offers, and the folder that has them. They are not among the files that are kept for when there is
/// no network.
const OFFERED: &str = "images.json";
const IMAGES: &str = "images";

/// Makes the folder anew.
///
/// # Errors
/// If the module is none that wasm-bindgen reads, or a file cannot be read or written.
pub fn bundle(page: &Path, module: &Path, licences: &Path, images: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bindings = || {
        Bindgen::new()
            .input_path(module)
            .out_name("device")
            .web(true)?
            .typescript(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(folder)
    };
    bindings().with_context(|| format!("cannot make bindings of {}", module.display()))?;
    let mut offered = Vec::new();
    if images.exists() {
        fs::create_dir(folder.join(IMAGES)).context("cannot make a folder of images")?;
        for name in copy(images, &folder.join(IMAGES))? {
            let path = folder.join(IMAGES).join(&name);
            let bytes = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.len();
            offered.push(format!("{{\"name\": \"{name}\", \"bytes\": {bytes}}}"));
        }
    }
    fs::write(folder.join(OFFERED), format!("[{}]\n", offered.join(", ")))
        .context("cannot write the list of images")?;
    copy(page, folder)?;
    fs::copy(licences, folder.join(LICENCES)).with_context(|| format!("cannot copy {}", licences.display()))?;
    let names = files(folder)?;
    let read = |name: &String| fs::read(folder.join(name)).with_context(|| format!("cannot read {name}"));
    let mut digest = DefaultHasher::new();
    for name in &names {
        (name, read(name)?).hash(&mut digest);
    }
    let path = folder.join(WORKER);
    let worker = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let list: Vec<String> = names.iter().filter(|name| *name != WORKER).map(|name| format!("\"{name}\"")).collect();
    let worker = worker.replace(VERSION, &format!("{:016x}", digest.finish())).replace(FILES, &list.join(", "));
    fs::write(&path, worker).with_context(|| format!("cannot write {}", path.display()))?;
    let mut all = 0;
    for name in &names {
        all += read(name)?.len();
    }
    println!("{}: {} files, {:.0} kB", folder.display(), names.len(), all as f64 / 1000.0);
    Ok(())
}

/// The names of the files of a folder, in order.
fn files(folder: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        if entry.path().is_file() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// Copies the files of a folder, and returns their names.
fn copy(from: &Path, to: &Path) -> Result<BTreeSet<String>> {
    let names = files(from)?;
    for name in &names {
        fs::copy(from.join(name), to.join(name))
            .with_context(|| format!("cannot copy {name} of {}", from.display()))?;
    }
    Ok(names)
}
