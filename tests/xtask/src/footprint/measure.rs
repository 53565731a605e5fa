//! Building the measuring programs, running them in QEMU, reading their sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::abi::STT_FUNC;
use elf::endian::LittleEndian;

use crate::shell::{cargo, output, root};

use super::SHAPES;

/// A core with the QEMU machine that represents it.
#[derive(Clone, Copy)]
pub struct Machine {
    pub core: &'static str,
    pub target: &'static str,
    machine: &'static str,
    /// Flags of the compiler, as a list in TOML.
    flags: &'static str,
}

const fn machine(core: &'static str, target: &'static str, machine: &'static str) -> Machine {
    Machine { core, target, machine, flags: "" }
}

pub const CORTEX_M4F: Machine = machine("Cortex-M4F", "thumbv7em-none-eabihf", "mps2-an386");

/// The DSP extension is an option of an M33, and nothing in the target's name.
pub const CORTEX_M33_DSP: Machine = Machine {
    core: "Cortex-M33 with DSP",
    target: "thumbv8m.main-none-eabihf",
    machine: "mps2-an505",
    flags: r#""-C", "target-cpu=cortex-m33", "--cfg", "arm_dsp""#,
};

pub const MACHINES: [Machine; 5] = [
    machine("Cortex-M0", "thumbv6m-none-eabi", "microbit"),
    machine("Cortex-M3", "thumbv7m-none-eabi", "mps2-an385"),
    CORTEX_M4F,
    machine("Cortex-M7", "thumbv7em-none-eabihf", "mps2-an500"),
    machine("Cortex-M33", "thumbv8m.main-none-eabihf", "mps2-an505"),
];

impl Machine {
    /// Whether it has an Arm FPU.
    pub fn has_fpu(&self) -> bool {
        self.target.ends_with("eabihf")
    }

    /// Whether floats are computed by the compiler's library.
    pub fn has_soft_float(&self) -> bool {
        !self.has_fpu() && self.core != RISC_V[1].core
    }

    /// The builds to count, with their features: with and without assembly where there is any.
    pub fn builds(&self) -> &'static [(&'static str, &'static str)] {
        if self.has_fpu() { &[("asm", "asm"), ("portable", "")] } else { &[("portable", "")] }
    }

    /// Whether the head in integers is counted: where there is no FPU, by the DSP extension, and with an FPU but without that.
    pub fn counts_integers(&self) -> bool {
        !self.has_fpu() || self.core == CORTEX_M4F.core || self.target == CORTEX_M33_DSP.target
    }

    /// The program that counts the calls of a learner with all its parts: in integers where there is no FPU.
    pub fn calls(&self) -> &'static str {
        if self.has_fpu() { "calls_float" } else { "calls_fixed" }
    }

    /// Whether it has more RAM than the micro:bit, 16 KiB.
    pub fn has_room(&self) -> bool {
        self.machine != "microbit"
    }

    /// The shapes that fit.
    pub fn shapes(&self) -> &'static [(&'static str, &'static str)] {
        if self.has_room() { &SHAPES } else { &SHAPES[..1] }
    }
}

/// Cores of RISC-V without an FPU, as in an ESP32-C3, and with one.
pub const RISC_V: [Machine; 2] = [
    machine("riscv32imc", "riscv32imc-unknown-none-elf", "virt"),
    machine("riscv32imafc", "riscv32imafc-unknown-none-elf", "virt"),
];

/// The targets of all machines; two have the same.
pub const TARGETS: [&str; 6] = [
    MACHINES[0].target,
    MACHINES[1].target,
    MACHINES[2].target,
    MACHINES[4].target,
    RISC_V[0].target,
    RISC_V[1].target,
];

/// The package of the measuring programs.
pub fn package() -> PathBuf {
    root().join("firmware").join("bench")
}

fn binary(machine: &Machine, program: &str, profile: &str) -> PathBuf {
    package().join("target").join(machine.target).join(profile).join(program)
}

/// Builds programs, all by one call.
pub fn build(machine: &Machine, programs: &[&str], profile: &str, features: &str) -> Result<()> {
    let build = ["build", "--quiet", "--target", machine.target, "--profile", profile, "--features", features];
    let programs: Vec<_> = programs.iter().flat_map(|program| ["--bin", program]).collect();
    let flags = format!("target.{}.rustflags=[{}]", machine.target, machine.flags);
    let flags: &[&str] = if machine.flags.is_empty() { &[] } else { &["--config", &flags] };
    cargo(&package(), &[&build[..], flags, &programs].concat())
}

