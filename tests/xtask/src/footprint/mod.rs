//! What the core costs on a device: instructions, flash, RAM and stack, measured in QEMU, against the gates, against the
//! committed figures and beside the peers.

mod gates;
mod host;
mod measure;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::shell::{cargo, root};
use measure::Machine;
pub use measure::{CORTEX_M4F, MACHINES, package, run as run_program, targets};

/// The figures by name: `MACHINE/BUILD/SHAPE/WHAT`.
pub type Figures = BTreeMap<String, u32>;

/// By how much a figure may be above the committed one.
const SLACK: f64 = 1.02;

/// The shapes of heads that are measured, as the programs name them and as people write them.
const SHAPES: [(&str, &str); 3] = [("64_10", "64->10"), ("784_10", "784->10"), ("128_100", "128->100")];

/// The figures of a learner with all its parts.
const CALLS: &str = "calls";

/// The builds that the trainers' footprint is measured in, with their features.
const TRAINERS: [(&str, &str); 4] =
    [("asm", "asm"), ("portable", ""), ("micromath", "asm,micromath"), ("run-time settings", "asm,run-time-settings")];

/// Measures everything, prints the tables, and checks gates and committed figures; `bless` commits the figures anew.
pub fn run(bless: bool) -> Result<()> {
    let (figures, functions) = measured()?;
    println!("{}", tables::markdown(&figures)?);
    let functions: Vec<_> = functions.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
    println!("Flash of the trainer `asm`, 64->10, by function: {}.", functions.join(", "));
    host::print()?;
    gates::check(&figures)?;
    if bless {
        fs::write(committed_path(), to_text(&figures)).context("cannot write the committed figures")?;
        println!("{} is written: look at the difference before you commit it.", committed_path().display());
        return Ok(());
    }
    compare(&figures)
}

/// Lints the measuring programs.
pub fn clippy() -> Result<()> {
    let lint = ["clippy", "--release", "--bins", "--target", CORTEX_M4F.target, "--features", "asm,peers"];
    cargo(&package(), &[&lint[..], &["--", "-D", "warnings"]].concat())
}

/// Compares the kernels in assembly with portable code, on the cores with an FPU.
pub fn compare_kernels(profile: &str) -> Result<()> {
    for machine in MACHINES.iter().filter(|machine| machine.has_fpu()) {
        println!("{}", measure::run(machine, "same_bits", profile, "asm")?.trim());
    }
    Ok(())
}

/// All figures, and the functions of the first trainer with their bytes.
fn measured() -> Result<(Figures, Vec<(String, u32)>)> {
    let mut figures = Figures::new();
    // The other profile takes half a minute to compile these many shapes: it is left to the slow checks.
    compare_kernels("size")?;
    for machine in &MACHINES {
        for build in machine.builds() {
            for (program, shape) in machine.shapes() {
                let lines = measure::run(machine, &format!("counts_{program}"), "release", features_of(build))?;
                record(&mut figures, machine, build, shape, &lines)?;
            }
        }
    }
    for machine in MACHINES.iter().filter(|machine| machine.counts_integers()) {
        let lines = measure::run(machine, "fixed_64_10", "release", "asm")?;
        record(&mut figures, machine, "integers", SHAPES[0].1, &lines)?;
    }
    for machine in &MACHINES {
        let lines = measure::run(machine, machine.calls(), "release", "asm")?;
        record(&mut figures, machine, CALLS, SHAPES[0].1, &lines)?;
    }
    for program in ["parts_64_10", "momentum_64_10", "view_64_10"] {
        let lines = measure::run(&CORTEX_M4F, program, "release", "asm")?;
        record(&mut figures, &CORTEX_M4F, "asm", SHAPES[0].1, &lines)?;
    }
    record_reference(&mut figures, &measure::run(&CORTEX_M4F, "reference", "release", "asm,peers")?)?;
    let mut functions = Vec::new();
    for (build, features) in TRAINERS {
        measure::run(&CORTEX_M4F, "none", "size", features)?;
        let build = format!("{build} s");
        for (program, shape) in SHAPES {
            let size = record_trainer(&mut figures, &format!("trainer_{program}"), &build, shape, features)?;
            if (build.as_str(), shape) == ("asm s", SHAPES[0].1) {
                functions = size.functions;
            }
        }
    }
    let (program, shape) = SHAPES[0];
    measure::run(&CORTEX_M4F, "none", "size", "asm")?;
    for kind in ["bare", "learner"] {
        record_trainer(&mut figures, &format!("{kind}_{program}"), &format!("{kind} s"), shape, "asm")?;
    }
    Ok((figures, functions))
}

