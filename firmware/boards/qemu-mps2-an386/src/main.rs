//! The gesture learner on QEMU's `mps2-an386`, its accelerometer and its buttons simulated.
#![no_std]
#![no_main]

use board_support::qemu::{self, mps2};
use cortex_m::Peripherals;
use gradient_decay_app::gestures::display::Blink;
use gradient_decay_app::gestures::float_learner;

#[cortex_m_rt::entry]
fn main() -> ! {
    let core = defmt::unwrap!(Peripherals::take());
    let (lamp, mut port) = (Blink::new(mps2::Lamp), mps2::Uart::open());
    if qemu::run(core.SYST, mps2::CLOCK, float_learner, lamp, &mut port) {
        qemu::exit_success()
    }
    defmt::error!("what was saved is not what was learned");
    qemu::exit_failure()
}
