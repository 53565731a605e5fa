//! The lessons in C without an operating system, in QEMU: built by their own script, and for other cores, their output compared with what is
//! committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::endian::LittleEndian;

use super::{archive, package, text};
use crate::setup;
use crate::shell::{has, output, root, run};

/// The lessons' sources.
const SOURCES: [&str; 4] = ["main.c", "lesson.c", "learner.c", "integers.c"];

/// An Arm core where they run beside the Cortex-M4F.
struct Arm {
    target: &'static str,
    /// QEMU's machine. Its Cortex-M3 runs what is built for a Cortex-M0.
    machine: &'static str,
    /// The options of the compiler.
    options: &'static [&'static str],
}

const ARMS: [Arm; 3] = [
    Arm { target: "thumbv6m-none-eabi", machine: "mps2-an385", options: &["-mcpu=cortex-m0"] },
    Arm { target: "thumbv7m-none-eabi", machine: "mps2-an385", options: &["-mcpu=cortex-m3"] },
    Arm {
        target: "thumbv7em-none-eabi",
        machine: "mps2-an386",
        options: &["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=softfp"],
    },
];

/// One more, with the memory of its machine.
const CORTEX_M33: Arm = Arm {
    target: "thumbv8m.main-none-eabihf",
    machine: "mps2-an505",
    options: &["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"],
};

/// The memory of QEMU's other machines as the linker script has it, and that of the one with a Cortex-M33, in its secure world.
const MEMORY: [(&str, &str); 2] = [
    ("ORIGIN = 0x00000000, LENGTH = 4M", "ORIGIN = 0x10000000, LENGTH = 4M"),
    ("ORIGIN = 0x20000000, LENGTH = 4M", "ORIGIN = 0x38000000, LENGTH = 2M"),
];

const RISC_V: &str = "riscv32imc-unknown-none-elf";

/// Part of the names of `core::panicking`, in a program that can reach a panic. The handler itself may be inlined there.
const PANIC: &str = "9panicking";

/// Flags of an Arm compiler for a program without a C library: `-ffp-contract=off`, since in C the sums of the lessons may be fused.
pub(super) const FREESTANDING: [&str; 10] = [
    "-std=c11",
    "-Os",
    "-ffreestanding",
    "-ffp-contract=off",
    "-mthumb",
    "-ffunction-sections",
    "-fdata-sections",
    "-nostdlib",
    "-Wl,--gc-sections,-z,noexecstack",
    "-T",
];

fn folder() -> PathBuf {
    package().join("examples").join("bare")
}

/// The output of the lessons.
pub(super) fn expected() -> Result<String> {
    text(&folder().join("expected.log"))
}

/// On a Cortex-M0, M3, M4 and M4F; with `full` on a Cortex-M33 and a RISC-V core as well.
pub(super) fn test(full: bool) -> Result<()> {
    run(&mut Command::new(folder().join("build.sh")))?;
    let target = package().join("target");
    same_bits("Cortex-M4F", &target.join("bare.elf"), |program| in_qemu(program, "mps2-an386"))?;
    let script = root().join("firmware").join("starter-c").join("mps2-an386.ld");
    for arm in &ARMS {
        arm.test(&script)?;
    }
    if full {
        setup::rustup("target", &[CORTEX_M33.target, RISC_V])?;
        let mut moved = text(&script)?;
        for (from, to) in MEMORY {
            ensure!(moved.contains(from), "{} does not have {from}", script.display());
            moved = moved.replace(from, to);
        }
        let script = target.join("mps2-an505.ld");
        fs::write(&script, moved).with_context(|| format!("cannot write {}", script.display()))?;
        CORTEX_M33.test(&script)?;
        risc_v()?;
    }
    Ok(())
}

