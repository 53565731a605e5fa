//! The script on a Cortex-M, with SysTick as its timer.

use cortex_m::Peripherals;
use cortex_m_rt::exception;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use gradient_decay::Store;
use gradient_decay_app::gestures::Learner;
use gradient_decay_app::gestures::display::Display;
use gradient_decay_app::gestures::sampling::RATE;

use super::{exit_failure, exit_success};
use crate::simulated::{self, Sensor};

/// Runs the script and ends QEMU. `clock` is SysTick's in Hz.
pub fn run<F: NorFlash>(
    clock: u32,
    learner: &mut Learner,
    store: Store<F>,
    display: impl Display,
    port: &mut (impl Read + ReadReady + Write),
) -> ! {
    let mut core = defmt::unwrap!(Peripherals::take());
    let start = || crate::sampling::start(&mut core.SYST, clock, RATE);
    // Each instruction takes 64 ns under `-icount shift=6`.
    let to_instructions = |ticks| (u64::from(ticks) * 1_000_000_000 / (u64::from(clock) * 64)) as u32;
    if simulated::run(learner, store, display, port, start, cortex_m::asm::wfi, to_instructions) {
        exit_success()
    }
    defmt::error!("what was saved is not what was learned");
    exit_failure()
}

#[exception]
fn SysTick() {
    static mut SENSOR: Sensor = None;
    simulated::sample(SENSOR);
}

/// A fault ends the run too, instead of an endless loop.
#[exception]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("hard fault at {:08x}", frame.pc());
    exit_failure()
}
