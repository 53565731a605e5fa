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

/// The time in which the main loop must have come round, or the watchdog restarts the device. The longest erase, of two sectors of
/// an STM32F411, takes 4 s; the longest that an RP2040 can count is 8.3 s.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Logs why the device started, if the watchdog had restarted it.
pub fn log_restart(by_watchdog: bool) {
    if by_watchdog {
        defmt::warn!("restarted by the watchdog: the main loop had not come round for {} s", PATIENCE.as_secs());
    }
}

/// Starts SysTick's interrupt at `rate` Hz, where the sensor is read, below all others: a UART without a FIFO loses a byte that is
/// not fetched within 87 us, and the reading takes longer. `clock` is the core's frequency in Hz.
pub fn start(core: &mut Peripherals, clock: u32, rate: u32) {
    // SAFETY: no critical section is by priority.
    unsafe { core.SCB.set_priority(SystemHandler::SysTick, u8::MAX) };
    crate::sampling::start(&mut core.SYST, clock, rate);
}
