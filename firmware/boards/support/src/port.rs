use embedded_io::{ErrorType, Read, ReadReady, Write};

/// A serial port whose two halves are apart, as some HALs have it.
pub struct Port<T, R> {
    /// The half that sends.
    pub tx: T,
    /// The half that receives.
    pub rx: R,
}

impl<T: ErrorType, R> ErrorType for Port<T, R> {
    type Error = T::Error;
}

impl<T: ErrorType, R: Read<Error = T::Error>> Read for Port<T, R> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, T::Error> {
        self.rx.read(bytes)
    }
}

impl<T: ErrorType, R: ReadReady + ErrorType<Error = T::Error>> ReadReady for Port<T, R> {
    fn read_ready(&mut self) -> Result<bool, T::Error> {
        self.rx.read_ready()
    }
}

impl<T: Write, R> Write for Port<T, R> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, T::Error> {
        self.tx.write(bytes)
    }

    fn flush(&mut self) -> Result<(), T::Error> {
        self.tx.flush()
    }
}
