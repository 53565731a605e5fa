//! The gesture learner on the STM32F411E-DISCO: its accelerometer (boards with an LSM303AGR), its button B1 (label), a button from PC1
//! to ground (save), its blue LED, its flash, and a serial port at PA2 (TX) and PA3 (RX).
#![no_std]
#![no_main]

mod serial;

use board_support::{Handover, Inbox, Port, Server, run, sample, start};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use defmt_rtt as _;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Blink;
use gradient_decay_app::gestures::sampling::{Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, FLOAT_TUNER, FloatLearner, Parts, float_learner};
use panic_probe as _;
use static_cell::ConstStaticCell;
use stm32f4xx_hal::flash::FlashExt;
use stm32f4xx_hal::i2c::I2c;
use stm32f4xx_hal::pac::{self, I2C1};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc;

static LEARNER: ConstStaticCell<FloatLearner> = ConstStaticCell::new(float_learner());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static SAMPLER: Handover<Sampler<'static, I2c<I2C1>>> = Handover::new();

/// The core's frequency in Hz.
const CLOCK: u32 = 96_000_000;

/// The last two sectors of the flash, in bytes from its beginning.
const STORE: core::ops::Range<u32> = 256 * 1024..512 * 1024;

#[entry]
fn main() -> ! {
    let mut board = unwrap!(pac::Peripherals::take());
    let mut core = unwrap!(cortex_m::Peripherals::take());
    let mut rcc = board.RCC.freeze(rcc::Config::hse(8.MHz()).sysclk(CLOCK.Hz()));
    let (a, b) = (board.GPIOA.split(&mut rcc), board.GPIOB.split(&mut rcc));
    let (c, d) = (board.GPIOC.split(&mut rcc), board.GPIOD.split(&mut rcc));
    let (producer, readings) = READINGS.take().split();
    let i2c = I2c::new(board.I2C1, (b.pb6, b.pb9), 400.kHz(), &mut rcc);
    SAMPLER.leave(Sampler::new(i2c, producer, &mut board.TIM5.delay_us(&mut rcc)));
    let (tx, received) = serial::open(board.USART2, (a.pa2, a.pa3), &mut rcc);
    let parts = Parts {
        readings,
        label: Button::active_high(a.pa0.into_pull_down_input()),
        save: Button::active_low(c.pc1.into_pull_up_input()),
        display: Blink::new(d.pd15.into_push_pull_output()),
        store: unwrap!(Store::new(board.FLASH.unlocked(), STORE).ok()),
        learner: LEARNER.take(),
        tuner: &FLOAT_TUNER,
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut core.SYST, CLOCK);
    run(app, SERVER.take(), Port { tx, rx: Inbox(received) })
}

#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, I2c<I2C1>>> = None;
    sample(OWN, &SAMPLER);
}
