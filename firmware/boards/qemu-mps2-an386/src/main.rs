//! The gesture learner on QEMU's `mps2-an386`, its accelerometer and its buttons simulated.
#![no_std]
#![no_main]

use board_support::qemu::{self, mps2};
use gradient_decay_app::gestures::display::Blink;
use gradient_decay_app::gestures::{FLOAT_TUNER, FloatLearner, float_learner};
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<FloatLearner> = ConstStaticCell::new(float_learner());

#[cortex_m_rt::entry]
fn main() -> ! {
    qemu::run(mps2::CLOCK, LEARNER.take(), &FLOAT_TUNER, Blink::new(mps2::Lamp), &mut mps2::Uart::open())
}
