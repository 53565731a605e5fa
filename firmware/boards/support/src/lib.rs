//! What several boards share: the log, the handing over of the sampler to its interrupt, a serial port of two halves, and QEMU's
//! machines.
#![no_std]

mod handover;
mod port;

#[cfg(feature = "qemu")]
pub mod qemu;

pub use handover::Handover;
pub use port::Port;

use gradient_decay_app::gestures::Event;

/// Logs what the device has to say.
pub fn log(event: Event) {
    match event {
        Event::Fault(fault) => defmt::warn!("{}", fault),
        event => defmt::info!("{}", event),
    }
}
