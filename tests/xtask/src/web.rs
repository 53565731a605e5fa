//! Builds the page, serves it, and tests it in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::program;
use crate::shell::{cargo, has, output, root, run};
use crate::{FULL_LENGTHS, images, licences};

/// The target of its module.
pub const TARGETS: [&str; 1] = ["wasm32-unknown-unknown"];

/// The names that Chromium has.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The workspace of the page.
pub fn workspace() -> PathBuf {
    root().join("demo-host").join("web")
}

/// The folder of static files.
fn folder() -> PathBuf {
    root().join("target").join("web")
}

/// Compiles its module.
fn module() -> Result<PathBuf> {
    cargo(&workspace(), &["build", "--release", "-p", "web-device", "--target", TARGETS[0]])?;
    Ok(root().join("target").join("web-build").join(TARGETS[0]).join("release").join("web_device.wasm"))
}

/// Makes it.
fn build() -> Result<()> {
    let module = module()?;
    let licences = root().join("target").join("web-build").join("licences.txt");
    let text = licences::text(&workspace().join("device"), TARGETS[0])?;
    fs::write(&licences, text).with_context(|| format!("cannot write {}", licences.display()))?;
    run(bundle().arg("make").args([workspace().join("page"), module, licences, images::folder(), folder()]))
}

fn bundle() -> Command {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "-p", "web-bundle", "--"]).current_dir(workspace());
    command
}

/// Makes it, and serves it until it is interrupted.
pub fn web(serves: bool) -> Result<()> {
    build()?;
    if serves { run(bundle().arg("serve").arg(folder())) } else { Ok(()) }
}

/// The page's tests without a browser, and with a browser if there is one; `full` requires one, and lints. Without a browser, the bundler,
/// which takes a minute of processor time to compile, is left out.
pub fn test(full: bool) -> Result<()> {
    if full {
        cargo(&workspace(), &["clippy", "--all-targets", "--", "-D", "warnings"])?;
    }
    let missing = ["node", "npm"].into_iter().find(|program| !has(program));
    match (chromium(), missing) {
        (Some(chromium), None) => {
            // One by one, as they are run: together the bundler's crates would have other features, and be built twice.
            cargo(&workspace(), &["test", "-p", "web-bundle"])?;
            cargo(&workspace(), &["test", "-p", "web-device"])?;
            build()?;
            browse(chromium, full)
        }
        (chromium, missing) => {
            let missing = if chromium.is_none() { "Chromium" } else { missing.unwrap_or_default() };
            if full {
                bail!("{missing} is missing");
            }
            cargo(&workspace(), &["test", "-p", "web-device"])?;
            module()?;
            println!(
                "{missing} is not installed: the page's module was built and tested, and the page not tried in a browser."
            );
            Ok(())
        }
    }
}

fn chromium() -> Option<&'static str> {
    CHROMIUM.into_iter().find(|name| has(name))
}

/// Installs Chromium and the tools that drive it by apt, unless they are there.
pub fn install() -> Result<()> {
    if chromium().is_none() {
        program(CHROMIUM[0], CHROMIUM[0], "Chromium")?;
    }
    program("node", "nodejs", "Node.js")?;
    program("npm", "npm", "npm")
}

/// Runs the page's flows in a browser, and compares its head with the one that the native app learns from the same recording. `full` looks at
/// it in all combinations of colour and width.
fn browse(chromium: &str, full: bool) -> Result<()> {
    // A copy, so that nothing is installed into the sources.
    let (from, to) = (workspace().join("browser"), root().join("target").join("web-test"));
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(&from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        let name = path.file_name().map_or_else(|| Path::new("").to_owned(), PathBuf::from);
        fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
    }
    let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    run(Command::new("npm").args(install).current_dir(&to))?;
    let mut reference = Command::new("cargo");
    reference.args(["run", "--quiet", "-p", "web-device", "--example", "reference", "--"]).arg(&to);
    let head = output(reference.current_dir(workspace()))?;
    let server = root().join("target").join("web-build").join("debug").join("web-bundle");
    let mut test = Command::new("node");
    test.args(["--test", "--test-reporter=spec", "flows.mjs"]).current_dir(&to);
    let variables = [("CHROMIUM", chromium), ("HEAD_CRC", head.trim())];
    if full {
        test.env(FULL_LENGTHS, "1");
    }
    run(test.envs(variables).env("SERVER", server).env("PAGE", folder()))
}
