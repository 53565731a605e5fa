//! The flash that a learner in C takes, by the parts that a program names.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::endian::LittleEndian;

use super::bare::FREESTANDING;
use super::{archive, package};
use crate::shell::{root, run};

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

/// The bytes of flash of a program with a learner of each head: alone, with each part, with all of them; each by the head and the part.
pub fn sizes() -> Result<Vec<(&'static str, &'static str, u32)>> {
    archive(TARGET)?;
    let mut sizes = Vec::new();
    for (head, its_name) in HEADS {
        let define = format!("-DHEAD={head}");
        // A step of a linear head cannot be undone.
        let parts: Vec<_> = PARTS.iter().filter(|(part, _)| head == "DISCRIMINANT" || *part != "UNLEARN").collect();
        sizes.push((its_name, "alone", size(std::slice::from_ref(&define))?));
        for (part, name) in &parts {
            sizes.push((its_name, *name, size(&[define.clone(), format!("-D{part}")])?));
        }
        let all = parts.iter().map(|(part, _)| format!("-D{part}"));
        sizes.push((its_name, "all", size(&all.chain([define.clone()]).collect::<Vec<_>>())?));
    }
    Ok(sizes)
}

fn size(defines: &[String]) -> Result<u32> {
    let (starter, target) = (root().join("firmware").join("starter-c"), package().join("target"));
    let program = target.join("parts.elf");
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.args(FREESTANDING).arg(starter.join("mps2-an386.ld")).args(["-Wall", "-Wextra", "-Werror"]);
    compiler.args(["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]).args(defines);
    compiler.arg("-I").arg(package().join("include")).arg(starter.join("start.c"));
    compiler.arg(package().join("tests").join("c").join("parts.c"));
    compiler.arg(target.join(TARGET).join("release").join(super::ARCHIVE)).args(["-lgcc", "-o"]).arg(&program);
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
