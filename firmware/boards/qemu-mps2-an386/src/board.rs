//! The board: a lamp, a counter of instructions, the way out.

use core::convert::Infallible;
use core::hint::black_box;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SYST};
use defmt_semihosting as _;
use embedded_hal::digital::{ErrorType, OutputPin};

/// The register of the two user LEDs, in the FPGA system control block (Arm AN386).
const FPGAIO_LED0: *mut u32 = 0x4002_8000 as *mut u32;

/// The first user LED.
pub struct Lamp;

impl ErrorType for Lamp {
    type Error = Infallible;
}

impl OutputPin for Lamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // SAFETY: the register exists on this board, and nothing else writes it.
        unsafe { FPGAIO_LED0.write_volatile(FPGAIO_LED0.read_volatile() & !1) };
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        // SAFETY: as above.
        unsafe { FPGAIO_LED0.write_volatile(FPGAIO_LED0.read_volatile() | 1) };
        Ok(())
    }
}

/// Whether the first user LED is lit, as the register has it.
pub fn lamp_is_lit() -> bool {
    // SAFETY: reading the register has no effect.
    unsafe { FPGAIO_LED0.read_volatile() & 1 == 1 }
}

/// Counts executed instructions by SysTick, exactly, under `-icount shift=6`: 64 ns of virtual time an instruction, 40
/// ns a tick of the 25 MHz clock. On real hardware the same code would count clock ticks, which is something else.
pub struct InstructionCounter {
    syst: SYST,
    /// What a count of nothing comes to.
    overhead: u32,
}

impl InstructionCounter {
    /// The counter; `None` if it was taken before.
    pub fn new() -> Option<Self> {
        let mut syst = Peripherals::take()?.SYST;
        syst.set_clock_source(SystClkSource::Core);
        // The counter has 24 bits: it wraps after 10.4 million instructions.
        syst.set_reload(0x00ff_ffff);
        syst.clear_current();
        syst.enable_counter();
        let mut counter = InstructionCounter { syst, overhead: 0 };
        let ((), overhead) = counter.count(|| ());
        counter.overhead = overhead;
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
        let instructions = (ticks * 40 + 32) >> 6;
        (result, instructions.saturating_sub(self.overhead))
    }
}

/// Ends QEMU with exit code 0.
pub fn exit_success() -> ! {
    semihosting::process::exit(0)
}

/// Ends QEMU with exit code 1.
pub fn exit_failure() -> ! {
    semihosting::process::exit(1)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    exit_failure()
}

/// `unwrap!` and failed assertions of defmt, which has printed the message.
#[defmt::panic_handler]
fn defmt_panic() -> ! {
    exit_failure()
}

/// A fault ends the run as well, in place of an endless loop.
#[cortex_m_rt::exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("hard fault at {:08x}", frame.pc());
    exit_failure()
}
