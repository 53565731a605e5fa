//! The gesture learner on simulated hardware, its sensor read by the SysTick interrupt.

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use defmt::{info, println};
use embedded_io::{Read, ReadReady, Write};
use gradient_decay::{LinearHead, Store};
use gradient_decay_app::checksum;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Display;
use gradient_decay_app::gestures::features::FEATURES;
use gradient_decay_app::gestures::sampling::{RATE, Readings, Sampler};
use gradient_decay_app::gestures::{App, GESTURES, Head, Parts};
use gradient_decay_app::learner::Learner;
use gradient_decay_app::link::Server;
use gradient_decay_app::simulation::script::{Exam, Finger, OUTAGES, SCRIPT};
use gradient_decay_app::simulation::{Accelerometer, Flash, PAGE};
use static_cell::ConstStaticCell;

use super::interrupts::longest;
use crate::{Handover, log};

type Sensor = Sampler<'static, Accelerometer<'static>>;

static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SAMPLER: Handover<Sensor> = Handover::new();
static SERVER: ConstStaticCell<Server<GESTURES, FEATURES, { Head::PARAMETERS }>> = ConstStaticCell::new(Server::new());

/// A head takes nearly a page, so that three are the least.
const PAGES: usize = 3;

/// Runs the script on `learner`, then restarts it from what was saved; whether it came back as it was. `clock` is SysTick's in Hz.
pub fn run<L: Learner<GESTURES, FEATURES>>(
    mut syst: SYST,
    clock: u32,
    new_learner: fn() -> L,
    display: impl Display,
    port: &mut (impl Read + ReadReady + Write),
) -> bool {
    let (producer, readings) = READINGS.take().split();
    SAMPLER.leave(Sampler::new(Accelerometer::new(&SCRIPT, &OUTAGES), producer, &mut NoDelay));
    let store = |flash| defmt::unwrap!(Store::new(flash, 0..(PAGES * PAGE) as u32).ok());
    let parts = Parts {
        readings,
        label: Button::active_low(Finger::label(&SCRIPT)),
        save: Button::active_low(Finger::save(&SCRIPT)),
        display,
        store: store(Flash::<PAGES>::new()),
        learner: new_learner(),
    };
    let server = SERVER.take();
    let mut app = App::new(parts, &mut log);
    let mut exam = Exam::new(&SCRIPT);

    syst.set_clock_source(SystClkSource::Core);
    syst.set_reload(clock / RATE - 1);
    syst.clear_current();
    syst.enable_counter();
    syst.enable_interrupt();
    let result = 'script: loop {
        while app.poll(&mut log) {
            if let Some(result) = exam.reading(app.answer()) {
                break 'script result;
            }
        }
        app.serve(server, port);
        cortex_m::asm::wfi();
    };
    syst.disable_interrupt();
    // With DEFMT_LOG=error nothing is logged before this, so that it is what remains without a log.
    println!("interrupts were off for {} instructions at most", instructions(longest(), clock));
    info!("{}", result);

    // What was saved was learned before the exam, in which nothing was learned.
    let learned = app.classifier().learner().head();
    let mut parameters = [0.0; Head::PARAMETERS];
    defmt::unwrap!(learned.export(&mut parameters).ok());
    info!("head crc: {:08x}", checksum::of_floats(&parameters));
    let mut saved = LinearHead::new();
    let mut buffer = [0; gradient_decay::store::buffer_size(GESTURES, FEATURES, false)];
    let mut store = store(app.into_store().into_flash());
    let mut state = gradient_decay::State::new();
    let loaded = store.load(&mut saved, &mut state, &mut gradient_decay::Readout::new(), &mut buffer);
    loaded == Ok(true) && saved == learned
}

/// The interrupt: nothing but a sample.
#[cortex_m_rt::exception]
fn SysTick() {
    static mut SENSOR: Option<Sensor> = None;
    if SENSOR.is_none() {
        *SENSOR = SAMPLER.take();
    }
    if let Some(sensor) = SENSOR {
        sensor.sample();
    }
}

/// Ticks of SysTick as instructions, of which each takes 64 ns under `-icount shift=6`.
fn instructions(ticks: u32, clock: u32) -> u32 {
    (u64::from(ticks) * 1_000_000_000 / (u64::from(clock) * 64)) as u32
}

/// The simulated sensor needs no time.
struct NoDelay;

impl embedded_hal::delay::DelayNs for NoDelay {
    fn delay_ns(&mut self, _ns: u32) {}
}
