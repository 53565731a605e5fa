//! The sensor's bus, the board's internal one, at TWISPI0.

use board_support::hardware::{self, LIMIT};
use embassy_nrf::gpio::{Input, Level, Output, OutputDrive, Pull};
use embassy_nrf::peripherals::{P0_08, P0_16, TWISPI0};
use embassy_nrf::twim::{Config, Frequency, InterruptHandler, Twim};
use embassy_nrf::{Peri, bind_interrupts};
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::{Error, ErrorKind, Operation};

bind_interrupts!(struct Interrupts { TWISPI0 => InterruptHandler<TWISPI0>; });

/// The longest write in bytes. Writes are copied to a buffer of this size, since the DMA cannot read flash.
const LONGEST: usize = 8;

pub struct Wires {
    pub i2c: Peri<'static, TWISPI0>,
    pub scl: Peri<'static, P0_08>,
    pub sda: Peri<'static, P0_16>,
}

impl hardware::Wires for Wires {
    fn lines(&mut self) -> (impl OutputPin, impl InputPin) {
        let clock = Output::new(self.scl.reborrow(), Level::High, OutputDrive::Standard0Disconnect1);
        (clock, Input::new(self.sda.reborrow(), Pull::Up))
    }

    fn transfer(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let Wires { i2c, scl, sda } = self;
        let mut config = Config::default();
        config.frequency = Frequency::K400;
        let mut sent = [0; LONGEST];
        let mut bus = Twim::new(i2c.reborrow(), Interrupts, sda.reborrow(), scl.reborrow(), config, &mut sent);
        bus.blocking_transaction_timeout(address, operations, LIMIT).map_err(|error| error.kind())
    }
}
