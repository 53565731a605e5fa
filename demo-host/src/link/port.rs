//! Serial ports, and QEMU's serial ports, which are sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The speed of a device's port.
const BAUD: u32 = 115_200;

/// The time that QEMU may take to open its port.
const START: Duration = Duration::from_secs(10);

/// The longest time that a read waits; to wait longer, read again.
const WAIT: Duration = Duration::from_millis(50);

/// A port whose reads time out.
pub trait Port: Read + Write {}

impl<T: Read + Write> Port for T {}

/// Opens `tcp:HOST:PORT`, or else a serial port by its name, at 115,200 baud.
///
/// # Errors
/// If there is no such port, or nobody listens there.
pub fn open(name: &str) -> Result<Box<dyn Port>> {
    match name.strip_prefix("tcp:") {
        Some(address) => {
            let begun = Instant::now();
            let stream = loop {
                match TcpStream::connect(address) {
                    Ok(stream) => break stream,
                    Err(_) if begun.elapsed() < START => std::thread::sleep(WAIT),
                    Err(error) => return Err(error).with_context(|| format!("nobody listens at {address}")),
                }
            };
            stream.set_nodelay(true).context("the socket refused its settings")?;
            stream.set_read_timeout(Some(WAIT)).context("the socket refused its settings")?;
            Ok(Box::new(stream))
        }
        None => {
            let port = serialport::new(name, BAUD).timeout(WAIT).open();
            Ok(Box::new(port.with_context(|| {
                format!("cannot open the serial port {name}: give one like /dev/ttyACM0 or COM3, or tcp:HOST:PORT")
            })?))
        }
    }
}
