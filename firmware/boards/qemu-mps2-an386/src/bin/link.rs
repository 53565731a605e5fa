//! The trained head of the digits behind UART0: a host streams features, and reads, replaces or trains the head.
#![no_std]
#![no_main]

use board_support::qemu::mps2;
use cortex_m_rt::entry;
use gradient_decay::Readout;
use gradient_decay_app::digits::{CLASSES, FEATURES, Head, TUNER, trained_head};
use gradient_decay_app::learner::{Classifier, FloatLearner};
use gradient_decay_app::link::Server;
use static_cell::ConstStaticCell;

type Learner = FloatLearner<CLASSES, FEATURES>;

static CLASSIFIER: ConstStaticCell<Classifier<Learner, CLASSES, FEATURES>> =
    ConstStaticCell::new(Classifier::new(Learner::new(TUNER, trained_head()), Readout::new()));
static SERVER: ConstStaticCell<Server<CLASSES, FEATURES, { Head::PARAMETERS }>> = ConstStaticCell::new(Server::new());

#[entry]
fn main() -> ! {
    let (classifier, server, mut port) = (CLASSIFIER.take(), SERVER.take(), mps2::Uart::open());
    defmt::info!("a head of {} features and {} classes listens", FEATURES, CLASSES);
    loop {
        // There is no flash to save to.
        server.poll(&mut port, classifier, |_| false);
    }
}
