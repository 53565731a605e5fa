//! The counter of instructions and the stack pointer on RISC-V.

use core::arch::asm;
use core::hint::black_box;

/// Nanoseconds of virtual time that an instruction takes under `-icount shift=6`, which QEMU shows as cycles.
const CYCLES: u32 = 1 << 6;

/// Counts executed instructions, under QEMU's `-icount shift=6`.
pub struct InstructionCounter {
    /// The count of nothing, to subtract.
    overhead: u32,
}

impl InstructionCounter {
    /// The counter; there is always one.
    pub fn new() -> Option<Self> {
        let mut counter = InstructionCounter { overhead: 0 };
        counter.overhead = counter.count(|| ()).1;
        Some(counter)
    }

    /// Runs `work` and counts its instructions, at most 67 million.
    #[inline(never)]
    pub fn count<T>(&mut self, work: impl FnOnce() -> T) -> (T, u32) {
        let start = cycles();
        let result = black_box(work());
        let count = cycles().wrapping_sub(start) / CYCLES;
        (result, count.saturating_sub(self.overhead))
    }
}

/// The lower half of the cycle counter.
fn cycles() -> u32 {
    let cycles;
    // SAFETY: a register is read.
    unsafe { asm!("csrr {}, mcycle", out(reg) cycles, options(nomem, nostack)) };
    cycles
}

/// The stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> u32 {
    let sp;
    // SAFETY: a register is read.
    unsafe { asm!("mv {}, sp", out(reg) sp, options(nomem, nostack)) };
    sp
}
