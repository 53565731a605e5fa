//! An estimate of the cycles of a Cortex-M4: every instruction that QEMU executes is weighted.
//!
//! | instruction | cycles |
//! |---|---|
//! | `vldm`, `vstm`, `vpush`, `vpop`, `ldm`, `stm`, `push`, `pop` of n words, `ldrd`, `strd` of 2 | 1 + n |
//! | `vldr`, `vstr` | 2 |
//! | `vmul`, `vadd`, `vsub`, `vabs`, `vcmp`, `vcvt`, `vmov` of a word | 1 |
//! | `vmla`, `vmls`, `vfma` | 3 |
//! | `vdiv`, `vsqrt` | 14 |
//! | `vmov` of two words | 2 |
//! | `ldr`; right after another single load or store | 2; 1 |
//! | `str` | 1 |
//! | `udiv`, `sdiv` | 12 |
//! | a taken branch, in addition | 2 more |
//! | all others | 1 |
//!
//! The weights are those of Arm's technical reference manual of the Cortex-M4, for memory without wait states. The estimate leaves out the extra
//! cycle if the next instruction uses a result of the FPU, and the wait states of flash. So it is called an estimate wherever it is quoted, and
//! is comparable only with itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use elf::ElfBytes;
use elf::abi::STT_FUNC;
use elf::endian::LittleEndian;

use crate::shell::output;

/// The estimate for one call of a function, the `call`th that a program makes.
pub fn estimate(program: &Path, machine: &str, function: &str, call: usize) -> Result<u32> {
    let code = Code::read(program, function)?;
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args([
        "-machine",
        machine,
        "-icount",
        "shift=6",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
        "-d",
        "exec,nochain",
    ]);
    qemu.args(one_instruction_at_a_time()?);
    qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(program);
    let mut qemu = qemu.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot run qemu-system-arm")?;
    let trace = BufReader::new(qemu.stderr.take().context("QEMU has a standard error")?);
    let cycles = weigh(&code, trace, call);
    // QEMU may still be running the code after the call.
    let _ = qemu.kill();
    qemu.wait().context("QEMU does not end")?;
    cycles.with_context(|| format!("no call {call} of {function} in {}", program.display()))
}

/// The options that make this QEMU trace each instruction.
fn one_instruction_at_a_time() -> Result<&'static [&'static str]> {
    let version = output(Command::new("qemu-system-arm").arg("--version"))?;
    let major = version.split_whitespace().nth(3).and_then(|version| version.split('.').next()?.parse().ok());
    let major: u32 = major.with_context(|| format!("no version in `{version}`"))?;
    Ok(if major < 9 { &["-singlestep"] } else { &["-accel", "tcg,one-insn-per-tb=on"] })
}

/// The sum over a call, of a trace with lines such as `Trace 0: 0x7f02a8000100 [00800408/00000400/00000110/ff020201] Reset`.
fn weigh(code: &Code, trace: impl BufRead, call: usize) -> Option<u32> {
    let (mut calls, mut back, mut previous, mut cycles) = (0, None, None, 0);
    let mut after_single = false;
    for line in trace.split(b'\n').map_while(Result::ok) {
        let field = line.split(|byte| *byte == b'/').nth(1).and_then(|field| str::from_utf8(field).ok());
        let Some(at) = field.and_then(|field| u32::from_str_radix(field, 16).ok()) else { continue };
        if let (Some(_), Some(before)) = (back, previous) {
            let instruction = code.instruction(before)?;
            cycles += instruction.cycles(after_single) + if at == before + instruction.bytes() { 0 } else { JUMP };
            after_single = instruction.is_single_transfer();
        } else if at == code.function {
            calls += 1;
            if calls == call {
                back = previous.map(|before| Some(before + code.instruction(before)?.bytes()))?;
            }
        }
        if back == Some(at) {
            return Some(cycles);
        }
        previous = Some(at);
    }
    None
}

/// The cycles of a taken branch beyond itself.
const JUMP: u32 = 2;

/// The machine code of a program, and where a function begins.
struct Code {
    text: Vec<u8>,
    start: u32,
    function: u32,
}

impl Code {
    fn read(program: &Path, function: &str) -> Result<Self> {
        let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
        let file = ElfBytes::<LittleEndian>::minimal_parse(&bytes)?;
        let text = file.section_header_by_name(".text")?.context("the program has no code")?;
        let (symbols, names) = file.symbol_table()?.context("the program has no symbols")?;
        let program = program.file_name().context("a program has a name")?.to_string_lossy().into_owned();
        // The mangled name: lengths before names, and a hash at the end.
        let wanted = format!("{}{program}{}{function}17h", program.len(), function.len());
        let mut found = symbols.iter().filter(|symbol| {
            symbol.st_symtype() == STT_FUNC && names.get(symbol.st_name as usize).is_ok_and(|n| n.contains(&wanted))
        });
        let function = found.next().with_context(|| format!("{program} has no function {function}"))?;
        ensure!(found.next().is_none(), "{program} has several functions of that name");
        let start = text.sh_addr as u32;
        Ok(Code { text: file.section_data(&text)?.0.to_vec(), start, function: (function.st_value & !1) as u32 })
    }

    fn instruction(&self, at: u32) -> Option<Instruction> {
        let at = at.checked_sub(self.start)? as usize;
        let half = |at: usize| Some(u16::from_le_bytes(self.text.get(at..at + 2)?.try_into().ok()?));
        let first = half(at)?;
        Some(if first >> 11 < 0b11101 { Instruction::Short(first) } else { Instruction::Long(first, half(at + 2)?) })
    }
}

