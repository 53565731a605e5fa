//! The gesture learner in integers on QEMU's `microbit`, a Cortex-M0, its hardware simulated.
#![no_std]
#![no_main]

use board_support::qemu::{self, Nothing};
use gradient_decay_app::gestures::{FIXED_TUNER, FixedLearner, fixed_learner};
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<FixedLearner> = ConstStaticCell::new(fixed_learner());

/// The frequency of SysTick in Hz.
const CLOCK: u32 = 16_000_000;

#[cortex_m_rt::entry]
fn main() -> ! {
    qemu::run(CLOCK, LEARNER.take(), &FIXED_TUNER, Nothing, &mut Nothing)
}
