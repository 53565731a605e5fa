//! QEMU's machines: ending the program, and stand-ins for missing hardware.

#[cfg(target_arch = "arm")]
mod cortex_m;
pub mod mps2;
mod nothing;

#[cfg(target_arch = "arm")]
pub use cortex_m::run;
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

/// Called by defmt's `unwrap!` and failed assertions, after it has printed the message.
#[defmt::panic_handler]
fn defmt_panic() -> ! {
    exit_failure()
}