impl Arm {
    fn test(&self, script: &Path) -> Result<()> {
        let program = package().join("target").join(format!("bare-{}.elf", self.target));
        let mut compiler = Command::new("arm-none-eabi-gcc");
        compiler.args(FREESTANDING).arg(script).args(self.options).arg("-I").arg(package().join("include"));
        compiler.arg(root().join("firmware").join("starter-c").join("start.c"));
        compiler.args(SOURCES.map(|source| folder().join(source))).arg(archive(self.target)?).arg("-lgcc");
        run(compiler.arg("-o").arg(&program))?;
        same_bits(self.target, &program, |program| in_qemu(program, self.machine))
    }
}

/// By clang, which compiles for any target, and Rust's linker.
fn risc_v() -> Result<()> {
    if !has("clang") {
        println!("clang is not installed: the lessons in C did not run on a RISC-V core.");
        return Ok(());
    }
    let target = package().join("target");
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let linker = Path::new(sysroot.trim()).join("lib").join("rustlib").join(host.trim()).join("bin").join("rust-lld");
    let mut objects = Vec::new();
    for source in SOURCES {
        let object = target.join(source).with_extension("riscv.o");
        let mut compiler = Command::new("clang");
        compiler.args(["-target", "riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32", "-std=c11", "-Os"]);
        compiler.args([
            "-Wall",
            "-Wextra",
            "-Werror",
            "-ffreestanding",
            "-ffunction-sections",
            "-fdata-sections",
            "-I",
        ]);
        compiler.arg(package().join("include")).arg("-c").arg(folder().join(source)).arg("-o").arg(&object);
        run(&mut compiler)?;
        objects.push(object);
    }
    let program = target.join(format!("bare-{RISC_V}.elf"));
    let mut link = Command::new(linker);
    link.args(["-flavor", "gnu", "--gc-sections", "-z", "noexecstack", "-T"]).arg(folder().join("riscv.ld"));
    run(link.args(&objects).arg(archive(RISC_V)?).arg("-o").arg(&program))?;
    same_bits(RISC_V, &program, |program| {
        let mut qemu = Command::new("qemu-system-riscv32");
        qemu.args(["-machine", "virt", "-bios", "none"]);
        output(semihosting(&mut qemu).arg(program).stdin(Stdio::null()))
    })
}

/// Whether the lessons print what is committed, and cannot panic.
fn same_bits(core: &str, program: &Path, print: impl FnOnce(&Path) -> Result<String>) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    ensure!(!can_panic(&bytes)?, "{} can reach a panic", program.display());
    let (printed, expected) = (print(program)?, expected()?);
    ensure!(printed == expected, "on {core} the lessons in C printed\n{printed}\nin place of\n{expected}");
    println!("On {core} the lessons in C have the bits that are expected, and no path to a panic.");
    Ok(())
}

/// The output of a program by semihosting on one of QEMU's Arm machines.
pub fn in_qemu(program: &Path, machine: &str) -> Result<String> {
    let mut qemu = Command::new("qemu-system-arm");
    output(semihosting(qemu.args(["-machine", machine])).arg(program).stdin(Stdio::null()))
}

pub(super) fn semihosting(qemu: &mut Command) -> &mut Command {
    qemu.args(["-nographic", "-monitor", "none", "-serial", "none"]);
    qemu.args(["-chardev", "stdio,id=out", "-semihosting-config", "enable=on,target=native,chardev=out", "-kernel"])
}

/// Whether the program still has a path to a panic.
pub(super) fn can_panic(program: &[u8]) -> Result<bool> {
    has_symbol(program, PANIC)
}

/// Whether the name of one of its symbols contains this.
pub(super) fn has_symbol(program: &[u8], wanted: &str) -> Result<bool> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(program).context("the program is no ELF file")?;
    let (symbols, names) =
        file.symbol_table().context("the symbols are broken")?.context("the program has no symbols")?;
    let has = |wanted: &str| {
        symbols.iter().any(|symbol| names.get(symbol.st_name as usize).is_ok_and(|found| found.contains(wanted)))
    };
    // One that must be there, so that stripped symbols are no proof.
    ensure!(has("gd_"), "the program has no symbols");
    Ok(has(wanted))
}