/// The counts of a program of the profile `size`, and its size beyond that of `none`, which was built with the same features.
fn record_trainer(
    figures: &mut Figures,
    program: &str,
    build: &str,
    shape: &str,
    features: &str,
) -> Result<measure::Size> {
    let lines = measure::run(&CORTEX_M4F, program, "size", features)?;
    record(figures, &CORTEX_M4F, build, shape, &lines)?;
    let size = measure::size(&CORTEX_M4F, program)?;
    figures.insert(name(&CORTEX_M4F, build, shape, "flash"), size.flash);
    figures.insert(name(&CORTEX_M4F, build, shape, "ram"), size.ram);
    Ok(size)
}

fn features_of(build: &str) -> &'static str {
    if build == "asm" { "asm" } else { "" }
}

fn name(machine: &Machine, build: &str, shape: &str, what: &str) -> String {
    format!("{}/{build}/{shape}/{what}", machine.core)
}

/// A figure by its name.
fn get(figures: &Figures, name: &str) -> Result<u32> {
    figures.get(name).copied().with_context(|| format!("{name} was not measured"))
}

/// Records lines such as `count step 3989` and `stack step 240`.
fn record(figures: &mut Figures, machine: &Machine, build: &str, shape: &str, lines: &str) -> Result<()> {
    for line in lines.lines() {
        let [kind, what, value] = line.split(' ').collect::<Vec<_>>()[..] else { bail!("cannot read `{line}`") };
        let what = if kind == "count" { what.to_owned() } else { format!("{kind} {what}") };
        figures.insert(name(machine, build, shape, &what), value.parse()?);
    }
    Ok(())
}

/// Records lines of the reference, such as `count mynn-step 64->10 10043` and `count exp 36`.
fn record_reference(figures: &mut Figures, lines: &str) -> Result<()> {
    for line in lines.lines() {
        let (what, shape, value) = match line.split(' ').collect::<Vec<_>>()[..] {
            ["count", what, shape, value] => (what, shape, value),
            ["count", what, value] => (what, "a call", value),
            _ => bail!("cannot read `{line}`"),
        };
        figures.insert(name(&CORTEX_M4F, "reference", shape, what), value.parse()?);
    }
    Ok(())
}

fn committed_path() -> PathBuf {
    root().join("firmware").join("bench").join("expected.tsv")
}

fn to_text(figures: &Figures) -> String {
    figures.iter().fold(String::new(), |mut text, (name, value)| {
        writeln!(text, "{name}\t{value}").expect("a String takes all");
        text
    })
}

/// Fails if a figure is above the committed one by more than the slack, or if one is missing or new. Those of other people's
/// code are compared as well: they show whether the compiler changed.
fn compare(figures: &Figures) -> Result<()> {
    let path = committed_path();
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut committed = Figures::new();
    for line in text.lines() {
        let (name, value) = line.split_once('\t').with_context(|| format!("no tab in `{line}`"))?;
        committed.insert(name.to_owned(), value.parse()?);
    }
    let names = |figures: &Figures| figures.keys().cloned().collect::<Vec<_>>();
    ensure!(names(figures) == names(&committed), "{} does not list the figures that are measured", path.display());
    let worse: Vec<_> = figures
        .iter()
        .filter(|(name, value)| f64::from(**value) > SLACK * f64::from(committed[*name]))
        .map(|(name, value)| format!("{name}: {value}, committed {}", committed[name]))
        .collect();
    ensure!(worse.is_empty(), "more than 2 % above {}:\n{}", path.display(), worse.join("\n"));
    println!("No figure is more than 2 % above {}.", path.display());
    Ok(())
}
