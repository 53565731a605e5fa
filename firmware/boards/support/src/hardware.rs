//! Boards of real hardware: the log over RTT, a sensor's bus that cannot hang, a buffered serial port, the watchdog.

mod bus;
mod port;

pub use bus::{Bus, LIMIT, Wires, within};
pub use port::Blocking;

use cortex_m::Peripherals;
use cortex_m::peripheral::scb::SystemHandler;
use defmt_rtt as _;
use embassy_time::Duration;
use panic_probe as _;

/// The watchdog's time limit: it restarts the device if an iteration of the main loop takes longer. The longest erase, of two sectors of
/// an STM32F411, takes 4 s; the longest time that an RP2040's watchdog can count is 8.3 s.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Logs it if the watchdog restarted the device.
pub fn log_restart(by_watchdog: bool) {
    if by_watchdog {
        defmt::warn!("restarted by the watchdog: the main loop had not come round for {} s", PATIENCE.as_secs());
    }
}

/// Starts SysTick's interrupt at `rate` Hz, which reads the sensor, at the lowest priority: a UART without a FIFO loses a byte that is
/// not fetched within 87 us, and reading the sensor takes longer. `clock` is the core's frequency in Hz.
pub fn start(core: &mut Peripherals, clock: u32, rate: u32) {
    // SAFETY: no critical section depends on priorities.
    unsafe { core.SCB.set_priority(SystemHandler::SysTick, u8::MAX) };
    crate::sampling::start(&mut core.SYST, clock, rate);
}
