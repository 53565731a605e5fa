//! Arm's MPS2 boards: an LED and a serial port.

use core::convert::Infallible;

use embedded_hal::digital::OutputPin;
use embedded_io::{ErrorType, Read, ReadReady, Write};

/// The frequency of SysTick in Hz.
pub const CLOCK: u32 = 25_000_000;

/// The register of the two user LEDs, in the FPGA system control block (Arm AN386, AN500).
const FPGAIO_LED0: *mut u32 = 0x4002_8000 as *mut u32;

/// The first user LED.
pub struct Lamp;

impl embedded_hal::digital::ErrorType for Lamp {
    type Error = Infallible;
}

impl OutputPin for Lamp {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // SAFETY: the register exists on these boards, and nothing else writes it.
        unsafe { FPGAIO_LED0.write_volatile(FPGAIO_LED0.read_volatile() & !1) };
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        // SAFETY: as above.
        unsafe { FPGAIO_LED0.write_volatile(FPGAIO_LED0.read_volatile() | 1) };
        Ok(())
    }
}

/// Whether the first user LED is lit, read from the register.
pub fn lamp_is_lit() -> bool {
    // SAFETY: reading the register has no effect.
    unsafe { FPGAIO_LED0.read_volatile() & 1 == 1 }
}

/// UART0, a CMSDK UART (Arm DDI 0479, section 4.3): DATA, STATE, CTRL, INTSTATUS, BAUDDIV.
const UART0: *mut u32 = 0x4000_4000 as *mut u32;
const DATA: usize = 0;
const STATE: usize = 1;
const CTRL: usize = 2;
const BAUDDIV: usize = 4;
const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;
const TX_AND_RX_ENABLE: u32 = 3;

/// The board's first serial port.
pub struct Uart(());

impl Uart {
    /// Opens the port at 115,200 baud, a setting that QEMU ignores. Open it only once: two would take each other's bytes.
    pub fn open() -> Self {
        write(BAUDDIV, CLOCK / 115_200);
        write(CTRL, TX_AND_RX_ENABLE);
        Uart(())
    }
}

fn read(register: usize) -> u32 {
    // SAFETY: the register exists on these boards.
    unsafe { UART0.add(register).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above, and it only affects the port.
    unsafe { UART0.add(register).write_volatile(value) }
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(read(STATE) & RX_FULL != 0)
    }
}

impl Read for Uart {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        let Some(byte) = bytes.first_mut() else { return Ok(0) };
        while read(STATE) & RX_FULL == 0 {}
        *byte = read(DATA) as u8;
        Ok(1)
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let Some(byte) = bytes.first() else { return Ok(0) };
        while read(STATE) & TX_FULL != 0 {}
        write(DATA, u32::from(*byte));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while read(STATE) & TX_FULL != 0 {}
        Ok(())
    }
}
