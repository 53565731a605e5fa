//! The common part of the boards: the log, the sampling by SysTick, what real hardware needs, and QEMU's machines.
#![no_std]

mod handover;
#[cfg(feature = "hardware")]
pub mod hardware;
#[cfg(feature = "qemu")]
mod interrupts;
#[cfg(feature = "qemu")]
pub mod qemu;
mod sampling;
#[cfg(feature = "qemu")]
pub mod simulated;

pub use handover::Handover;
pub use sampling::sample;

use embedded_hal::digital::InputPin;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use gradient_decay_app::gestures::display::Display;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::{App, Event, GESTURES, PARAMETERS};

/// The end of the link that answers a host.
pub type Server = gradient_decay_app::link::Server<GESTURES, FEATURES, PARAMETERS>;

/// Logs an event.
pub fn log(event: Event) {
    match event {
        Event::Fault(fault) => defmt::warn!("{}", fault),
        event => defmt::info!("{}", event),
    }
}

/// The endless main loop; `feed` feeds the watchdog. It does not sleep, so that no byte of a host is missed; a device without a host
/// could wait for interrupts here.
pub fn run<Label, Save, D, F>(
    mut app: App<'_, Label, Save, D, F>,
    server: &mut Server,
    mut port: impl Read + ReadReady + Write,
    mut feed: impl FnMut(),
) -> !
where
    Label: InputPin,
    Save: InputPin,
    D: Display,
    F: NorFlash,
{
    loop {
        feed();
        while app.poll(&mut log) {}
        app.serve(server, &mut port, &mut log);
    }
}
