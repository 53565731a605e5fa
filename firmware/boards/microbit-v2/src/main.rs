//! The gesture learner on the BBC micro:bit v2: its accelerometer, its buttons A (label) and B (save), its 25 LEDs, its flash, and
//! the serial port of its USB.
#![no_std]
#![no_main]

mod matrix;

use board_support::{Handover, Port, Server, run, sample, start};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use defmt_rtt as _;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, FLOAT_TUNER, FloatLearner, Parts, float_learner};
use matrix::Matrix;
use microbit::hal::nvmc::Nvmc;
use microbit::hal::uarte::{Baudrate, Parity, Uarte};
use microbit::hal::{Timer, Twim};
use microbit::pac::{TWIM0, twim0};
use panic_probe as _;
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<FloatLearner> = ConstStaticCell::new(float_learner());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static BUFFERS: ConstStaticCell<([u8; 64], [u8; 1])> = ConstStaticCell::new(([0; 64], [0; 1]));
static SAMPLER: Handover<Sampler<'static, Twim<TWIM0>>> = Handover::new();

/// The bytes of flash that memory.x keeps free, two pages.
const STORE: usize = 8 * 1024;

/// The core's frequency in Hz.
const CLOCK: u32 = 64_000_000;

unsafe extern "C" {
    static mut _store: [u8; STORE];
}

#[entry]
fn main() -> ! {
    let mut board = unwrap!(microbit::Board::take());
    let (producer, readings) = READINGS.take().split();
    let i2c = Twim::new(board.TWIM0, board.i2c_internal.into(), twim0::frequency::FREQUENCY_A::K400);
    SAMPLER.leave(Sampler::new(i2c, producer, &mut Timer::new(board.TIMER0)));
    let uarte = Uarte::new(board.UARTE0, board.uart.into(), Parity::EXCLUDED, Baudrate::BAUD115200);
    let (sent, received) = BUFFERS.take();
    let (tx, rx) = unwrap!(uarte.split(sent, received).ok());
    let pages = &raw mut _store;
    // SAFETY: the linker keeps these bytes free, and nothing else refers to them.
    let flash = Nvmc::new(board.NVMC, unsafe { &mut *pages });
    let parts = Parts {
        readings,
        label: Button::active_low(board.buttons.button_a),
        save: Button::active_low(board.buttons.button_b),
        display: Matrix::new(board.TIMER1, board.display_pins),
        store: unwrap!(Store::new(flash, 0..STORE as u32).ok()),
        learner: LEARNER.take(),
        tuner: &FLOAT_TUNER,
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut board.SYST, CLOCK);
    run(app, SERVER.take(), Port { tx, rx })
}

#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, Twim<TWIM0>>> = None;
    sample(OWN, &SAMPLER);
}
