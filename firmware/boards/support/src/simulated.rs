//! The gesture learner on simulated hardware, going through a script. A board gives it a timer's interrupt, and ways to wait and to
//! show.

use defmt::{info, println};
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use gradient_decay::{Contents, Store, checkpoint};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Display;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, Learner, PARAMETERS, Parts, SAVED_BYTES, learner};
use gradient_decay_app::link::Served;
use gradient_decay_app::simulation::script::{Exam, Finger, OUTAGES, SCRIPT};
use gradient_decay_app::simulation::{Accelerometer, BoardFlash};
use static_cell::ConstStaticCell;

use crate::interrupts::longest;
use crate::{Handover, Server, log};

static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static LEARNER: ConstStaticCell<Learner> = ConstStaticCell::new(learner());
static FLASH: ConstStaticCell<BoardFlash> = ConstStaticCell::new(BoardFlash::new());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static SAMPLER: Handover<Sampler<'static, Accelerometer<'static>>> = Handover::new();

/// The sampler, which the timer's interrupt owns.
pub type Sensor = Option<Sampler<'static, Accelerometer<'static>>>;

/// The work of the timer's interrupt.
pub fn sample(sensor: &mut Sensor) {
    crate::sample(sensor, &SAMPLER);
}

/// The learner, which knows nothing.
pub fn new_learner() -> &'static mut Learner {
    LEARNER.take()
}

/// A store in a flash that is simulated in RAM.
pub fn store() -> Store<&'static mut BoardFlash> {
    defmt::unwrap!(Store::new(FLASH.take(), 0..BoardFlash::BYTES as u32, SAVED_BYTES).ok())
}

/// Runs the script; then reads what was saved, and tells whether it is what was learned. `start` starts the interrupt, `wait` waits
/// for it, `to_instructions` makes instructions of the counter's ticks.
pub fn run<F: NorFlash>(
    learner: &mut Learner,
    store: Store<F>,
    display: impl Display,
    port: &mut (impl Read + ReadReady + Write),
    start: impl FnOnce(),
    wait: impl Fn(),
    to_instructions: impl Fn(u32) -> u32,
) -> bool {
    let (producer, readings) = READINGS.take().split();
    SAMPLER.leave(Sampler::new(Accelerometer::new(&SCRIPT, &OUTAGES), producer, &mut NoDelay));
    let buffer = BUFFER.take();
    let parts = Parts {
        readings,
        label: Button::active_low(Finger::label(&SCRIPT)),
        save: Button::active_low(Finger::save(&SCRIPT)),
        display,
        store,
        learner: &mut *learner,
        buffer: &mut *buffer,
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

    let mut store = app.into_store();
    let mut parameters = [0.0; PARAMETERS];
    defmt::unwrap!(learner.export(&mut parameters).ok());
    info!("head crc: {:08x}", checksum::of_floats(&parameters));
    // The lessons came before the save, so that nothing was learned since: what is loaded into an empty learner is all of this one.
    let learned = crc(learner, buffer);
    defmt::unwrap!(learner.import(&[0.0; PARAMETERS], 0).ok());
    crc(learner, buffer) != learned
        && matches!(store.load(learner, buffer), Ok(true))
        && crc(learner, buffer) == learned
}

/// The CRC of all that is saved of a learner, but for that at its end: over both, every checkpoint has the same.
fn crc(learner: &Learner, buffer: &mut Buffer) -> u32 {
    let length = defmt::unwrap!(checkpoint::write(learner, Contents::ALL, buffer).ok());
    checksum::of_bytes(buffer.get(..length - 4).unwrap_or_default())
}

/// The simulated sensor needs no time.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _ns: u32) {}
}