/// An instruction of Thumb, of 16 or 32 bits.
#[derive(Clone, Copy)]
enum Instruction {
    Short(u16),
    Long(u16, u16),
}

impl Instruction {
    fn bytes(self) -> u32 {
        match self {
            Instruction::Short(_) => 2,
            Instruction::Long(..) => 4,
        }
    }

    /// `ldr` or `str`, of the core.
    fn is_single_transfer(self) -> bool {
        match self {
            Instruction::Short(half) => matches!(half >> 11, 0b01001..=0b10011),
            Instruction::Long(first, _) => first & 0xfe00 == 0xf800,
        }
    }

    /// The cycles if it does not jump.
    fn cycles(self, after_single: bool) -> u32 {
        match self {
            Instruction::Short(half) => match half >> 9 {
                // push and pop, with the return address or without.
                0b1011010 | 0b1011110 => 1 + (half & 0x1ff).count_ones(),
                _ if half >> 12 == 0b1100 => 1 + (half & 0xff).count_ones(),
                _ if self.is_single_transfer() => transfer(self.loads(), after_single),
                _ => 1,
            },
            Instruction::Long(first, second) => match first {
                _ if first >> 10 == 0b111011 && second >> 9 & 7 == 0b101 => floating(first, second),
                _ if first & 0xfe40 == 0xe800 => 1 + second.count_ones(),
                // ldrd and strd; with neither bit a table branch or exclusive access.
                _ if first & 0xfe40 == 0xe840 => 3,
                _ if first & 0xfe00 == 0xf800 => transfer(self.loads(), after_single),
                _ if first & 0xffd0 == 0xfb90 => 12,
                _ => 1,
            },
        }
    }

    fn loads(self) -> bool {
        match self {
            Instruction::Short(half) => match half >> 12 {
                0b0100 => true,
                0b0101 => half >> 9 & 7 >= 3,
                _ => half >> 11 & 1 == 1,
            },
            Instruction::Long(first, _) => first >> 4 & 1 == 1,
        }
    }
}

fn transfer(loads: bool, after_single: bool) -> u32 {
    if loads && !after_single { 2 } else { 1 }
}

/// An instruction of the FPU.
fn floating(first: u16, second: u16) -> u32 {
    if first >> 9 & 1 == 0 {
        let (before, writes_back) = (first >> 8 & 1, first >> 5 & 1);
        return match () {
            () if first & 0xffe0 == 0xec40 => 2,
            () if before == 1 && writes_back == 0 => 2,
            () => 1 + u32::from(second & 0xff),
        };
    }
    if second >> 4 & 1 == 1 {
        return 1;
    }
    match (first >> 7 & 1, first >> 4 & 3) {
        (0, 0 | 1) | (1, 1 | 2) => 3,
        (1, 0) => 14,
        (1, 3) if first & 0xf == 1 && second >> 6 & 3 == 3 => 14,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_weigh_what_the_table_says() {
        for (first, second, expected) in [
            (0xecb0, 0x0a08, 9),  // vldmia r0!, {s0-s7}
            (0xed2d, 0x8b06, 7),  // vpush {d8-d10}
            (0xed90, 0x0a00, 2),  // vldr s0, [r0]
            (0xec41, 0x0b10, 2),  // vmov d0, r0, r1
            (0xee20, 0x0a01, 1),  // vmul.f32 s0, s0, s2
            (0xee30, 0x0a01, 1),  // vadd.f32 s0, s0, s2
            (0xee00, 0x0a01, 3),  // vmla.f32 s0, s0, s2
            (0xeea0, 0x0a01, 3),  // vfma.f32 s0, s0, s2
            (0xee80, 0x0a01, 14), // vdiv.f32 s0, s0, s2
            (0xeeb1, 0x0ac0, 14), // vsqrt.f32 s0, s0
            (0xeeb0, 0x0ac0, 1),  // vabs.f32 s0, s0
            (0xeef1, 0xfa10, 1),  // vmrs APSR_nzcv, fpscr
            (0xe92d, 0x0ff0, 9),  // stmdb sp!, {r4-r11}
            (0xe9d0, 0x1202, 3),  // ldrd r1, r2, [r0, #8]
            (0xf8d0, 0x1000, 2),  // ldr.w r1, [r0]
            (0xf8c0, 0x1000, 1),  // str.w r1, [r0]
            (0xfbb0, 0xf0f1, 12), // udiv r0, r0, r1
            (0xeb00, 0x0001, 1),  // add.w r0, r0, r1
        ] {
            assert_eq!(Instruction::Long(first, second).cycles(false), expected, "{first:04x} {second:04x}");
        }
        for (half, expected) in [
            (0xb5f0, 6), // push {r4-r7, lr}
            (0xbdf0, 6), // pop {r4-r7, pc}
            (0xc807, 4), // ldmia r0!, {r0-r2}
            (0x6801, 2), // ldr r1, [r0]
            (0x6001, 1), // str r1, [r0]
            (0x4801, 2), // ldr r0, [pc, #4]
            (0x4770, 1), // bx lr
            (0x1840, 1), // adds r0, r0, r1
        ] {
            assert_eq!(Instruction::Short(half).cycles(false), expected, "{half:04x}");
        }
        assert_eq!(Instruction::Short(0x6801).cycles(true), 1);
    }
}
