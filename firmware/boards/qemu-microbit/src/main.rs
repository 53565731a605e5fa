//! The gesture learner in integers on QEMU's `microbit`, a Cortex-M0, its hardware simulated.
#![no_std]
#![no_main]

use board_support::qemu::{self, Nothing};
use gradient_decay_app::gestures::fixed_learner;

/// The frequency of SysTick in Hz.
const CLOCK: u32 = 16_000_000;

#[cortex_m_rt::entry]
fn main() -> ! {
    qemu::run(CLOCK, fixed_learner(), Nothing, &mut Nothing)
}
