//! Sampling: the interrupt's part. It reads the accelerometer and puts a [`Reading`] into a queue, whatever happens.
//!
//! The sensor is an ST LSM303AGR, which the BBC micro:bit v2 and newer STM32F411E-DISCO boards have, and which is to be had
//! on a breakout board; the driver is the crate `lsm303agr`.

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorKind, I2c};
use heapless::spsc::{Producer, Queue};
use lsm303agr::interface::I2cInterface;
use lsm303agr::mode::MagOneShot;
use lsm303agr::{AccelMode, AccelOutputDataRate, AccelScale, Error, Lsm303agr};

/// The number of samples per second, and so of calls of [`Sampler::sample`].
pub const RATE: u32 = 50;

/// An acceleration in units of g/1000: x, y and z, each in [-4096, 4096).
pub type Acceleration = [i16; 3];

/// A reading that the interrupt leaves for the main loop: a sample, or why there is none.
pub type Reading = Result<Acceleration, SensorFault>;

/// The queue between them. It holds 31 readings, so the main loop may be busy for 0.6 s.
pub type Readings = Queue<Reading, 32>;

/// Why there is no sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SensorFault {
    /// The bus failed: nobody answered, it was disturbed, or it timed out.
    Bus(ErrorKind),
    /// The chip that answers is not an LSM303AGR.
    Identity,
    /// The sensor answers but has no new sample: it was reset, or it hangs.
    Stale,
    /// The main loop was busy for too long: this many readings found no room in the queue.
    Overrun(u16),
}

/// Readings that fail in a row before the sensor is set up anew, and then between two attempts.
const PATIENCE: u16 = 3;
const RETRY: u16 = RATE as u16;

/// Readings that are left out after the sensor was set up from within the interrupt, which cannot wait: 160 ms.
const SETTLING: u8 = 8;

/// The accelerometer, and the end of the queue that is filled. Its owner is the interrupt.
pub struct Sampler<'a, I> {
    driver: Lsm303agr<I2cInterface<I>, MagOneShot>,
    queue: Producer<'a, Reading>,
    /// Readings that may fail until the sensor is set up anew.
    patience: u16,
    settling: u8,
    overrun: u16,
}

impl<'a, I: I2c> Sampler<'a, I> {
    /// Sets up the sensor. If that fails, the first readings say so, and it is tried again every second.
    pub fn new(i2c: I, queue: Producer<'a, Reading>, delay: &mut impl DelayNs) -> Self {
        let mut sampler =
            Sampler { driver: Lsm303agr::new_with_i2c(i2c), queue, patience: PATIENCE, settling: 0, overrun: 0 };
        if let Err(fault) = sampler.set_up(delay) {
            sampler.patience = PATIENCE - 1;
            sampler.put(Err(fault));
        }
        sampler
    }

    /// Takes one reading. To be called by the interrupt, [`RATE`] times a second; takes as long as 8 bytes on the bus.
    pub fn sample(&mut self) {
        if self.settling > 0 {
            self.settling -= 1;
            return self.put(Err(SensorFault::Stale));
        }
        let set_up = self.patience == 0;
        let reading = if set_up {
            // The driver's waiting time is counted in readings.
            self.set_up(&mut NoDelay).and_then(|()| {
                self.settling = SETTLING;
                Err(SensorFault::Stale)
            })
        } else {
            self.read()
        };
        self.patience = match reading {
            Ok(_) => PATIENCE,
            Err(_) if self.settling > 0 => PATIENCE,
            Err(_) if set_up => RETRY - 1,
            Err(_) => self.patience - 1,
        };
        self.put(reading);
    }

    fn read(&mut self) -> Reading {
        // The sensor measures twice as often as it is read, so that a new sample is always there.
        if !self.driver.accel_status().map_err(fault)?.xyz_new_data() {
            return Err(SensorFault::Stale);
        }
        let sample = self.driver.acceleration().map_err(fault)?;
        // 12 bits of 2 mg a digit.
        Ok([sample.x_mg(), sample.y_mg(), sample.z_mg()].map(|mg| mg as i16))
    }

    fn set_up(&mut self, delay: &mut impl DelayNs) -> Result<(), SensorFault> {
        if !self.driver.accelerometer_id().map_err(fault)?.is_correct() {
            return Err(SensorFault::Identity);
        }
        self.driver.init().map_err(fault)?;
        self.driver.set_accel_scale(AccelScale::G4).map_err(fault)?;
        let (mode, rate) = (AccelMode::HighResolution, AccelOutputDataRate::Hz100);
        self.driver.set_accel_mode_and_odr(delay, mode, rate).map_err(fault)
    }

    /// Leaves a reading in the queue. What finds no room is counted, and told as soon as there is some.
    fn put(&mut self, reading: Reading) {
        if self.overrun > 0 && self.queue.enqueue(Err(SensorFault::Overrun(self.overrun))).is_ok() {
            self.overrun = 0;
        }
        if self.queue.enqueue(reading).is_err() {
            self.overrun = self.overrun.saturating_add(1);
        }
    }
}

