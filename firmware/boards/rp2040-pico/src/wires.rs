//! The sensor's bus, at I2C0. The HAL's transfers have no time limit: they are futures, which are dropped at the limit.

use board_support::hardware::{self, within};
use embassy_rp::gpio::{Input, Level, OutputOpenDrain, Pull};
use embassy_rp::i2c::{Config, I2c, InterruptHandler};
use embassy_rp::peripherals::{I2C0, PIN_4, PIN_5};
use embassy_rp::{Peri, bind_interrupts};
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::{Error, ErrorKind, Operation};
use embedded_hal_async::i2c::I2c as _;

bind_interrupts!(struct Interrupts { I2C0_IRQ => InterruptHandler<I2C0>; });

pub struct Wires {
    pub i2c: Peri<'static, I2C0>,
    pub scl: Peri<'static, PIN_5>,
    pub sda: Peri<'static, PIN_4>,
}

impl hardware::Wires for Wires {
    fn lines(&mut self) -> (impl OutputPin, impl InputPin) {
        (OutputOpenDrain::new(self.scl.reborrow(), Level::High), Input::new(self.sda.reborrow(), Pull::Up))
    }

    fn transfer(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let Wires { i2c, scl, sda } = self;
        let mut config = Config::default();
        config.frequency = 400_000;
        let mut bus = I2c::new_async(i2c.reborrow(), scl.reborrow(), sda.reborrow(), Interrupts, config);
        match within(bus.transaction(address, operations)) {
            Some(result) => result.map_err(|error| error.kind()),
            None => Err(ErrorKind::Other),
        }
    }
}
