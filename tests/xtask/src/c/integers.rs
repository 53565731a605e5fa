//! The cost of a head in integers in C: flash by what a program calls, and instructions beside a trainer's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::bare::{FREESTANDING, has_symbol, semihosting};
use super::parts::flash;
use super::{archive, package};
use crate::shell::{output, root, run};

/// A core, with QEMU's machine and the options of the compiler. A tick of SysTick takes 40 ns of either machine's time.
struct Core {
    name: &'static str,
    target: &'static str,
    machine: &'static str,
    options: &'static [&'static str],
}

const CORES: [Core; 2] = [
    // QEMU's Cortex-M3 runs what is built for a Cortex-M0.
    Core { name: "Cortex-M0", target: "thumbv6m-none-eabi", machine: "mps2-an385", options: &["-mcpu=cortex-m0"] },
    Core {
        name: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        machine: "mps2-an386",
        options: &["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"],
    },
];

/// The names of the cores.
pub const CORE_NAMES: [&str; 2] = [CORES[0].name, CORES[1].name];

/// The figures of each core: bytes of flash, then instructions.
pub const INTEGERS: [&str; 7] = [
    "flash alone",
    "flash classes change",
    "flash checkpoint",
    "label",
    "answer",
    "trainer's label",
    "trainer's answer",
];

/// The figures, each by the core and what it is. A program without a checkpoint must not link floating point.
pub fn integers() -> Result<Vec<(&'static str, &'static str, u32)>> {
    let mut figures = Vec::new();
    for core in &CORES {
        archive(core.target)?;
        for (what, defines) in INTEGERS.into_iter().zip([&[][..], &["-DCLASSES_CHANGE"], &["-DCHECKPOINT"]]) {
            let program = core.build(&["fixed.c"], defines)?;
            let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
            let floats = ["__aeabi_f", "__aeabi_d", "sf2", "sf3"].map(|name| has_symbol(&bytes, name));
            let floats = floats.into_iter().collect::<Result<Vec<_>>>()?.contains(&true);
            ensure!(what == INTEGERS[2] || !floats, "a head in integers links floating point for a {}", core.name);
            figures.push((core.name, what, flash(&bytes, "a head in integers")?));
        }
        let program = core.build(&["counts.c", "../../examples/bare/lesson.c"], &[])?;
        let printed = core.count(&program)?;
        for what in &INTEGERS[3..] {
            let line = printed.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
            let count = line.with_context(|| format!("no {what} in\n{printed}"))?;
            figures.push((core.name, *what, u32::from_str_radix(count, 16)?));
        }
    }
    Ok(figures)
}

impl Core {
    fn build(&self, sources: &[&str], defines: &[&str]) -> Result<PathBuf> {
        let (starter, target) = (root().join("firmware").join("starter-c"), package().join("target"));
        let program = target.join("integers.elf");
        let mut compiler = Command::new("arm-none-eabi-gcc");
        compiler.args(FREESTANDING).arg(starter.join("mps2-an386.ld")).args(["-Wall", "-Wextra", "-Werror"]);
        compiler.args(self.options).args(defines).arg("-I").arg(package().join("include"));
        compiler.arg(starter.join("start.c"));
        compiler.args(sources.iter().map(|source| package().join("tests").join("c").join(source)));
        compiler.arg(target.join(self.target).join("release").join(super::ARCHIVE)).args(["-lgcc", "-o"]).arg(&program);
        run(&mut compiler)?;
        Ok(program)
    }

    /// The output in QEMU, where an instruction takes 64 ns.
    fn count(&self, program: &Path) -> Result<String> {
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", self.machine, "-icount", "shift=6"]);
        output(semihosting(&mut qemu).arg(program).stdin(Stdio::null()))
    }
}
