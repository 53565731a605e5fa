//! The sensor's bus, at I2C1.

use board_support::hardware::{self, LIMIT};
use embassy_stm32::Peri;
use embassy_stm32::gpio::{Input, Level, OutputOpenDrain, Pull, Speed};
use embassy_stm32::i2c::{Config, I2c};
use embassy_stm32::peripherals::{I2C1, PB6, PB9};
use embassy_stm32::time::khz;
use embassy_time::Delay;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::{Error, ErrorKind, Operation};

pub struct Wires {
    pub i2c: Peri<'static, I2C1>,
    pub scl: Peri<'static, PB6>,
    pub sda: Peri<'static, PB9>,
}

impl hardware::Wires for Wires {
    fn lines(&mut self) -> (impl OutputPin, impl InputPin) {
        let clock = OutputOpenDrain::new(self.scl.reborrow(), Level::High, Speed::Low);
        (clock, Input::new(self.sda.reborrow(), Pull::Up))
    }

    fn transfer(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let Wires { i2c, scl, sda } = self;
        let mut config = Config::default();
        config.frequency = khz(400);
        config.timeout = LIMIT;
        let mut bus = I2c::new_blocking(i2c.reborrow(), scl.reborrow(), sda.reborrow(), config);
        let result = bus.blocking_transaction(address, operations).map_err(|error| error.kind());
        // The HAL does not wait for the stop condition, and closing the bus at once would interrupt it.
        Delay.delay_us(10);
        result
    }
}
