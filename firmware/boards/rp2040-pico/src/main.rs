//! The gesture learner on the Raspberry Pi Pico: an LSM303AGR at GP4 (SDA) and GP5 (SCL), buttons to ground at GP14 (label)
//! and GP15 (save), the LED on the board, its flash, and a serial port at GP0 (TX) and GP1 (RX). A Pico W has its LED on another pin: there,
//! connect an LED from GP25 to ground.
#![no_std]
#![no_main]

mod wires;

use board_support::hardware::{Bus, PATIENCE, log_restart, start};
use board_support::{Handover, Server, run, sample};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use embassy_rp::flash::{Blocking, ERASE_SIZE, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::UART0;
use embassy_rp::uart::{BufferedInterruptHandler, BufferedUart};
use embassy_rp::watchdog::Watchdog;
use embassy_rp::{bind_interrupts, clocks, uart};
use embassy_time::Delay;
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

bind_interrupts!(struct Interrupts { UART0_IRQ => BufferedInterruptHandler<UART0>; });

/// The flash, and the six pages at its end that memory.x keeps free: two of them hold a learner.
const FLASH: usize = 2 * 1024 * 1024;
const STORE: core::ops::Range<u32> = (FLASH - 6 * ERASE_SIZE) as u32..FLASH as u32;

#[entry]
fn main() -> ! {
    let board = embassy_rp::init(Default::default());
    let mut core = unwrap!(cortex_m::Peripherals::take());
    let mut watchdog = Watchdog::new(board.WATCHDOG);
    log_restart(watchdog.reset_reason().is_some());
    watchdog.start(PATIENCE);
    let (producer, readings) = READINGS.take().split();
    let bus = Bus(Wires { i2c: board.I2C0, scl: board.PIN_5, sda: board.PIN_4 });
    SAMPLER.leave(Sampler::new(bus, producer, &mut Delay));
    let [sent, received] = BUFFERS.take();
    let port =
        BufferedUart::new(board.UART0, board.PIN_0, board.PIN_1, Interrupts, sent, received, uart::Config::default());
    let flash: Flash<'_, _, Blocking, FLASH> = Flash::new_blocking(board.FLASH);
    let parts = Parts {
        readings,
        label: Button::active_low(Input::new(board.PIN_14, Pull::Up)),
        save: Button::active_low(Input::new(board.PIN_15, Pull::Up)),
        display: Blink::new(Output::new(board.PIN_25, Level::Low)),
        store: unwrap!(Store::new(flash, STORE, SAVED_BYTES).ok()),
        learner: LEARNER.take(),
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut core, clocks::clk_sys_freq(), RATE);
    run(app, SERVER.take(), port, || watchdog.feed(PATIENCE))
}

#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, Bus<Wires>>> = None;
    sample(OWN, &SAMPLER);
}
