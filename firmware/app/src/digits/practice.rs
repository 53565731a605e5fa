//! On-device learning in practice, on the same digits: the digit 9 is a new class that arrives midway, samples are remembered
//! and rehearsed, others are held out, the answer is calibrated and may be `unknown`, the learner is saved and restored, and its head is
//! converted to integers.

use gradient_decay::checkpoint::{self, Contents};
use gradient_decay::quantized::{Quantization, QuantizedHead};
use gradient_decay::{Guard, Learner, Memory, Parts, Quantized, Readout, Replay};

use super::device::Error;
use super::model::{CLASSES, FEATURES, Head, Hidden, Sample, extract, trained_head};
use super::session::TUNER;
use crate::checksum;

/// The number of rehearsals with each new sample.
const REHEARSALS: u32 = 2;

/// One in this many samples is held out: it is not learned, but used for calibration. The digits come in turn, so a divisor of ten
/// would always hold out the same digits.
const HOLD_OUT: u32 = 7;

/// The margin in nats by which the loss on the samples held out may rise.
const MARGIN: f32 = 0.1;

/// The number of halvings that fit the temperature, and the probability below which an answer is `unknown`.
const FIT_STEPS: u32 = 16;
const THRESHOLD: f32 = 0.5;

/// Samples remembered of each digit, `SLOTS` at most.
type Samples<const SLOTS: usize> = Replay<CLASSES, SLOTS, [f32; FEATURES], Quantized<FEATURES>>;

/// The learner of the device: 10,968 bytes of RAM.
type Mine = Learner<Head, Parts<(), Samples<8>, Guard<Samples<4>>, (), Readout>>;

/// The device, a buffer for a checkpoint of 10,976 bytes, and the learner that is restored from it. It is large: put it in a static.
pub struct Practice {
    learner: Mine,
    checkpoint: [u8; checkpoint::bytes::<Mine>()],
    restored: Mine,
}

/// The result.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PracticeReport {
    /// The number of test samples.
    pub tested: u32,
    /// The number of test samples that were answered; the others were unknown.
    pub answered: u32,
    /// The number of right answers.
    pub right: u32,
    /// The temperature that was fitted.
    pub temperature: f32,
    /// The number of test samples that the head in integers predicts right, unknown or not.
    pub right_in_integers: u32,
    /// The same for the head in f32.
    pub right_in_float: u32,
    /// The CRC-32 of a checkpoint that restored the same learner.
    pub checkpoint_crc: u32,
}

const fn learner() -> Mine {
    let parts = Parts {
        preprocess: (),
        memory: Replay::new(1),
        guard: Guard::new(Replay::new(2), MARGIN, HOLD_OUT),
        calibration: (),
        readout: Readout::new().with_threshold(THRESHOLD),
    };
    Learner::new(trained_head(), parts)
}

impl Practice {
    /// A device with a head that was trained on all digits.
    pub const fn new() -> Self {
        Practice { learner: learner(), checkpoint: [0; _], restored: learner() }
    }

    /// Removes the row of the 9, as if the head had been trained on the digits 0 to 8, learns from `stream` once, and measures the head
    /// on `test`.
    ///
    /// # Errors
    /// The first error of the learner ends the run.
    pub fn run(&mut self, hidden: &Hidden, stream: &[Sample], test: &[Sample]) -> Result<PracticeReport, Error> {
        self.learner.replace(0, |head| head.truncate(CLASSES - 1))?;
        let mut features = [0.0; FEATURES];
        for sample in stream {
            extract(hidden, &sample.pixels, &mut features)?;
            self.learn(&features, usize::from(sample.label))?;
        }
        self.learner.fit_temperature(FIT_STEPS)?;

        let small = self.in_integers()?;
        let mut report = PracticeReport {
            tested: test.len() as u32,
            answered: 0,
            right: 0,
            temperature: self.learner.parts().readout.temperature(),
            right_in_integers: 0,
            right_in_float: 0,
            checkpoint_crc: self.checkpoint()?,
        };
        for sample in test {
            extract(hidden, &sample.pixels, &mut features)?;
            let label = usize::from(sample.label);
            let answer = self.learner.answer(&features)?;
            report.right_in_float += u32::from(answer.prediction().class == label);
            if let Some(class) = answer.class() {
                report.answered += 1;
                report.right += u32::from(class == label);
            }
            let bytes = features.map(|x| small.input().quantize(x));
            report.right_in_integers += u32::from(small.predict(&bytes)? == label);
        }
        Ok(report)
    }

    fn learn(&mut self, features: &[f32; FEATURES], label: usize) -> Result<(), Error> {
        if label >= self.learner.classes() {
            self.learner.add_class()?;
        }
        if self.learner.learn(&TUNER, features, label)?.learned() {
            self.learner.rehearse(&TUNER, REHEARSALS);
        }
        Ok(())
    }

    /// The head in integers, with scales from the features and logits of the remembered samples.
    fn in_integers(&self) -> Result<QuantizedHead<CLASSES, FEATURES>, Error> {
        let (mut largest, mut largest_logit) = (0.0, 0.0);
        let mut logits = [0.0; CLASSES];
        let mut result = Ok(());
        self.learner.parts().memory.for_each(|features, _| {
            let more = |most: f32, x: &f32| if x.abs() > most { x.abs() } else { most };
            largest = features.iter().fold(largest, more);
            match self.learner.head().logits(features, &mut logits) {
                Ok(()) => largest_logit = logits.iter().take(self.learner.classes()).fold(largest_logit, more),
                Err(error) => result = Err(error),
            }
        });
        result?;
        // Features after a ReLU start at 0; logits are on both sides of 0.
        let input = Quantization::try_new(largest / 255.0, -128)?;
        Ok(QuantizedHead::new(self.learner.head(), input, Quantization::try_new(largest_logit / 127.0, 0)?)?)
    }

    /// Writes a checkpoint, reads it back, and returns its CRC-32.
    fn checkpoint(&mut self) -> Result<u32, Error> {
        let Practice { learner, checkpoint, restored } = self;
        let length = checkpoint::write(learner, Contents::ALL, checkpoint)?;
        checkpoint::read(checkpoint, restored)?;
        let same = restored.head() == learner.head()
            && restored.steps() == learner.steps()
            && restored.parts() == learner.parts();
        // Without the CRC at its end: over content and CRC together, every checkpoint has the same CRC.
        let content = checkpoint.get(..length.saturating_sub(4)).unwrap_or_default();
        if same { Ok(checksum::of_bytes(content)) } else { Err(Error::NotRestored) }
    }
}

impl Default for Practice {
    fn default() -> Self {
        Self::new()
    }
}
