//! The cost of the core on a device, and of its parts in C: instructions, flash, RAM and stack, measured in QEMU, against the gates, against the
//! committed figures and beside the peers.

mod cycles;
mod document;
mod energy;
mod gates;
mod host;
mod measure;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::c;
use crate::checks::Options;
use crate::shell::{cargo, root};
pub use energy::Supply;
pub use measure::{CORTEX_M4F, MACHINES, TARGETS, build as build_programs, package, run as run_program};
use measure::{CORTEX_M33_DSP, Machine, RISC_V};

/// The figures by name: `MACHINE/BUILD/SHAPE/WHAT`.
pub type Figures = BTreeMap<String, u32>;

/// The largest ratio of a figure to the committed one.
const SLACK: f64 = 1.02;

/// The shapes of heads that are measured, as the programs name them and as people write them.
const SHAPES: [(&str, &str); 3] = [("64_10", "64->10"), ("784_10", "784->10"), ("128_100", "128->100")];

/// Shapes that are counted on one core alone: rows that are no multiple of eight, many classes, many features.
const OTHERS: [(&str, &str); 3] = [("63_10", "63->10"), ("32_1000", "32->1000"), ("1024_100", "1024->100")];

/// The shapes whose steps are counted by optimizer: two are as small as heads get.
const OPTIMIZED: [(&str, &str); 3] = [SHAPES[0], ("16_2", "16->2"), ("13_4", "13->4")];

/// The shapes of discriminants: of one core all, of the others the second.
const DISCRIMINANTS: [(&str, &str); 3] = [("lda_24_4", "24->4"), ("lda_64_10", "64->10"), ("lda_128_10", "128->10")];

/// The shapes whose cycles are estimated, and the label that is: the second of a class, which leaves the ridge alone.
const ESTIMATED: [&str; 2] = [DISCRIMINANTS[0].1, DISCRIMINANTS[1].1];
const ESTIMATED_LABEL: usize = 12;

/// The program of a head that infers and learns by itself.
const BARE: &str = "bare_64_10";

/// The program of heads in integers, and that of the same with rows that are no multiple of a block.
const INTEGERS: &str = "fixed_64_10";
const ODD_INTEGERS: &str = "fixed_63_10";

/// The figures of a learner with all its parts.
const CALLS: &str = "calls";

/// The builds that the trainers' footprint is measured in, with their features.
const TRAINERS: [(&str, &str); 5] = [
    ("asm", "asm"),
    (SMALL, "asm,small"),
    ("portable", ""),
    ("micromath", "asm,micromath"),
    ("run-time settings", "asm,run-time-settings"),
];

/// The build with kernels of one row at a time.
const SMALL: &str = "small";

/// The cores and the builds of trainers that are measured without `--full`: one for each set of instructions.
const OFTEN: [&str; 7] =
    ["Cortex-M0", "Cortex-M3", CORTEX_M4F.core, CORTEX_M33_DSP.core, RISC_V[0].core, TRAINERS[0].0, SMALL];

/// Lints the measuring programs, and runs them; with a supply it prints the energy by the committed figures instead.
pub fn check(options: Options) -> Result<()> {
    if let Some(supply) = options.supply {
        return energy::print(supply);
    }
    let lint = ["clippy", "--release", "--bins", "--target", CORTEX_M4F.target, "--features", "asm,peers"];
    cargo(&package(), &[&lint[..], &["--", "-D", "warnings"]].concat())?;
    // The other profile takes half a minute to compile these many shapes.
    compare_kernels("size", options.full)?;
    if options.full {
        compare_kernels("release", true)?;
    }
    measure(options)
}

/// Measures, prints the tables, and checks gates and committed figures; `bless` commits the figures anew. What is not [`OFTEN`] measured is
/// taken as it is committed, unless all is.
fn measure(options: Options) -> Result<()> {
    let all = options.full || options.bless;
    let mut figures = if all { Figures::new() } else { committed()? };
    let (measured, functions) = measured(all)?;
    figures.extend(measured);
    println!("{}", tables::markdown(&figures)?);
    let functions: Vec<_> = functions.iter().map(|(name, bytes)| format!("{name} {bytes}")).collect();
    println!("Flash of the trainer `asm`, 64->10, by function: {}.", functions.join(", "));
    host::print()?;
    gates::check(&figures)?;
    if options.bless {
        fs::write(committed_path(), to_text(&figures)).context("cannot write the committed figures")?;
        document::write(&figures)?;
        println!("{} is written: look at the difference before you commit it.", committed_path().display());
        return Ok(());
    }
    compare(&figures)
}

