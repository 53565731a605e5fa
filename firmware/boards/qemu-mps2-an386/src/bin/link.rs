//! The trained head of the digits behind UART0: a host streams features, and reads, replaces or trains the head.
#![no_std]
#![no_main]

use board_support::qemu::mps2;
use cortex_m_rt::entry;
use gradient_decay::Readout;
use gradient_decay_app::digits::{CLASSES, FEATURES, Head, TUNER, trained_head};
use gradient_decay_app::learner::{self, FloatLearner};
use gradient_decay_app::link::Server;
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<FloatLearner<CLASSES, FEATURES>> =
    ConstStaticCell::new(learner::float(trained_head(), Readout::new()));
static SERVER: ConstStaticCell<Server<CLASSES, FEATURES, { Head::PARAMETERS }>> = ConstStaticCell::new(Server::new());

#[entry]
fn main() -> ! {
    let (learner, server, mut port) = (LEARNER.take(), SERVER.take(), mps2::Uart::open());
    defmt::info!("a head of {} features and {} classes listens", FEATURES, CLASSES);
    loop {
        // There is no flash to save to.
        server.poll(&mut port, learner, &TUNER, |_| false);
    }
}
