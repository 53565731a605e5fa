//! A blocking serial port.

use embassy_futures::block_on;
use embedded_io::{ErrorType, Read, ReadReady, Write};
use embedded_io_async::{Read as AsyncRead, Write as AsyncWrite};

/// The longest write at once: embassy-stm32 refuses writes longer than its buffer, and its own blocking `write` then waits for ever.
const PART: usize = 64;

/// A blocking serial port over a buffered, asynchronous driver.
pub struct Blocking<T>(pub T);

impl<T: ErrorType> ErrorType for Blocking<T> {
    type Error = T::Error;
}

impl<T: ReadReady> ReadReady for Blocking<T> {
    fn read_ready(&mut self) -> Result<bool, T::Error> {
        self.0.read_ready()
    }
}

impl<T: AsyncRead> Read for Blocking<T> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, T::Error> {
        block_on(self.0.read(bytes))
    }
}

impl<T: AsyncWrite> Write for Blocking<T> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        block_on(self.0.write(bytes.get(..PART).unwrap_or(bytes)))
    }

    fn flush(&mut self) -> Result<(), T::Error> {
        block_on(self.0.flush())
    }
}
