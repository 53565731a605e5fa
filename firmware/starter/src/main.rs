//! A device that learns: it improves with labelled samples, saves what it learned, and still knows it after a reset.
#![no_std]
#![no_main]

mod sensor;

use gradient_decay::{
    Answer, BetaSchedule, Contents, Error, FineTuner, Learner, LinearHead, Parts, Quantized, Replay, Sgd, Standardizer,
    checkpoint,
};
use semihosting::{eprintln, println, process};
use sensor::{CLASSES, FEATURES, Sensor};
use static_cell::ConstStaticCell;

/// Beta rises from 0.1 (a large margin) to 1 (no margin) over 100 steps. The settings are checked at compile time.
const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.1, 1.0, 100), Sgd::new(0.2));

type Memory = Replay<CLASSES, 8, [f32; FEATURES], Quantized<FEATURES>>;
type Device = Learner<LinearHead<CLASSES, FEATURES>, Parts<Standardizer<FEATURES>, Memory>>;

/// A new device. The first 50 readings will fix the units of its features.
const NEW: Device = Device::new(
    LinearHead::new(),
    Parts { preprocess: Standardizer::new(50), memory: Memory::new(1), guard: (), calibration: (), readout: () },
);

static DEVICE: ConstStaticCell<Device> = ConstStaticCell::new(NEW);
/// A stand-in for a page of flash: see `gradient_decay::Store`.
static FLASH: ConstStaticCell<[u8; checkpoint::bytes::<Device>()]> =
    ConstStaticCell::new([0xff; checkpoint::bytes::<Device>()]);

#[cortex_m_rt::entry]
fn main() -> ! {
    match run(DEVICE.take(), FLASH.take()) {
        Ok(true) => process::exit(0),
        Ok(false) => eprintln!("it did not get better, or forgot what it had learned"),
        Err(error) => eprintln!("{error}"),
    }
    process::exit(1)
}

/// Whether the device improved, and kept that over a reset.
fn run(device: &mut Device, flash: &mut [u8]) -> Result<bool, Error> {
    let mut sensor = Sensor::new(1);
    while !device.parts().preprocess.is_fixed() {
        device.observe(&sensor.read().0)?;
    }
    let before = right(device)?;
    println!("new: {before} of 300 right");

    for _ in 0..90 {
        let (features, label) = sensor.read();
        device.learn(&TUNER, &features, label)?;
        device.rehearse(&TUNER, 2); // or later, when the device is idle
    }
    let after = right(device)?;
    println!("after 90 labelled readings: {after} of 300 right");
    let bytes = checkpoint::write(device, Contents::ALL, flash)?;
    println!("saved: {bytes} bytes");

    *device = NEW; // a reset
    checkpoint::read(flash, device)?;
    let restored = right(device)?;
    println!("after a reset: {restored} of 300 right");
    Ok(before < 150 && after > 280 && restored == after)
}

/// The number of correct answers to 300 other readings.
fn right(device: &mut Device) -> Result<usize, Error> {
    let mut sensor = Sensor::new(2);
    let mut right = 0;
    for _ in 0..300 {
        let (features, label) = sensor.read();
        right += usize::from(matches!(device.answer(&features)?, Answer::Class(seen) if seen.class == label));
    }
    Ok(right)
}
