//! An LSM303AGR on an I2C bus, register by register.

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use super::script::{Segment, Walker};

/// The addresses of accelerometer and magnetometer (LSM303AGR datasheet, DocID027765, section 6.1).
const ACCELEROMETER: u8 = 0x19;
const MAGNETOMETER: u8 = 0x1e;

/// Registers (the same, section 7).
const WHO_AM_I: usize = 0x0f;
const CTRL_REG1: usize = 0x20;
const STATUS: usize = 0x27;
const OUT_X_L: usize = 0x28;
const OUT_Z_H: usize = 0x2d;
/// The bit of a register's address that makes it go on to the next with each byte.
const AUTO_INCREMENT: u8 = 0x80;
/// Of CTRL_REG1: the data rate, 0 being off. Of STATUS: new samples of all axes.
const DATA_RATE: u8 = 0xf0;
const NEW_SAMPLE: u8 = 0x08;

/// So many transactions in a row fail, or the sensor loses its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The number of samples that were measured before.
    pub after: u32,
    /// Transactions that then fail: nobody acknowledges.
    pub transactions: u32,
    /// Whether the registers are as after power-on then: nothing is measured until it is set up again.
    pub reset: bool,
}

/// The sensor. It measures what the script's gestures make of it, one sample each time that its output is read.
pub struct Accelerometer<'a> {
    walker: Walker<'a>,
    outages: &'a [Outage],
    measured: u32,
    failed: u32,
    registers: [u8; 64],
    magnetometer: [u8; 128],
    pointer: usize,
    increments: bool,
}

impl<'a> Accelerometer<'a> {
    /// A sensor that goes through the script, with these outages, in their order.
    pub fn new(script: &'a [Segment], outages: &'a [Outage]) -> Self {
        Self::with_seed(script, outages, 0)
    }

    /// The same with other variations of the gestures: those of a seed.
    pub fn with_seed(script: &'a [Segment], outages: &'a [Outage], seed: u32) -> Self {
        let mut sensor = Accelerometer {
            walker: Walker::with_seed(script, seed),
            outages,
            measured: 0,
            failed: 0,
            registers: [0; 64],
            magnetometer: [0; 128],
            pointer: 0,
            increments: false,
        };
        sensor.reset();
        sensor
    }

    fn reset(&mut self) {
        self.registers = [0; 64];
        if let Some(register) = self.registers.get_mut(WHO_AM_I) {
            *register = 0x33;
        }
    }

    fn measures(&self) -> bool {
        self.registers.get(CTRL_REG1).is_some_and(|register| register & DATA_RATE != 0)
    }

    /// Puts the next sample into the output registers.
    fn measure(&mut self) {
        let sample = self.walker.sample();
        let output = self.registers.get_mut(OUT_X_L..=OUT_Z_H).unwrap_or_default();
        for (bytes, mg) in output.chunks_mut(2).zip(sample) {
            // 12 bits of 2 mg, to the left.
            bytes.copy_from_slice(&((mg / 2) << 4).to_le_bytes());
        }
        self.measured += 1;
    }

    /// Whether this transaction fails.
    fn fails(&mut self) -> bool {
        let Some(outage) = self.outages.first().filter(|outage| outage.after <= self.measured) else { return false };
        if self.failed == 0 && outage.reset {
            self.reset();
        }
        if self.failed < outage.transactions {
            self.failed += 1;
            return true;
        }
        self.failed = 0;
        self.outages = self.outages.get(1..).unwrap_or_default();
        false
    }

    fn read(&mut self, address: u8) -> u8 {
        let registers: &[u8] = if address == ACCELEROMETER { &self.registers } else { &self.magnetometer };
        let value = registers.get(self.pointer).copied().unwrap_or_default();
        let value = match (address, self.pointer) {
            (ACCELEROMETER, STATUS) if self.measures() => NEW_SAMPLE | 0x07,
            (ACCELEROMETER, OUT_X_L) => {
                if self.measures() {
                    self.measure();
                }
                self.registers.get(OUT_X_L).copied().unwrap_or_default()
            }
            _ => value,
        };
        self.pointer += usize::from(self.increments);
        value
    }

    fn write(&mut self, address: u8, bytes: &[u8]) {
        let Some((pointer, values)) = bytes.split_first() else { return };
        self.increments = pointer & AUTO_INCREMENT != 0;
        self.pointer = usize::from(pointer & !AUTO_INCREMENT);
        for value in values {
            let registers: &mut [u8] =
                if address == ACCELEROMETER { &mut self.registers } else { &mut self.magnetometer };
            if let Some(register) = registers.get_mut(self.pointer) {
                *register = *value;
            }
            self.pointer += usize::from(self.increments);
        }
    }
}

impl ErrorType for Accelerometer<'_> {
    type Error = ErrorKind;
}

impl I2c for Accelerometer<'_> {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        if self.fails() || ![ACCELEROMETER, MAGNETOMETER].contains(&address) {
            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        }
        for operation in operations {
            match operation {
                Operation::Write(bytes) => self.write(address, bytes),
                Operation::Read(bytes) => bytes.iter_mut().for_each(|byte| *byte = self.read(address)),
            }
        }
        Ok(())
    }
}
