//! The flash that a learner in C takes, by the parts that a program names, and that of a trainer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::endian::LittleEndian;

use super::bare::FREESTANDING;
use super::{archive, archive_with, package};
use crate::shell::{root, run};

/// The heads, as the program is told them and as people write them.
pub const HEADS: [(&str, &str); 4] =
    [("LINEAR", "linear"), ("DISCRIMINANT", "discriminant"), ("NEIGHBOURS", "neighbours"), ("MIXED", "mixed")];

/// The same of what is added.
pub const PARTS: [(&str, &str); 9] = [
    ("STANDARDIZER", "standardizer"),
    ("MEMORY", "memory"),
    ("HELD_OUT", "held out"),
    ("NOVELTY", "novelty"),
    ("CALIBRATION", "calibration"),
    ("UNLEARN", "unlearn"),
    ("CLASSES_CHANGE", "classes change"),
    ("CHECKPOINT", "checkpoint"),
    ("STORE", "store"),
];

/// The core that they are measured on.
const TARGET: &str = "thumbv7em-none-eabihf";
const CORTEX_M4F: [&str; 3] = ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"];

/// The feature of kernels of one row at a time.
const SMALL: &str = "small";

/// The trainers that are measured: a name, the target, the C compiler's options, the library's features.
pub const TRAINERS: [(&str, &str, &[&str], &str); 4] = [
    ("Cortex-M4F", TARGET, &CORTEX_M4F, ""),
    ("Cortex-M4F, `small`", TARGET, &CORTEX_M4F, SMALL),
    ("Cortex-M3, `small`", "thumbv7m-none-eabi", &["-mcpu=cortex-m3"], SMALL),
    ("Cortex-M0, `small`", "thumbv6m-none-eabi", &["-mcpu=cortex-m0"], SMALL),
];

/// The calls that a program with a trainer may make beside, as it is told and as people write them.
pub const TRAINER_CALLS: [(&str, &str); 8] = [
    ("RATE", "`gd_set_rate`"),
    ("READOUT", "`gd_set_readout`"),
    ("REHEARSE", "`gd_rehearse`"),
    ("REPORT", "`gd_learn_reported` in place of `gd_learn`"),
    ("OPTIMIZER", "`gd_set_optimizer`"),
    ("BETA", "`gd_set_beta`"),
    ("CALIBRATION", "`gd_calibrate`, `gd_get_calibration`"),
    ("CHECKPOINT", "`gd_checkpoint_write`, `gd_checkpoint_read`"),
];

/// All of them.
pub const ALL_CALLS: &str = "all of them";

/// The bytes of flash of a program with a learner of each head: alone, with each part, with all of them, the first and the last with the feature
/// `small` as well; each by the head and the part.
pub fn sizes() -> Result<Vec<(&'static str, &'static str, u32)>> {
    let (usual, small) = (archive(TARGET)?, archive_with(TARGET, SMALL)?);
    let mut sizes = Vec::new();
    for (head, its_name) in HEADS {
        let define = format!("-DHEAD={head}");
        // A step of a linear head cannot be undone.
        let parts: Vec<_> = PARTS.iter().filter(|(part, _)| head != "LINEAR" || *part != "UNLEARN").collect();
        for (part, name) in &parts {
            sizes.push((its_name, *name, size(&usual, &[define.clone(), format!("-D{part}")])?));
        }
        let all: Vec<_> = parts.iter().map(|(part, _)| format!("-D{part}")).chain([define.clone()]).collect();
        for (archive, [alone, with_all]) in [(&usual, ["alone", "all"]), (&small, ["alone, small", "all, small"])] {
            sizes.push((its_name, alone, size(archive, std::slice::from_ref(&define))?));
            sizes.push((its_name, with_all, size(archive, &all)?));
        }
    }
    Ok(sizes)
}

/// The bytes of flash of a program that makes a trainer, teaches it and asks it, and those of them that are the compiler's soft float.
pub fn trainers() -> Result<Vec<(&'static str, u32, u32)>> {
    let measure = |(name, target, options, features): &(&'static str, &str, &[&str], &str)| {
        let program = link("trainer.c", &archive_with(target, features)?, options, &[])?;
        Ok((*name, flash(&program, name)?, soft_float(&program)?))
    };
    TRAINERS.iter().map(measure).collect()
}

/// The bytes of flash with each of [`TRAINER_CALLS`], and with all of them, on a Cortex-M4F with the feature `small`.
pub fn trainer_calls() -> Result<Vec<(&'static str, u32)>> {
    let archive = archive_with(TARGET, SMALL)?;
    let measure = |name: &str, defines: &[String]| flash(&link("trainer.c", &archive, &CORTEX_M4F, defines)?, name);
    let define = |part: &str| format!("-D{part}");
    let mut sizes = Vec::new();
    for (part, name) in TRAINER_CALLS {
        sizes.push((name, measure(name, &[define(part)])?));
    }
    sizes.push((ALL_CALLS, measure(ALL_CALLS, &TRAINER_CALLS.map(|(part, _)| define(part)))?));
    Ok(sizes)
}

fn size(archive: &Path, defines: &[String]) -> Result<u32> {
    flash(&link("parts.c", archive, &CORTEX_M4F, defines)?, &defines.join(" "))
}

/// Links one of the tests' programs without a C library; the contents of its file.
fn link(source: &str, archive: &Path, options: &[&str], defines: &[String]) -> Result<Vec<u8>> {
    let starter = root().join("firmware").join("starter-c");
    let program = package().join("target").join("parts.elf");
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.args(FREESTANDING).arg(starter.join("mps2-an386.ld")).args(["-Wall", "-Wextra", "-Werror"]);
    compiler.args(options).args(defines);
    compiler.arg("-I").arg(package().join("include")).arg(starter.join("start.c"));
    compiler.arg(package().join("tests").join("c").join(source));
    compiler.arg(archive).args(["-lgcc", "-o"]).arg(&program);
    run(&mut compiler)?;
    fs::read(&program).with_context(|| format!("cannot read {}", program.display()))
}

/// Its bytes of flash. It must have no path to a panic.
pub(super) fn flash(program: &[u8], what: &str) -> Result<u32> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(program).context("the program is no ELF file")?;
    ensure!(!super::bare::can_panic(program)?, "{what} can reach a panic");
    let mut flash = 0;
    for name in [".text", ".data"] {
        flash += file.section_header_by_name(name)?.map_or(0, |section| section.sh_size as u32);
    }
    Ok(flash)
}

/// The bytes of the functions that compute floats where there is no FPU.
fn soft_float(program: &[u8]) -> Result<u32> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(program).context("the program is no ELF file")?;
    let (symbols, names) = file.symbol_table()?.context("the program has no symbols")?;
    let (mut sizes, mut bytes) = (BTreeSet::new(), 0);
    for symbol in symbols.iter() {
        let soft = names.get(symbol.st_name as usize)?.contains("compiler_builtins5float");
        // One function may have several names.
        if soft && sizes.insert(symbol.st_value) {
            bytes += symbol.st_size as u32;
        }
    }
    Ok(bytes)
}
