//! The board: a lamp, the way out.

use core::convert::Infallible;

// The critical section that defmt logs in.
use cortex_m as _;
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
