//! The demonstration: measure, learn from a stream of labelled samples, measure again.

use embedded_hal::digital::OutputPin;
use gradient_decay::{BetaSchedule, FineTuner, Sgd, Step};

use crate::checksum;

use super::device::{Device, Error};
use super::model::{Head, Sample};

/// The settings of learning: beta rises from 0.01 to 1 over the first 150 samples.
pub const TUNER: FineTuner = FineTuner::new(BetaSchedule::geometric(0.01, 1.0, 150), Sgd::new(0.05));

/// The result of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Report {
    /// The number of test samples predicted right before learning.
    pub right_before: u32,
    /// The number of test samples predicted right after learning.
    pub right_after: u32,
    /// Test samples.
    pub tested: u32,
    /// Samples that were learned from.
    pub learned: u32,
    /// The CRC-32 of the head's parameters after learning, as little-endian bytes in the order of `export`.
    pub head_crc: u32,
}

/// Measures the device on `test`, lets it learn from `stream` once, sample by sample, and measures again. `observe`
/// sees every step with its number.
///
/// # Errors
/// The first error of the device ends the session.
pub fn run<L: OutputPin>(
    device: &mut Device<'_, L>,
    stream: &[Sample],
    test: &[Sample],
    mut observe: impl FnMut(u32, &Step<'_>),
) -> Result<Report, Error> {
    let right_before = count_right(device, test)?;
    let mut learned = 0;
    for sample in stream {
        let step = device.learn(sample)?;
        learned += 1;
        observe(learned, &step);
    }
    let right_after = count_right(device, test)?;
    Ok(Report { right_before, right_after, tested: test.len() as u32, learned, head_crc: crc(device.head())? })
}

fn count_right<L: OutputPin>(device: &Device<'_, L>, test: &[Sample]) -> Result<u32, Error> {
    test.iter().try_fold(0, |right, sample| {
        let prediction = device.infer(&sample.pixels)?;
        Ok(right + u32::from(prediction.class == usize::from(sample.label)))
    })
}

fn crc(head: &Head) -> Result<u32, Error> {
    let mut parameters = [0.0; Head::PARAMETERS];
    head.export(&mut parameters)?;
    Ok(checksum::of_floats(&parameters))
}
