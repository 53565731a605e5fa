use core::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write};
use gradient_decay_app::gestures::display::{Display, Shown};

/// A display and a serial port that do nothing, for machines where these are not simulated.
pub struct Nothing;

impl Display for Nothing {
    type Error = Infallible;

    fn show(&mut self, _shown: Shown) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ErrorType for Nothing {
    type Error = Infallible;
}

impl ReadReady for Nothing {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }
}

impl Read for Nothing {
    fn read(&mut self, _bytes: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
