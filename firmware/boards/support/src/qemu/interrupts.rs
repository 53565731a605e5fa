//! A critical section that measures itself: how long interrupts are off at most.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::register::primask;
use critical_section::{Impl, RawRestoreState, set_impl};

struct Measured;

set_impl!(Measured);

/// SysTick's value when interrupts went off, and the most that passed until they came back.
static BEGUN: AtomicU32 = AtomicU32::new(0);
static LONGEST: AtomicU32 = AtomicU32::new(0);

/// The longest time that interrupts were off so far, in ticks of SysTick, which must run. Nothing on these boards disables them but
/// critical sections; of these only the outermost counts.
pub fn longest() -> u32 {
    LONGEST.load(Ordering::Relaxed)
}

// SAFETY: interrupts are disabled between `acquire` and the outermost `release`, and there is one core.
unsafe impl Impl for Measured {
    unsafe fn acquire() -> RawRestoreState {
        let were_on = primask::read().is_active();
        cortex_m::interrupt::disable();
        if were_on {
            BEGUN.store(SYST::get_current(), Ordering::Relaxed);
        }
        were_on
    }

    unsafe fn release(were_on: RawRestoreState) {
        if were_on {
            let (begun, now) = (BEGUN.load(Ordering::Relaxed), SYST::get_current());
            // It counts down, and begins anew from its reload value.
            let passed = if begun >= now { begun - now } else { begun + SYST::get_reload() + 1 - now };
            if passed > LONGEST.load(Ordering::Relaxed) {
                LONGEST.store(passed, Ordering::Relaxed);
            }
            // SAFETY: this ends the outermost critical section.
            unsafe { cortex_m::interrupt::enable() };
        }
    }
}
