//! The gesture learner on simulated hardware, going through a script. A board gives it a timer's interrupt, and ways to wait and to
//! show.

use defmt::{info, println};
use embedded_io::{Read, ReadReady, Write};
use gradient_decay::{Readout, State, Store, store};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Display;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, GESTURES, Head, Parts};
use gradient_decay_app::learner::Learner;
use gradient_decay_app::simulation::script::{Exam, Finger, OUTAGES, SCRIPT};
use gradient_decay_app::simulation::{Accelerometer, Flash, PAGE};
use static_cell::ConstStaticCell;

use crate::interrupts::longest;
use crate::{Handover, Server, log};

static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static SAMPLER: Handover<Sampler<'static, Accelerometer<'static>>> = Handover::new();

/// A head takes nearly a page, so that three are the least.
const PAGES: usize = 3;

/// What the timer's interrupt owns.
pub type Sensor = Option<Sampler<'static, Accelerometer<'static>>>;

/// What the timer's interrupt does.
pub fn sample(sensor: &mut Sensor) {
    crate::sample(sensor, &SAMPLER);
}

/// Runs the script; then reads what was saved, and tells whether it is what was learned. `start` starts the interrupt, `wait` waits
/// for it, `to_instructions` makes instructions of the counter's ticks.
pub fn run<L: Learner<GESTURES, FEATURES>>(
    learner: L,
    display: impl Display,
    port: &mut (impl Read + ReadReady + Write),
    start: impl FnOnce(),
    wait: impl Fn(),
    to_instructions: impl Fn(u32) -> u32,
) -> bool {
    let (producer, readings) = READINGS.take().split();
    SAMPLER.leave(Sampler::new(Accelerometer::new(&SCRIPT, &OUTAGES), producer, &mut NoDelay));
    let open = |flash| defmt::unwrap!(Store::new(flash, 0..(PAGES * PAGE) as u32).ok());
    let parts = Parts {
        readings,
        label: Button::active_low(Finger::label(&SCRIPT)),
        save: Button::active_low(Finger::save(&SCRIPT)),
        display,
        store: open(Flash::<PAGES>::new()),
        learner,
    };
    let server = SERVER.take();
    let mut app = App::new(parts, &mut log);
    let mut exam = Exam::new(&SCRIPT);
    start();
    let result = 'script: loop {
        while app.poll(&mut log) {
            if let Some(result) = exam.reading(app.answer()) {
                break 'script result;
            }
        }
        app.serve(server, port, &mut log);
        wait();
    };
    // With DEFMT_LOG=error nothing is logged before this, so that it is what remains without a log.
    println!("interrupts were off for {} instructions at most", to_instructions(longest()));
    info!("{}", result);

    // The lessons came before the save, so that nothing was learned since.
    let learned = app.classifier().learner().head();
    let mut parameters = [0.0; Head::PARAMETERS];
    defmt::unwrap!(learned.export(&mut parameters).ok());
    info!("head crc: {:08x}", checksum::of_floats(&parameters));
    let mut saved = Head::new();
    let mut buffer = [0; store::buffer_size(GESTURES, FEATURES, false)];
    let mut store = open(app.into_store().into_flash());
    store.load(&mut saved, &mut State::new(), &mut Readout::new(), &mut buffer) == Ok(true) && saved == learned
}

/// The simulated sensor needs no time.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _ns: u32) {}
}
