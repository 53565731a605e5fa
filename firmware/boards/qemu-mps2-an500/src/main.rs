//! The gesture learner on QEMU's `mps2-an500`, its accelerometer and its buttons simulated.
#![no_std]
#![no_main]

use board_support::qemu::{self, mps2};
use board_support::simulated::{new_learner, store};
use gradient_decay_app::gestures::display::Blink;

#[cortex_m_rt::entry]
fn main() -> ! {
    qemu::run(mps2::CLOCK, new_learner(), store(), Blink::new(mps2::Lamp), &mut mps2::Uart::open())
}
