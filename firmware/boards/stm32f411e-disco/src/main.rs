//! The gesture learner on the STM32F411E-DISCO: its accelerometer (boards with an LSM303AGR), its button B1 (label), a button from PC1
//! to ground (save), its blue LED, its flash, and a serial port at PA2 (TX) and PA3 (RX).
#![no_std]
#![no_main]

mod flash;
mod wires;

use board_support::hardware::{Blocking, Bus, PATIENCE, log_restart, start};
use board_support::{Handover, Server, run, sample};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use embassy_stm32::flash::Flash;
use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::peripherals::USART2;
use embassy_stm32::time::{Hertz, mhz};
use embassy_stm32::usart::{self, BufferedInterruptHandler, BufferedUart};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{Config, bind_interrupts, pac, rcc};
use embassy_time::Delay;
use flash::Words;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::display::Blink;
use gradient_decay_app::gestures::sampling::{RATE, Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, Learner, Parts, SAVED_BYTES, learner};
use static_cell::ConstStaticCell;
use wires::Wires;

static LEARNER: ConstStaticCell<Learner> = ConstStaticCell::new(learner());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static BUFFERS: ConstStaticCell<[[u8; 128]; 2]> = ConstStaticCell::new([[0; 128]; 2]);
static SAMPLER: Handover<Sampler<'static, Bus<Wires>>> = Handover::new();

bind_interrupts!(struct Interrupts { USART2 => BufferedInterruptHandler<USART2>; });

/// The core's frequency: the most that the regulator allows at its scale 2, which it has after a reset (RM0383, 5.4.1).
const CLOCK: Hertz = mhz(84);

/// The last two sectors of the flash, in bytes from its beginning.
const STORE: core::ops::Range<u32> = 256 * 1024..512 * 1024;

/// The clocks, from the crystal's 8 MHz. The HAL leaves the flash's caches off: the data cache would still hold erased data (RM0383, 3.5.2).
fn clocks() -> Config {
    let mut config = Config::default();
    config.rcc.hse = Some(rcc::Hse { freq: mhz(8), mode: rcc::HseMode::Oscillator });
    config.rcc.pll_src = rcc::PllSource::HSE;
    config.rcc.pll = Some(rcc::Pll {
        prediv: rcc::PllPreDiv::DIV4,
        mul: rcc::PllMul::MUL168,
        divp: Some(rcc::PllPDiv::DIV4),
        divq: None,
        divr: None,
    });
    config.rcc.sys = rcc::Sysclk::PLL1_P;
    config.rcc.apb1_pre = rcc::APBPrescaler::DIV2;
    config
}

#[entry]
fn main() -> ! {
    let board = embassy_stm32::init(clocks());
    let mut core = unwrap!(cortex_m::Peripherals::take());
    log_restart(pac::RCC.csr().read().wdgrstf());
    // Otherwise the reason stays until power is lost.
    pac::RCC.csr().modify(|csr| csr.set_rmvf(true));
    let mut watchdog = IndependentWatchdog::new(board.IWDG, PATIENCE.as_micros() as u32);
    watchdog.unleash();
    let (producer, readings) = READINGS.take().split();
    let bus = Bus(Wires { i2c: board.I2C1, scl: board.PB6, sda: board.PB9 });
    SAMPLER.leave(Sampler::new(bus, producer, &mut Delay));
    let [sent, received] = BUFFERS.take();
    let settings = usart::Config::default();
    let port = BufferedUart::new(board.USART2, board.PA3, board.PA2, sent, received, Interrupts, settings);
    let parts = Parts {
        readings,
        label: Button::active_high(Input::new(board.PA0, Pull::Down)),
        save: Button::active_low(Input::new(board.PC1, Pull::Up)),
        display: Blink::new(Output::new(board.PD15, Level::Low, Speed::Low)),
        store: unwrap!(Store::new(Words(Flash::new_blocking(board.FLASH)), STORE, SAVED_BYTES).ok()),
        learner: LEARNER.take(),
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut core, CLOCK.0, RATE);
    run(app, SERVER.take(), Blocking(unwrap!(port.ok())), || watchdog.pet())
}

#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, Bus<Wires>>> = None;
    sample(OWN, &SAMPLER);
}
