//! The flash that a learner in C takes, by the parts that a program names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::endian::LittleEndian;

use super::bare::FREESTANDING;
use super::{archive, package};
use crate::shell::{cargo, root, run};

/// The heads, as the program is told them and as people write them.
pub const HEADS: [(&str, &str); 2] = [("LINEAR", "linear"), ("DISCRIMINANT", "discriminant")];

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

/// The bytes of flash of a program with a learner of each head: alone, with each part, with all of them, the first and the last with the feature
/// `small` as well; each by the head and the part.
pub fn sizes() -> Result<Vec<(&'static str, &'static str, u32)>> {
    let (usual, small) = (archive(TARGET)?, small()?);
    let mut sizes = Vec::new();
    for (head, its_name) in HEADS {
        let define = format!("-DHEAD={head}");
        // A step of a linear head cannot be undone.
        let parts: Vec<_> = PARTS.iter().filter(|(part, _)| head == "DISCRIMINANT" || *part != "UNLEARN").collect();
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

/// Builds the library with kernels of one row at a time, beside the usual one.
fn small() -> Result<PathBuf> {
    let options = ["rustc", "--release", "--crate-type", "staticlib", "--target", TARGET];
    cargo(&package(), &[&options[..], &["--features", "small", "--target-dir", "target/small"]].concat())?;
    Ok(package().join("target").join("small").join(TARGET).join("release").join(super::ARCHIVE))
}

/// The flash of a program that links this archive.
fn size(archive: &Path, defines: &[String]) -> Result<u32> {
    let starter = root().join("firmware").join("starter-c");
    let program = package().join("target").join("parts.elf");
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.args(FREESTANDING).arg(starter.join("mps2-an386.ld")).args(["-Wall", "-Wextra", "-Werror"]);
    compiler.args(["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]).args(defines);
    compiler.arg("-I").arg(package().join("include")).arg(starter.join("start.c"));
    compiler.arg(package().join("tests").join("c").join("parts.c"));
    compiler.arg(archive).args(["-lgcc", "-o"]).arg(&program);
    run(&mut compiler)?;
    let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
    ensure!(!super::bare::can_panic(&bytes)?, "a learner of {} can reach a panic", defines.join(" "));
    flash(&bytes)
}

/// The bytes of flash that a program takes.
pub(super) fn flash(program: &[u8]) -> Result<u32> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(program).context("the program is no ELF file")?;
    let mut flash = 0;
    for name in [".text", ".data"] {
        flash += file.section_header_by_name(name)?.map_or(0, |section| section.sh_size as u32);
    }
    Ok(flash)
}