fn fault<E: embedded_hal::i2c::Error>(error: Error<E>) -> SensorFault {
    match error {
        Error::Comm(error) => SensorFault::Bus(error.kind()),
        // Not with the settings above.
        Error::InvalidInputData => SensorFault::Identity,
    }
}

struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _ns: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::i2c::NoAcknowledgeSource;
    use embedded_hal_mock::eh1::delay::NoopDelay;
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
    use std::vec;
    use std::vec::Vec;

    const ADDRESS: u8 = 0x19;
    const WHO_AM_I: u8 = 0x0f;

    /// The writes of the driver that set the sensor up, after it has seen who it is: registers and values of the data sheet.
    fn set_up() -> Vec<Transaction> {
        let write = |address, register, value| Transaction::write(address, vec![register, value]);
        vec![
            Transaction::write_read(ADDRESS, vec![WHO_AM_I], vec![0x33]),
            write(ADDRESS, 0x23, 0x80), // CTRL_REG4: block data update
            write(ADDRESS, 0x1f, 0xc0), // TEMP_CFG: on
            write(0x1e, 0x62, 0x10),    // CFG_REG_C of the magnetometer: block data update
            write(ADDRESS, 0x23, 0x90), // CTRL_REG4: 4 g
            write(ADDRESS, 0x20, 0x57), // CTRL_REG1: 100 Hz, all axes
            write(ADDRESS, 0x23, 0x98), // CTRL_REG4: high resolution
        ]
    }

    fn status(new: bool) -> Transaction {
        Transaction::write_read(ADDRESS, vec![0x27], vec![if new { 0x0f } else { 0 }])
    }

    fn output(bytes: [u8; 6]) -> Transaction {
        Transaction::write_read(ADDRESS, vec![0xa8], bytes.to_vec())
    }

    /// The readings that the transactions give.
    fn readings(transactions: &[Transaction], samples: usize) -> Vec<Reading> {
        let mut queue = Readings::new();
        let (producer, mut consumer) = queue.split();
        let mut bus = Mock::new(transactions);
        let mut sampler = Sampler::new(bus.clone(), producer, &mut NoopDelay::new());
        (0..samples).for_each(|_| sampler.sample());
        bus.done();
        core::iter::from_fn(|| consumer.dequeue()).collect()
    }

    #[test]
    fn samples_are_in_thousandths_of_g() {
        // 12 bits to the left, 2 mg each: 500, -500 and -2048 digits.
        let mut bus = set_up();
        bus.extend([status(true), output([0x40, 0x1f, 0xc0, 0xe0, 0x00, 0x80])]);
        assert_eq!(readings(&bus, 1), [Ok([1000, -1000, -4096])]);
    }

    #[test]
    fn another_chip_is_refused_and_asked_again_after_a_second() {
        let other = || Transaction::write_read(ADDRESS, vec![WHO_AM_I], vec![0x41]);
        let mut bus = vec![other()];
        // Two readings of the three that make it lose patience, of a sensor that was not set up.
        bus.extend([status(false), status(false), other()]);
        let found = readings(&bus, 3);
        let stale = Err(SensorFault::Stale);
        assert_eq!(found, [Err(SensorFault::Identity), stale, stale, Err(SensorFault::Identity)]);
    }

    #[test]
    fn a_time_out_is_told_and_the_next_sample_is_read() {
        let time_out = ErrorKind::Other;
        let mut bus = set_up();
        bus.extend([status(true).with_error(time_out), status(true), output([0; 6]).with_error(ErrorKind::Bus)]);
        bus.extend([status(true), output([0; 6])]);
        assert_eq!(
            readings(&bus, 3),
            [Err(SensorFault::Bus(time_out)), Err(SensorFault::Bus(ErrorKind::Bus)), Ok([0; 3])]
        );
    }

    #[test]
    fn a_sensor_that_does_not_answer_is_set_up_when_it_does() {
        let nobody = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
        let silent = || Transaction::write_read(ADDRESS, vec![WHO_AM_I], vec![0x33]).with_error(nobody);
        let mut bus = vec![silent(), status(true).with_error(nobody), status(true).with_error(nobody), silent()];
        // A second of readings, then the sensor is there.
        bus.extend((0..RETRY - 1).map(|_| status(true).with_error(nobody)));
        bus.extend(set_up());
        bus.extend([status(true), output([0; 6])]);
        let samples = 3 + usize::from(RETRY) - 1 + 1 + usize::from(SETTLING) + 1;
        let mut queue = Readings::new();
        let (producer, mut consumer) = queue.split();
        let mut mock = Mock::new(&bus);
        let mut sampler = Sampler::new(mock.clone(), producer, &mut NoopDelay::new());
        let mut last = None;
        for _ in 0..samples {
            sampler.sample();
            while let Some(reading) = consumer.dequeue() {
                last = Some(reading);
            }
        }
        mock.done();
        assert_eq!(last, Some(Ok([0; 3])));
    }
}
