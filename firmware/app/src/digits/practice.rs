//! What on-device learning needs in practice, on the same digits: the digit 9 is new and arrives midway, samples are remembered
//! and repeated, others are held out, the answer is calibrated and may be `unknown`, the head is saved, restored and turned into
//! integers.

use gradient_decay::quantized::{Quantization, QuantizedHead};
use gradient_decay::{Answer, GrowingHead, Quantized, Readout, Replay, State, checkpoint};

use super::device::Error;
use super::model::{CLASSES, FEATURES, Head, Hidden, Sample, extract};
use super::session::TUNER;
use crate::checksum;

/// The steps on remembered samples with each new one.
const REHEARSALS: u32 = 2;

/// Every so many samples, one is held out: not learned from, but calibrated on. The digits come in turn, so that a divisor of ten
/// would hold out the same ones.
const HOLD_OUT: usize = 7;

/// The halvings that fit the temperature, and the probability below which an answer is `unknown`.
const FIT_STEPS: u32 = 16;
const THRESHOLD: f32 = 0.5;

/// What the device keeps in RAM: 10,872 bytes.
pub struct Practice {
    head: GrowingHead<CLASSES, FEATURES>,
    state: State,
    memory: Replay<CLASSES, 8, FEATURES, Quantized<FEATURES>>,
    held_out: Replay<CLASSES, 4, FEATURES, Quantized<FEATURES>>,
    readout: Readout,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PracticeReport {
    /// Test samples.
    pub tested: u32,
    /// Those that were answered, the others being unknown.
    pub answered: u32,
    /// Those of them that were right.
    pub right: u32,
    /// The temperature that was fitted.
    pub temperature: f32,
    /// Test samples that the head in integers reads right, and the one in float, unknown or not.
    pub right_in_integers: u32,
    /// The same in float.
    pub right_in_float: u32,
    /// The CRC-32 of a checkpoint that restored the same head.
    pub checkpoint_crc: u32,
}

impl Practice {
    /// A device that was trained on the digits 0 to 8, by a head trained on all: the row of the 9 is left out.
    ///
    /// # Errors
    /// None with ten classes.
    pub fn new(head: Head) -> Result<Self, Error> {
        Ok(Practice {
            head: GrowingHead::from_head(head, CLASSES - 1)?,
            state: State::new(),
            memory: Replay::new(1),
            held_out: Replay::new(2),
            readout: Readout::new().with_threshold(THRESHOLD),
        })
    }

    /// Learns from `stream` once, and is measured on `test`.
    ///
    /// # Errors
    /// The first error of the head ends it.
    pub fn run(&mut self, hidden: &Hidden, stream: &[Sample], test: &[Sample]) -> Result<PracticeReport, Error> {
        let mut features = [0.0; FEATURES];
        for (count, sample) in stream.iter().enumerate() {
            extract(hidden, &sample.pixels, &mut features)?;
            self.learn(&features, usize::from(sample.label), count % HOLD_OUT == HOLD_OUT - 1)?;
        }
        self.readout = self.readout.fitted(self.head.head(), &self.held_out, FIT_STEPS)?;

        let small = self.in_integers()?;
        let mut report = PracticeReport {
            tested: test.len() as u32,
            answered: 0,
            right: 0,
            temperature: self.readout.temperature(),
            right_in_integers: 0,
            right_in_float: 0,
            checkpoint_crc: self.checkpoint()?,
        };
        for sample in test {
            extract(hidden, &sample.pixels, &mut features)?;
            let label = usize::from(sample.label);
            let (Answer::Class(prediction) | Answer::Unknown(prediction)) =
                self.readout.answer(self.head.head(), &features)?;
            report.right_in_float += u32::from(prediction.class == label);
            if prediction.probability >= THRESHOLD {
                report.answered += 1;
                report.right += u32::from(prediction.class == label);
            }
            let bytes = features.map(|x| small.input().quantize(x));
            report.right_in_integers += u32::from(small.predict(&bytes) == label);
        }
        Ok(report)
    }

    fn learn(&mut self, features: &[f32; FEATURES], label: usize, hold_out: bool) -> Result<(), Error> {
        let Practice { head, state, memory, held_out, .. } = self;
        if label >= head.active() {
            head.add_class(&[*features])?;
        }
        if hold_out {
            return Ok(held_out.insert(features, label)?);
        }
        TUNER.step_growing(head, state, features, label)?;
        memory.rehearse(REHEARSALS, |features, class| TUNER.step_growing(head, state, features, class).is_ok());
        Ok(memory.insert(features, label)?)
    }

    /// The head in integers, for the features and logits of the remembered samples.
    fn in_integers(&self) -> Result<QuantizedHead<CLASSES, FEATURES>, Error> {
        let (mut largest, mut largest_logit) = (0.0, 0.0);
        let mut logits = [0.0; CLASSES];
        let mut result = Ok(());
        self.memory.for_each(|features, _| {
            let more = |most: f32, x: &f32| if x.abs() > most { x.abs() } else { most };
            largest = features.iter().fold(largest, more);
            match self.head.head().logits(features, &mut logits) {
                Ok(()) => largest_logit = logits.iter().fold(largest_logit, more),
                Err(error) => result = Err(error),
            }
        });
        result?;
        // Features behind a ReLU start at 0; logits lie on both sides of it.
        let input = Quantization::try_new(largest / 255.0, -128)?;
        Ok(QuantizedHead::new(self.head.head(), input, Quantization::try_new(largest_logit / 127.0, 0)?)?)
    }

    /// Writes a checkpoint, reads it back, and returns its CRC-32.
    fn checkpoint(&self) -> Result<u32, Error> {
        let mut bytes = [0; checkpoint::size(CLASSES, FEATURES, false)];
        checkpoint::write(self.head.head(), &self.state, &self.readout, &mut bytes)?;
        let (mut head, mut state, mut readout) = (Head::new(), State::new(), Readout::new());
        checkpoint::read(&bytes, &mut head, &mut state, &mut readout)?;
        let same = head == *self.head.head() && state == self.state && readout == self.readout;
        // Without the CRC at its end: over both, every checkpoint has the same.
        let content = bytes.get(..bytes.len() - 4).unwrap_or_default();
        if same { Ok(checksum::of_bytes(content)) } else { Err(Error::NotRestored) }
    }
}