/// Returns the output in QEMU of a program's last build; every instruction takes 64 ns of virtual time there.
pub fn run(machine: &Machine, program: &str, profile: &str) -> Result<String> {
    let (qemu, options): (_, &[&str]) = if machine.target.starts_with("riscv32") {
        ("qemu-system-riscv32", &["-bios", "none"])
    } else {
        ("qemu-system-arm", &[])
    };
    let mut qemu = Command::new(qemu);
    qemu.args(options).args([
        "-machine",
        machine.machine,
        "-icount",
        "shift=6",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
    ]);
    qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(binary(machine, program, profile));
    output(&mut qemu)
}

/// The cycles that one call of a program's function takes on a Cortex-M4, estimated.
pub fn cycles(machine: &Machine, program: &str, profile: &str, function: &str, call: usize) -> Result<u32> {
    super::cycles::estimate(&binary(machine, program, profile), machine.machine, function, call)
}

/// The bytes that the library adds to a program.
pub struct Size {
    pub flash: u32,
    pub ram: u32,
    /// Its functions, the largest first.
    pub functions: Vec<(String, u32)>,
}

/// The size of a trainer of profile `size` minus that of `none`, both built before. Flash: the functions and constants that `none`
/// does not have, without the harness, and the initial image of data that is not zero. RAM: all initialised data, zero or not.
pub fn size(machine: &Machine, program: &str) -> Result<Size> {
    let (with, without) =
        (Image::read(&binary(machine, program, "size"))?, Image::read(&binary(machine, "none", "size"))?);
    let harness = |name: &str| name.contains("5bench") || name.contains("cortex_m_rt") || name == "main";
    let added = with.functions.iter().filter(|(name, _)| !without.functions.contains_key(*name) && !harness(name));
    let mut functions: Vec<_> = added.map(|(name, bytes)| (last_of_path(name), *bytes)).collect();
    functions.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let code: u32 = functions.iter().map(|(_, bytes)| bytes).sum();
    ensure!(code > 0 && with.ram > without.ram, "{program} holds nothing");
    let images = with.constants.saturating_sub(without.constants) + with.data.saturating_sub(without.data);
    let flash = code + images;
    Ok(Size { flash, ram: with.ram - without.ram, functions })
}

/// The contents of an ELF file.
struct Image {
    functions: BTreeMap<String, u32>,
    constants: u32,
    data: u32,
    ram: u32,
}

impl Image {
    fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file = ElfBytes::<LittleEndian>::minimal_parse(&bytes)?;
        let section = |name| anyhow::Ok(file.section_header_by_name(name)?.map_or(0, |section| section.sh_size as u32));
        let (symbols, names) = file.symbol_table()?.context("the program has no symbols")?;
        // Several functions may share a name, as instances of a generic one do, and one may have several.
        let (mut functions, mut addresses) = (BTreeMap::new(), BTreeSet::new());
        for symbol in symbols.iter().filter(|symbol| symbol.st_symtype() == STT_FUNC && symbol.st_size > 0) {
            if addresses.insert(symbol.st_value) {
                let name = without_hash(names.get(symbol.st_name as usize)?).to_owned();
                *functions.entry(name).or_default() += symbol.st_size as u32;
            }
        }
        let (constants, data) = (section(".rodata")?, section(".data")?);
        Ok(Image { functions, constants, data, ram: data + section(".bss")? })
    }
}

/// A mangled name without the hash at its end, which tells builds apart.
fn without_hash(name: &str) -> &str {
    name.rsplit_once("17h").map_or(name, |(path, _)| path)
}

/// The name of a function without its path, from a name that is mangled in the way of C++: lengths before names.
fn last_of_path(mangled: &str) -> String {
    let mut rest = mangled.strip_prefix("_ZN").unwrap_or_default();
    let mut last = mangled;
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0) {
        let length: usize = rest[..end].parse().unwrap_or_default();
        let Some(name) = rest.get(end..end + length) else { break };
        (last, rest) = (name, &rest[end + length..]);
    }
    last.to_owned()
}