/// Compares the kernels in assembly with portable code, on the cores with an FPU, or on those of them that are measured [`OFTEN`]; those of one
/// row at a time in one profile.
fn compare_kernels(profile: &str, all: bool) -> Result<()> {
    let is_wanted = |machine: &&Machine| all || OFTEN.contains(&machine.core);
    for machine in MACHINES.iter().filter(is_wanted).filter(|machine| machine.has_fpu()) {
        measure::build(machine, &["same_bits"], profile, "asm")?;
        println!("{}", measure::run(machine, "same_bits", profile)?.trim());
    }
    if profile == "size" {
        measure::build(&CORTEX_M4F, &["same_bits"], profile, "asm,small")?;
        println!("one row at a time: {}", measure::run(&CORTEX_M4F, "same_bits", profile)?.trim());
    }
    // The M0 has too little RAM for the longest.
    let mut first = None;
    let machines = MACHINES.iter().filter(is_wanted).chain(&RISC_V[..1]);
    for machine in machines.filter(|machine| machine.core != "Cortex-M0") {
        for (build, features) in machine.builds() {
            measure::build(machine, &["same_discriminant"], profile, features)?;
            let line = measure::run(machine, "same_discriminant", profile)?;
            println!("{}, {build}: {}", machine.core, line.trim());
            let first = first.get_or_insert_with(|| line.clone());
            ensure!(line == *first, "the discriminant's kernels have other bits there");
        }
    }
    Ok(())
}

/// All figures, and the functions of the first trainer with their bytes.
fn measured(all: bool) -> Result<(Figures, Vec<(String, u32)>)> {
    let mut figures = Figures::new();
    let is_wanted = |name: &str| all || OFTEN.contains(&name);
    for machine in MACHINES.iter().filter(|machine| is_wanted(machine.core)) {
        for (build, features) in machine.builds() {
            let counted = counted(machine, build);
            let programs: Vec<_> = counted.iter().map(|(program, _, _)| program.as_str()).collect();
            measure::build(machine, &programs, "release", features)?;
            for (program, build, shape) in &counted {
                let lines = measure::run(machine, program, "release")?;
                record(&mut figures, machine, build, shape, &lines)?;
                if machine.core == CORTEX_M4F.core && program == INTEGERS {
                    for (what, function) in
                        [("quantized-logits", "quantize"), ("fixed-inference", "infer"), ("fixed-step", "learn")]
                    {
                        let cycles = measure::cycles(machine, program, "release", function, 2)?;
                        figures.insert(name(machine, build, shape, &format!("cycles {what}")), cycles);
                    }
                }
                if machine.core == CORTEX_M4F.core && program == machine.calls() {
                    let cycles = measure::cycles(machine, program, "release", "save", 1)?;
                    figures.insert(name(machine, build, shape, "cycles checkpoint-write"), cycles);
                }
                if machine.core == CORTEX_M4F.core && program.starts_with("lda_") && ESTIMATED.contains(shape) {
                    let cycles = measure::cycles(machine, program, "release", "learn", ESTIMATED_LABEL)?;
                    figures.insert(name(machine, build, shape, "cycles lda-learn"), cycles);
                }
            }
        }
    }
    for (head, part, bytes) in c::sizes()? {
        figures.insert(c_figure(head, part), bytes);
    }
    for (core, what, figure) in c::integers()? {
        figures.insert(integers_figure(core, what), figure);
    }
    for (core, flash, soft_float) in c::trainers()? {
        figures.insert(c_figure("trainer", core), flash);
        figures.insert(format!("C/trainer/{core}/soft float"), soft_float);
    }
    for (call, flash) in c::trainer_calls()? {
        figures.insert(c_figure("trainer with", call), flash);
    }
    measure::build(&CORTEX_M4F, &[BARE], "release", "asm")?;
    estimate(&mut figures, BARE, "release", "asm")?;
    let label = (DISCRIMINANTS[1].0, "portable");
    for (machine, programs) in [
        (&CORTEX_M33_DSP, &[(INTEGERS, "integers")][..]),
        (&RISC_V[0], &[(INTEGERS, "integers"), ("counts_64_10", "portable"), label]),
        (&RISC_V[1], &[(INTEGERS, "integers"), ("counts_64_10", "portable"), label]),
    ] {
        if !is_wanted(machine.core) {
            continue;
        }
        let names: Vec<_> = programs.iter().map(|(program, _)| *program).collect();
        measure::build(machine, &names, "release", "asm")?;
        for (program, build) in programs {
            let lines = measure::run(machine, program, "release")?;
            record(&mut figures, machine, build, SHAPES[0].1, &lines)?;
        }
    }
    measure::build(&CORTEX_M4F, &["reference"], "release", "asm,peers")?;
    record_reference(&mut figures, &measure::run(&CORTEX_M4F, "reference", "release")?)?;
    let mut functions = Vec::new();
    for (build, features) in TRAINERS.into_iter().filter(|(build, _)| is_wanted(build)) {
        let label = format!("{build} s");
        let trainers = SHAPES.map(|(program, shape)| (format!("trainer_{program}"), label.clone(), shape));
        let small = if build == SMALL { " small" } else { "" };
        let learners =
            ["bare", "learner"].map(|kind| (format!("{kind}_64_10"), format!("{kind}{small} s"), SHAPES[0].1));
        let learners = learners.into_iter().filter(|_| build == "asm" || build == SMALL);
        let counted: Vec<_> = trainers.into_iter().chain(learners).collect();
        // The program `none` is the reference for the sizes of the others.
        let programs: Vec<_> = counted.iter().map(|(program, _, _)| program.as_str()).chain(["none"]).collect();
        measure::build(&CORTEX_M4F, &programs, "size", features)?;
        for (program, label, shape) in &counted {
            let size = record_trainer(&mut figures, program, label, shape)?;
            if program == BARE {
                estimate(&mut figures, program, "size", label)?;
            }
            if (label.as_str(), *shape) == ("asm s", SHAPES[0].1) {
                functions = size.functions;
            }
        }
    }
    Ok((figures, functions))
}

