//! The gesture learner in integers on the Raspberry Pi Pico: an LSM303AGR at GP4 (SDA) and GP5 (SCL), buttons to ground at GP14 (label)
//! and GP15 (save), the LED on the board, its flash, and a serial port at GP0 (TX) and GP1 (RX).
#![no_std]
#![no_main]

use board_support::{Handover, Server, run, sample, start};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use defmt_rtt as _;
use embassy_rp::flash::{Blocking as FlashBlocking, ERASE_SIZE, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::i2c::{Blocking, I2c};
use embassy_rp::peripherals::{I2C0, UART0};
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart};
use embassy_rp::{bind_interrupts, clocks, i2c, uart};
use embassy_time::Delay;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Blink;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, FIXED_TUNER, FixedLearner, Parts, fixed_learner};
use panic_probe as _;
use static_cell::ConstStaticCell;

static LEARNER: ConstStaticCell<FixedLearner> = ConstStaticCell::new(fixed_learner());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static BUFFERS: ConstStaticCell<[[u8; 128]; 2]> = ConstStaticCell::new([[0; 128]; 2]);
static SAMPLER: Handover<Sampler<'static, I2c<'static, I2C0, Blocking>>> = Handover::new();

bind_interrupts!(struct Interrupts { UART0_IRQ => BufferedInterruptHandler<UART0>; });

/// The flash, and the two pages at its end that memory.x keeps free.
const FLASH: usize = 2 * 1024 * 1024;
const STORE: core::ops::Range<u32> = (FLASH - 2 * ERASE_SIZE) as u32..FLASH as u32;

#[entry]
fn main() -> ! {
    let board = embassy_rp::init(Default::default());
    let mut core = unwrap!(cortex_m::Peripherals::take());
    let (producer, readings) = READINGS.take().split();
    let mut fast = i2c::Config::default();
    fast.frequency = 400_000;
    let i2c = I2c::new_blocking(board.I2C0, board.PIN_5, board.PIN_4, fast);
    SAMPLER.leave(Sampler::new(i2c, producer, &mut Delay));
    let [sent, received] = BUFFERS.take();
    let port =
        BufferedUart::new(board.UART0, board.PIN_0, board.PIN_1, Interrupts, sent, received, uart::Config::default());
    let flash: Flash<'_, _, FlashBlocking, FLASH> = Flash::new_blocking(board.FLASH);
    let parts = Parts {
        readings,
        label: Button::active_low(Input::new(board.PIN_14, Pull::Up)),
        save: Button::active_low(Input::new(board.PIN_15, Pull::Up)),
        display: Blink::new(Output::new(board.PIN_25, Level::Low)),
        store: unwrap!(Store::new(flash, STORE).ok()),
        learner: LEARNER.take(),
        tuner: &FIXED_TUNER,
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut core.SYST, clocks::clk_sys_freq());
    run(app, SERVER.take(), port)
}

#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, I2c<'static, I2C0, Blocking>>> = None;
    sample(OWN, &SAMPLER);
}
