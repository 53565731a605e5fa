//! The counter of instructions and the stack pointer on Cortex-M.

use core::hint::black_box;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SYST};

/// Nanoseconds of virtual time that a tick of SysTick takes, doubled: the clock has 16 MHz on the micro:bit, 20 MHz on AN505,
/// 25 MHz on AN385, AN386 and AN500.
const HALF_NANOSECONDS: u64 = match env!("BENCH_TARGET").as_bytes() {
    b"thumbv6m-none-eabi" => 125,
    b"thumbv8m.main-none-eabihf" => 100,
    _ => 80,
};
/// The same for an instruction under `-icount shift=6`.
const HALF_NANOSECONDS_PER_INSTRUCTION: u64 = 2 << 6;

/// Counts executed instructions by SysTick, exactly, under QEMU's `-icount shift=6`. On real hardware the same code would
/// count clock ticks, which is something else.
pub struct InstructionCounter {
    syst: SYST,
    /// The count of nothing, to subtract.
    overhead: u32,
}

impl InstructionCounter {
    /// The counter; `None` if it was taken before.
    pub fn new() -> Option<Self> {
        let mut syst = Peripherals::take()?.SYST;
        syst.set_clock_source(SystClkSource::Core);
        // The counter has 24 bits: it wraps after 10 million instructions.
        syst.set_reload(0x00ff_ffff);
        syst.clear_current();
        syst.enable_counter();
        let mut counter = InstructionCounter { syst, overhead: 0 };
        counter.overhead = counter.count(|| ()).1;
        Some(counter)
    }

    /// Runs `work` and counts its instructions, to within one.
    #[inline(never)]
    pub fn count<T>(&mut self, work: impl FnOnce() -> T) -> (T, u32) {
        self.syst.clear_current();
        // The counter reloads at the tick after it was cleared.
        while SYST::get_current() == 0 {}
        let start = SYST::get_current();
        let result = black_box(work());
        let ticks = start.wrapping_sub(SYST::get_current()) & 0x00ff_ffff;
        let half_nanoseconds = u64::from(ticks) * HALF_NANOSECONDS;
        let half = HALF_NANOSECONDS_PER_INSTRUCTION / 2;
        let instructions = (half_nanoseconds + half) / HALF_NANOSECONDS_PER_INSTRUCTION;
        (result, (instructions as u32).saturating_sub(self.overhead))
    }
}

/// The stack pointer.
pub(crate) fn stack_pointer() -> u32 {
    cortex_m::register::msp::read()
}

/// A fault ends the run as well, in place of an endless loop.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::println!("hard fault at {:08x}", frame.pc());
    semihosting::process::exit(1)
}
