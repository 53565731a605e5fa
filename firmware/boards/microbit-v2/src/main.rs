//! The gesture learner on the BBC micro:bit v2: its accelerometer, its buttons A (label) and B (save), its 25 LEDs, its flash, and
//! the serial port of its USB.
#![no_std]
#![no_main]

mod matrix;
mod wires;

use board_support::hardware::{Blocking, Bus, PATIENCE, log_restart, start};
use board_support::{Handover, Server, run, sample};
use cortex_m_rt::{entry, exception};
use defmt::unwrap;
use embassy_nrf::buffered_uarte::{self, BufferedUarte};
use embassy_nrf::config::{Config, HfclkSource};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::nvmc::{FLASH_SIZE, Nvmc, PAGE_SIZE};
use embassy_nrf::peripherals::UARTE0;
use embassy_nrf::wdt::{self, Watchdog};
use embassy_nrf::{bind_interrupts, pac, uarte};
use embassy_time::Delay;
use gradient_decay::Store;
use gradient_decay_app::gestures::button::Button;
use gradient_decay_app::gestures::sampling::{RATE, Readings, Sampler};
use gradient_decay_app::gestures::{App, Buffer, Learner, Parts, SAVED_BYTES, learner};
use matrix::{Leds, Matrix};
use static_cell::ConstStaticCell;
use wires::Wires;

static LEARNER: ConstStaticCell<Learner> = ConstStaticCell::new(learner());
static BUFFER: ConstStaticCell<Buffer> = ConstStaticCell::new([0; _]);
static READINGS: ConstStaticCell<Readings> = ConstStaticCell::new(Readings::new());
static SERVER: ConstStaticCell<Server> = ConstStaticCell::new(Server::new());
static BUFFERS: ConstStaticCell<[[u8; 128]; 2]> = ConstStaticCell::new([[0; 128]; 2]);
static SAMPLER: Handover<Sampler<'static, Bus<Wires>>> = Handover::new();
static LEDS: Handover<Leds> = Handover::new();

bind_interrupts!(struct Interrupts { UARTE0 => buffered_uarte::InterruptHandler<UARTE0>; });

/// The last six pages of the flash, which memory.x keeps free: two of them hold a learner.
const STORE: core::ops::Range<u32> = (FLASH_SIZE - 6 * PAGE_SIZE) as u32..FLASH_SIZE as u32;

/// The core's frequency in Hz.
const CLOCK: u32 = 64_000_000;

/// The number of rows of LEDs that are lit between two samples, so that each row is lit a hundred times a second.
const ROWS: u32 = 10;

#[entry]
fn main() -> ! {
    let mut config = Config::default();
    // With the internal oscillator, which runs after a reset, the serial port and the sampling would be off by up to 6 %.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let board = embassy_nrf::init(config);
    let mut core = unwrap!(cortex_m::Peripherals::take());
    log_restart(pac::POWER.resetreas().read().dog());
    // Otherwise the reason stays until power is lost.
    pac::POWER.resetreas().write(|reasons| reasons.0 = u32::MAX);
    let mut patience = wdt::Config::default();
    patience.timeout_ticks = PATIENCE.as_secs() as u32 * 32_768;
    patience.action_during_debug_halt = wdt::HaltConfig::Pause;
    let (_, [mut watchdog]) = unwrap!(Watchdog::try_new(board.WDT, patience).ok());
    let (producer, readings) = READINGS.take().split();
    let bus = Bus(Wires { i2c: board.TWISPI0, scl: board.P0_08, sda: board.P0_16 });
    SAMPLER.leave(Sampler::new(bus, producer, &mut Delay));
    let drive = OutputDrive::Standard;
    LEDS.leave(Leds::new(
        [
            Output::new(board.P0_21, Level::Low, drive),
            Output::new(board.P0_22, Level::Low, drive),
            Output::new(board.P0_15, Level::Low, drive),
            Output::new(board.P0_24, Level::Low, drive),
            Output::new(board.P0_19, Level::Low, drive),
        ],
        [
            Output::new(board.P0_28, Level::High, drive),
            Output::new(board.P0_11, Level::High, drive),
            Output::new(board.P0_31, Level::High, drive),
            Output::new(board.P1_05, Level::High, drive),
            Output::new(board.P0_30, Level::High, drive),
        ],
    ));
    let [sent, received] = BUFFERS.take();
    let port = BufferedUarte::new(
        board.UARTE0,
        board.TIMER0,
        board.PPI_CH0,
        board.PPI_CH1,
        board.PPI_GROUP0,
        board.P1_08,
        board.P0_06,
        Interrupts,
        uarte::Config::default(),
        received,
        sent,
    );
    let parts = Parts {
        readings,
        label: Button::active_low(Input::new(board.P0_14, Pull::Up)),
        save: Button::active_low(Input::new(board.P0_23, Pull::Up)),
        display: Matrix,
        store: unwrap!(Store::new(Nvmc::new(board.NVMC), STORE, SAVED_BYTES).ok()),
        learner: LEARNER.take(),
        buffer: BUFFER.take(),
    };
    let app = App::new(parts, &mut board_support::log);
    start(&mut core, CLOCK, ROWS * RATE);
    run(app, SERVER.take(), Blocking(port), || watchdog.pet())
}

/// Lights a row, and reads the sensor once in [`ROWS`] calls.
#[exception]
fn SysTick() {
    static mut OWN: Option<Sampler<'static, Bus<Wires>>> = None;
    static mut OWN_LEDS: Option<Leds> = None;
    static mut ROW: u32 = 0;
    if OWN_LEDS.is_none() {
        *OWN_LEDS = LEDS.take();
    }
    if let Some(leds) = OWN_LEDS {
        leds.step();
    }
    *ROW = (*ROW + 1) % ROWS;
    if *ROW == 0 {
        sample(OWN, &SAMPLER);
    }
}
