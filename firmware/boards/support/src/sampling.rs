//! Sampling by a timer's interrupt: on Cortex-M cores SysTick, which all of them have.

use embedded_hal::i2c::I2c;
use gradient_decay_app::gestures::sampling::Sampler;

use crate::Handover;

/// Starts SysTick's interrupt at `rate` Hz. `clock` is the core's frequency in Hz, at most 2^24 times the rate.
#[cfg(target_arch = "arm")]
pub fn start(syst: &mut cortex_m::peripheral::SYST, clock: u32, rate: u32) {
    syst.set_clock_source(cortex_m::peripheral::syst::SystClkSource::Core);
    syst.set_reload(clock / rate - 1);
    syst.clear_current();
    syst.enable_counter();
    syst.enable_interrupt();
}

/// The work of the timer's interrupt: takes a sample with its own sampler, which it first takes from `handover`.
pub fn sample<I: I2c>(own: &mut Option<Sampler<'static, I>>, handover: &Handover<Sampler<'static, I>>)
where
    Sampler<'static, I>: Send,
{
    if own.is_none() {
        *own = handover.take();
    }
    if let Some(sampler) = own {
        sampler.sample();
    }
}
