//! QEMU's machines: the way out, the gesture learner on simulated hardware, and how long interrupts are off.

mod gestures;
mod interrupts;
pub mod mps2;
mod nothing;

pub use gestures::run;
pub use interrupts::longest;
pub use nothing::Nothing;

use defmt_semihosting as _;

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