/// The cycles of a head that infers and learns by itself, estimated.
fn estimate(figures: &mut Figures, program: &str, profile: &str, build: &str) -> Result<()> {
    for (what, function) in [("inference", "infer"), ("step", "learn")] {
        let cycles = measure::cycles(&CORTEX_M4F, program, profile, function, 2)?;
        figures.insert(name(&CORTEX_M4F, build, SHAPES[0].1, &format!("cycles {what}")), cycles);
    }
    Ok(())
}

/// The programs that are counted in a build on a machine, each with what its figures are listed under: a build and a shape.
fn counted(machine: &Machine, build: &'static str) -> Vec<(String, &'static str, &'static str)> {
    let shapes = machine.shapes().iter();
    let mut counted: Vec<_> = shapes.map(|(name, shape)| (format!("counts_{name}"), build, *shape)).collect();
    let all = machine.core == CORTEX_M4F.core;
    let discriminants = DISCRIMINANTS.iter().filter(|(_, shape)| all || *shape == SHAPES[0].1);
    counted.extend(discriminants.map(|(program, shape)| ((*program).to_owned(), build, *shape)));
    let mut add = |program: &str, build| counted.push((program.to_owned(), build, SHAPES[0].1));
    // Those that are counted in one build alone.
    if build == machine.builds()[0].0 {
        add(machine.calls(), CALLS);
        if machine.counts_integers() {
            add(INTEGERS, "integers");
        }
        if machine.has_room() {
            add("near_64_10", build);
        }
        if machine.core == CORTEX_M4F.core {
            ["parts_64_10", "view_64_10"].into_iter().for_each(|program| add(program, build));
            counted.push((ODD_INTEGERS.to_owned(), "integers", OTHERS[0].1));
            counted.extend(OTHERS.map(|(program, shape)| (format!("counts_{program}"), build, shape)));
            counted.extend(OPTIMIZED.map(|(program, shape)| (format!("optimizers_{program}"), build, shape)));
        }
    }
    counted
}

/// The counts of a program of the profile `size`, and its size beyond that of `none`, which was built with the same features.
fn record_trainer(figures: &mut Figures, program: &str, build: &str, shape: &str) -> Result<measure::Size> {
    let lines = measure::run(&CORTEX_M4F, program, "size")?;
    record(figures, &CORTEX_M4F, build, shape, &lines)?;
    let size = measure::size(&CORTEX_M4F, program)?;
    figures.insert(name(&CORTEX_M4F, build, shape, "flash"), size.flash);
    figures.insert(name(&CORTEX_M4F, build, shape, "ram"), size.ram);
    Ok(size)
}

fn name(machine: &Machine, build: &str, shape: &str, what: &str) -> String {
    format!("{}/{build}/{shape}/{what}", machine.core)
}

/// The flash of a program in C that learns and answers by this head, with this part.
fn c_figure(head: &str, part: &str) -> String {
    format!("C/{head}/{part}/flash")
}

/// A figure of a head in integers in C.
fn integers_figure(core: &str, what: &str) -> String {
    format!("C/in integers/{core}/{what}")
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

/// The committed figures.
fn committed() -> Result<Figures> {
    let path = committed_path();
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let figure = |line: &str| -> Result<(String, u32)> {
        let (name, value) = line.split_once('\t').with_context(|| format!("no tab in `{line}`"))?;
        Ok((name.to_owned(), value.parse()?))
    };
    text.lines().map(figure).collect()
}

/// Fails if a figure is above the committed one by more than the slack, or if one is missing or new. Those of other people's
/// code are compared as well: they show whether the compiler changed.
fn compare(figures: &Figures) -> Result<()> {
    let (path, committed) = (committed_path(), committed()?);
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
