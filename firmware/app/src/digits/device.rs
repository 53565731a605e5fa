//! A device that infers and learns, with a lamp that shows whether its recent predictions were right.

use core::fmt;

use embedded_hal::digital::{OutputPin, PinState};
use gradient_decay::{FineTuner, Learner, Prediction, Step};
use heapless::HistoryBuf;

use super::model::{FEATURES, Head, Hidden, PIXELS, Sample, extract};

/// The number of recent labelled samples that the lamp shows.
const RECENT: usize = 32;

/// The device: a frozen hidden layer, a head that learns, and a lamp that is lit while nine of ten of the last 32
/// labelled samples were predicted right before they were learned from.
pub struct Device<'a, L> {
    hidden: &'a Hidden,
    learner: &'a mut Learner<Head>,
    tuner: FineTuner,
    recent: HistoryBuf<bool, RECENT>,
    lamp: L,
}

/// The error of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Error {
    /// The sample was refused; nothing was learned from it.
    Sample(gradient_decay::Error),
    /// The lamp could not be switched. The sample has been learned.
    Lamp,
    /// A checkpoint did not restore the learner that it was written from.
    NotRestored,
}

impl<'a, L: OutputPin> Device<'a, L> {
    /// A device that continues with this learner.
    pub fn new(hidden: &'a Hidden, learner: &'a mut Learner<Head>, tuner: FineTuner, lamp: L) -> Self {
        Device { hidden, learner, tuner, recent: HistoryBuf::new(), lamp }
    }

    /// The digit that the device takes an image for.
    ///
    /// # Errors
    /// [`Error::Sample`] if the network leaves the range of f32.
    pub fn infer(&self, pixels: &[u8; PIXELS]) -> Result<Prediction, Error> {
        Ok(self.learner.head().predict(&self.features(pixels)?)?)
    }

    /// Learns from a labelled sample; reports the prediction before.
    ///
    /// # Errors
    /// [`Error::Sample`] if the label is not a class or the network leaves the range of f32, [`Error::Lamp`] if the
    /// lamp fails.
    pub fn learn(&mut self, sample: &Sample) -> Result<Step<'_>, Error> {
        let features = self.features(&sample.pixels)?;
        let label = usize::from(sample.label);
        let step = self.learner.learn(&self.tuner, &features, label)?;
        self.recent.write(step.class() == label);
        self.lamp.set_state(PinState::from(does_well(&self.recent))).map_err(|_| Error::Lamp)?;
        Ok(step)
    }

    /// Whether the lamp is lit: at least nine of ten of the last 32 labelled samples were predicted right.
    pub fn does_well(&self) -> bool {
        does_well(&self.recent)
    }

    /// The head as it is now.
    pub fn head(&self) -> &Head {
        self.learner.head()
    }

    /// The features that the head sees of an image.
    ///
    /// # Errors
    /// As [`infer`](Self::infer).
    pub fn features(&self, pixels: &[u8; PIXELS]) -> Result<[f32; FEATURES], Error> {
        let mut features = [0.0; FEATURES];
        extract(self.hidden, pixels, &mut features)?;
        Ok(features)
    }
}

fn does_well(recent: &HistoryBuf<bool, RECENT>) -> bool {
    let right = recent.as_slice().iter().filter(|right| **right).count();
    recent.is_full() && right * 10 >= RECENT * 9
}

impl From<gradient_decay::Error> for Error {
    fn from(error: gradient_decay::Error) -> Self {
        Error::Sample(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Sample(error) => write!(f, "the sample was refused: {error}"),
            Error::NotRestored => f.write_str("the checkpoint did not restore the learner: its memory is at fault"),
            Error::Lamp => f.write_str("the lamp could not be switched: check its wiring"),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digits::{HIDDEN, TUNER, trained_head, trained_learner};
    use embedded_hal_mock::eh1::digital::{Mock, State as Level, Transaction};
    use gradient_decay::State;
    use std::vec::Vec;

    /// An image with one bright column, unlike any digit.
    fn column(i: usize) -> [u8; PIXELS] {
        core::array::from_fn(|pixel| if pixel % 8 == i { 16 } else { 0 })
    }

    #[test]
    fn the_lamp_goes_on_when_the_device_has_learned() {
        let mut learner = trained_learner();
        let mut expected = [Level::Low; 60];
        // Two images labelled 3 and 8: predictions are wrong until they are learned.
        let samples: Vec<Sample> =
            (0..60).map(|i| Sample { pixels: column(1 + 5 * (i % 2)), label: [3, 8][i % 2] }).collect();
        let mut right = HistoryBuf::<bool, RECENT>::new();
        let mut shadow = trained_head();
        let mut state = State::new();
        for (sample, level) in samples.iter().zip(&mut expected) {
            let mut features = [0.0; FEATURES];
            extract(&HIDDEN, &sample.pixels, &mut features).unwrap();
            let step = TUNER.step(&mut shadow, &mut state, &features, usize::from(sample.label)).unwrap();
            right.write(step.class() == usize::from(sample.label));
            let count = right.as_slice().iter().filter(|right| **right).count();
            if right.len() == RECENT && count >= 29 {
                *level = Level::High;
            }
        }
        assert_eq!((expected[0], expected[59]), (Level::Low, Level::High));

        let mut lamp = Mock::new(&expected.map(Transaction::set));
        let mut device = Device::new(&HIDDEN, &mut learner, TUNER, lamp.clone());
        for sample in &samples {
            device.learn(sample).unwrap();
        }
        assert!(device.does_well());
        assert_eq!(device.infer(&column(1)).unwrap().class, 3);
        assert_eq!(device.head(), &shadow);
        lamp.done();
    }

    #[test]
    fn a_label_that_is_no_digit_is_refused_and_changes_nothing() {
        let mut learner = trained_learner();
        let mut lamp = Mock::new(&[]);
        let mut device = Device::new(&HIDDEN, &mut learner, TUNER, lamp.clone());
        let error = device.learn(&Sample { pixels: [3; PIXELS], label: 10 }).unwrap_err();
        assert_eq!(error, Error::Sample(gradient_decay::Error::Target { target: 10, classes: 10 }));
        assert_eq!(device.head(), &trained_head());
        lamp.done();
    }

    #[test]
    fn a_broken_lamp_does_not_stop_learning() {
        use embedded_hal_mock::eh1::MockError;
        let broken = Transaction::set(Level::Low).with_error(MockError::Io(std::io::ErrorKind::NotConnected));
        let mut learner = trained_learner();
        let mut lamp = Mock::new(&[broken]);
        let mut device = Device::new(&HIDDEN, &mut learner, TUNER, lamp.clone());
        assert_eq!(device.learn(&Sample { pixels: column(2), label: 1 }).err(), Some(Error::Lamp));
        assert_ne!(device.head(), &trained_head());
        lamp.done();
    }
}
