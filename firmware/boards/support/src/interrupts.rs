//! A critical section that measures the longest time for which it turns interrupts off. For a single core.

use core::sync::atomic::{AtomicU32, Ordering};

use critical_section::{Impl, RawRestoreState, set_impl};

struct Measured;

set_impl!(Measured);

/// The counter when interrupts were turned off, and the longest time until they were turned on again.
static BEGUN: AtomicU32 = AtomicU32::new(0);
static LONGEST: AtomicU32 = AtomicU32::new(0);

/// The longest time for which interrupts were off so far, in ticks of the counter. On these boards only critical sections disable them, and
/// only the outermost section counts.
pub fn longest() -> u32 {
    LONGEST.load(Ordering::Relaxed)
}

// SAFETY: interrupts are disabled between `acquire` and the outermost `release`, and there is one core.
unsafe impl Impl for Measured {
    unsafe fn acquire() -> RawRestoreState {
        let were_on = core_specific::disable();
        if were_on {
            BEGUN.store(core_specific::count(), Ordering::Relaxed);
        }
        were_on
    }

    unsafe fn release(were_on: RawRestoreState) {
        if were_on {
            let passed = core_specific::passed(BEGUN.load(Ordering::Relaxed), core_specific::count());
            if passed > LONGEST.load(Ordering::Relaxed) {
                LONGEST.store(passed, Ordering::Relaxed);
            }
            // SAFETY: this ends the outermost critical section.
            unsafe { core_specific::enable() };
        }
    }
}

#[cfg(target_arch = "arm")]
mod core_specific {
    use cortex_m::peripheral::SYST;

    /// Disables interrupts; whether they were enabled.
    pub fn disable() -> bool {
        let were_on = cortex_m::register::primask::read().is_active();
        cortex_m::interrupt::disable();
        were_on
    }

    pub use cortex_m::interrupt::enable;

    /// SysTick, which counts down and restarts from its reload value.
    pub fn count() -> u32 {
        SYST::get_current()
    }

    pub fn passed(begun: u32, now: u32) -> u32 {
        if begun >= now { begun - now } else { begun + SYST::get_reload() + 1 - now }
    }
}

#[cfg(target_arch = "riscv32")]
mod core_specific {
    use riscv::register::{mcycle, mstatus};

    /// Disables interrupts; whether they were enabled.
    pub fn disable() -> bool {
        let were_on = mstatus::read().mie();
        riscv::interrupt::disable();
        were_on
    }

    pub use riscv::interrupt::enable;

    /// The lower half of the cycle counter, which counts nanoseconds in QEMU.
    pub fn count() -> u32 {
        mcycle::read() as u32
    }

    pub fn passed(begun: u32, now: u32) -> u32 {
        now.wrapping_sub(begun)
    }
}
