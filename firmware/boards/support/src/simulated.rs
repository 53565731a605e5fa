//! The gesture learner on simulated hardware, running a script. A board provides a timer's interrupt, a way to wait, and a display.

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

/// A new learner.
pub fn new_learner() -> &'static mut Learner {
    LEARNER.take()
}

/// A store in a flash that is simulated in RAM.
pub fn store() -> Store<&'static mut BoardFlash> {
    defmt::unwrap!(Store::new(FLASH.take(), 0..BoardFlash::BYTES as u32, SAVED_BYTES).ok())
}

/// Runs the script; then loads what was saved, and returns whether it equals what was learned. `start` starts the interrupt, `wait` waits
/// for it, `to_instructions` converts ticks of the counter to instructions.
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
    // With DEFMT_LOG=error nothing is logged before this line, so it then shows the time without a log.
    println!("interrupts were off for {} instructions at most", to_instructions(longest()));
    info!("{}", result);

    let mut store = app.into_store();
    let mut parameters = [0.0; PARAMETERS];
    defmt::unwrap!(learner.export(&mut parameters).ok());
    info!("head crc: {:08x}", checksum::of_floats(&parameters));
    // Nothing was learned after the save, so the learner that is loaded must equal this one.
    let learned = crc(learner, buffer);
    defmt::unwrap!(learner.import(&[0.0; PARAMETERS], 0).ok());
    crc(learner, buffer) != learned
        && matches!(store.load(learner, buffer), Ok(true))
        && crc(learner, buffer) == learned
}

/// The CRC of a learner's checkpoint, without the CRC at its end: over content and CRC together, every checkpoint has the same CRC.
fn crc(learner: &Learner, buffer: &mut Buffer) -> u32 {
    let length = defmt::unwrap!(checkpoint::write(learner, Contents::ALL, buffer).ok());
    checksum::of_bytes(buffer.get(..length - 4).unwrap_or_default())
}

/// A delay of no time, which is enough for the simulated sensor.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _ns: u32) {}
}
