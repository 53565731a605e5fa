//! A sensor's bus with a time limit.

use core::future::{Future, poll_fn};
use core::task::Poll;

use embassy_futures::select::{Either, select};
use embassy_time::{Delay, Duration, Instant};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, Operation};

/// The time limit of a transfer. Nine bytes at 400 kHz take 0.2 ms; a sample is due every 20 ms.
pub const LIMIT: Duration = Duration::from_millis(5);

/// The peripheral and the pins of a bus.
pub trait Wires {
    /// The clock as an open-drain output, released, and the data line as an input.
    fn lines(&mut self) -> (impl OutputPin, impl InputPin);

    /// Opens the bus, does the operations within [`LIMIT`] and closes it.
    fn transfer(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind>;
}

/// A bus that is opened for each transfer, so that the next transfer works whatever state an aborted one left the peripheral in.
pub struct Bus<W>(pub W);

impl<W: Wires> Bus<W> {
    /// Frees a data line that is held low, for example by a sensor whose transfer was interrupted by a reset: after nine clock pulses the sensor
    /// has sent its byte (I2C-bus specification UM10204, 3.1.16).
    fn free(&mut self) {
        let (mut clock, mut data) = self.0.lines();
        Delay.delay_us(5);
        for _ in 0..9 {
            if data.is_high().unwrap_or(true) {
                return;
            }
            // The chip's own pins do not fail.
            let _ = clock.set_low();
            Delay.delay_us(5);
            let _ = clock.set_high();
            Delay.delay_us(5);
        }
    }
}

impl<W: Wires> ErrorType for Bus<W> {
    type Error = ErrorKind;
}

impl<W: Wires> I2c for Bus<W> {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        self.free();
        self.0.transfer(address, operations)
    }
}

/// Polls a transfer of a driver without a time limit of its own; returns its result, or `None` if it takes longer than [`LIMIT`].
pub fn within<T>(transfer: impl Future<Output = T>) -> Option<T> {
    let deadline = Instant::now() + LIMIT;
    let late = poll_fn(|_| if Instant::now() > deadline { Poll::Ready(()) } else { Poll::Pending });
    match embassy_futures::block_on(select(transfer, late)) {
        Either::First(result) => Some(result),
        Either::Second(()) => None,
    }
}
