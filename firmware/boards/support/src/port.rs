//! Serial ports made of two halves.

use embedded_io::{Error, ErrorKind, ErrorType, Read, ReadReady, Write};
use heapless::spsc::Consumer;

/// A serial port whose two halves are apart.
pub struct Port<T, R> {
    /// The half that sends.
    pub tx: T,
    /// The half that receives.
    pub rx: R,
}

impl<T, R> ErrorType for Port<T, R> {
    type Error = ErrorKind;
}

impl<T, R: Read> Read for Port<T, R> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        self.rx.read(bytes).map_err(|error| error.kind())
    }
}

impl<T, R: ReadReady> ReadReady for Port<T, R> {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.rx.read_ready().map_err(|error| error.kind())
    }
}

impl<T: Write, R> Write for Port<T, R> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.tx.write(bytes).map_err(|error| error.kind())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.tx.flush().map_err(|error| error.kind())
    }
}

/// The receiving half of a port whose bytes an interrupt puts into a queue.
pub struct Inbox<'a>(pub Consumer<'a, u8>);

impl ErrorType for Inbox<'_> {
    type Error = ErrorKind;
}

impl ReadReady for Inbox<'_> {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(self.0.ready())
    }
}

impl Read for Inbox<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, ErrorKind> {
        let Some(place) = bytes.first_mut() else { return Ok(0) };
        loop {
            if let Some(byte) = self.0.dequeue() {
                *place = byte;
                return Ok(1);
            }
            core::hint::spin_loop();
        }
    }
}
