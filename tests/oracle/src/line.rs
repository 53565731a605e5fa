//! A serial line in memory: the device's end of it, for tests of the link.

use std::collections::VecDeque;
use std::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write};

/// The bytes that are on their way in both directions.
#[derive(Debug, Default)]
pub struct Line {
    /// Bytes that the device has not read yet.
    pub to_device: VecDeque<u8>,
    /// Bytes that the device has written.
    pub to_host: VecDeque<u8>,
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl ReadReady for Line {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.to_device.is_empty())
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let count = bytes.len().min(self.to_device.len());
        bytes.iter_mut().zip(self.to_device.drain(..count)).for_each(|(to, from)| *to = from);
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.to_host.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
