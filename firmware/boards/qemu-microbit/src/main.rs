//! The gesture learner on QEMU's `microbit`, a Cortex-M0 without an FPU: its sensor and its buttons simulated, its flash that of the
//! nRF51822, which QEMU has.
#![no_std]
#![no_main]

mod nvmc;

use board_support::qemu::{self, Nothing};
use board_support::simulated::new_learner;
use defmt::unwrap;
use gradient_decay::Store;
use gradient_decay_app::gestures::SAVED_BYTES;
use nvmc::Nvmc;

/// The frequency of SysTick in Hz.
const CLOCK: u32 = 16_000_000;

/// The last 24 of the 256 kB of flash, which memory.x keeps free.
const STORE: core::ops::Range<u32> = 232 * 1024..256 * 1024;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut store = unwrap!(Store::new(Nvmc, STORE, SAVED_BYTES).ok());
    // QEMU's flash is all zeros at first; a chip's is erased.
    unwrap!(store.forget().ok());
    qemu::run(CLOCK, new_learner(), store, Nothing, &mut Nothing)
}
