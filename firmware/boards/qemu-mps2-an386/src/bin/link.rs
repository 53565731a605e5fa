//! The trained head of the digits behind UART0: a host streams features, and reads, replaces or trains the head.
#![no_std]
#![no_main]

use board_support::qemu::mps2;
use cortex_m_rt::entry;
use gradient_decay::Readout;
use gradient_decay_app::digits::{CLASSES, FEATURES, Head, TUNER, trained_head};
use gradient_decay_app::learner::LinearDevice;
use gradient_decay_app::link::{Beside, Means, Server};
use static_cell::ConstStaticCell;

static DEVICE: ConstStaticCell<LinearDevice<CLASSES, FEATURES>> =
    ConstStaticCell::new(LinearDevice::new(trained_head(), Readout::new(), TUNER));
/// It is no person's: whoever opens the port may replace the head.
static SERVER: ConstStaticCell<Server<CLASSES, FEATURES, { Head::PARAMETERS }>> =
    ConstStaticCell::new(Server::consenting());

#[entry]
fn main() -> ! {
    let (device, server, mut port) = (DEVICE.take(), SERVER.take(), mps2::Uart::open());
    defmt::info!("a head of {} features and {} classes listens", FEATURES, CLASSES);
    loop {
        // There is no flash to save to.
        server.poll(&mut port, device, Beside::nothing(Err(Means::Firmware)), |_, _| false);
    }
}
