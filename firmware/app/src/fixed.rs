//! A linear head in integers behind the [`link`](crate::link), for cores without FPU.

use gradient_decay::calibration::Summary;
use gradient_decay::{
    Answer, Calibration, Error, FineTuner, FixedHead, FixedRate, Learner, LinearHead, Parts, Quantizer, Readout, Replay,
};
use gradient_decay_link::Arithmetic;

use crate::learner::{MEMORY_SEED, REHEARSALS, REMEMBERED};
use crate::link::{Import, Learned, Served};

/// The learner of a [`FixedDevice`]: `CLASSES * (6 FEATURES + 16) + 212` bytes, rounded up to 8.
pub type FixedLearner<const CLASSES: usize, const FEATURES: usize> =
    Learner<FixedHead<CLASSES, FEATURES>, Parts<Quantizer, Memory<CLASSES, FEATURES>, (), Calibration<10>, Readout>>;

/// The samples that it remembers.
type Memory<const CLASSES: usize, const FEATURES: usize> = Replay<CLASSES, REMEMBERED, [i8; FEATURES]>;

/// The seed of the rounding.
const ROUNDING_SEED: u32 = 1;

/// Features are taken in (-4, 4) by steps of 2^-5; what is beyond is cut off.
const EXPONENT: u32 = 5;

/// A learner and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedDevice<const CLASSES: usize, const FEATURES: usize> {
    /// The learner.
    pub learner: FixedLearner<CLASSES, FEATURES>,
    /// How.
    pub tuner: FineTuner<FixedRate>,
}

impl<const CLASSES: usize, const FEATURES: usize> FixedDevice<CLASSES, FEATURES> {
    /// One whose head is all zeros. It is large: for a static.
    pub const fn new(readout: Readout, tuner: FineTuner<FixedRate>) -> Self {
        let (preprocess, memory) = (Quantizer::new(EXPONENT, ()), Replay::new(MEMORY_SEED));
        let parts = Parts { preprocess, memory, guard: (), calibration: Calibration::new(), readout };
        FixedDevice { learner: Learner::new(FixedHead::new(EXPONENT, ROUNDING_SEED), parts), tuner }
    }
}

impl<const CLASSES: usize, const FEATURES: usize> Served<FEATURES> for FixedDevice<CLASSES, FEATURES> {
    fn steps(&self) -> u32 {
        self.learner.steps()
    }

    fn arithmetic(&self) -> Arithmetic {
        Arithmetic::Fixed
    }

    fn readout(&self) -> &Readout {
        &self.learner.parts().readout
    }

    fn calibration(&self) -> Option<Summary> {
        self.learner.parts().calibration.summary()
    }

    fn answer(&mut self, features: &[f32; FEATURES]) -> Result<Answer, Error> {
        self.learner.answer(features)
    }

    fn probabilities(&mut self, features: &[f32; FEATURES], probabilities: &mut [f32]) -> Result<Answer, Error> {
        self.learner.probabilities(features, probabilities)
    }

    /// Then it repeats remembered samples.
    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Learned, Error> {
        let learned = Learned::from(&self.learner.learn(&self.tuner, features, class)?);
        self.learner.rehearse(&self.tuner, REHEARSALS);
        Ok(learned)
    }

    /// A step along a gradient is not taken back.
    fn take_back(&mut self, _: &[f32; FEATURES], _: usize) -> Result<bool, Error> {
        Ok(false)
    }

    // A linear head that no other call should have on its stack.
    #[inline(never)]
    fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        self.learner.head().to_head().export(parameters)
    }

    /// Each parameter to the nearest that the head's integers hold; [`Import::OutOfRange`] if one is beyond them all.
    #[inline(never)]
    fn import(&mut self, parameters: &[f32], steps: u32) -> Result<(), Import> {
        let mut head = LinearHead::<CLASSES, FEATURES>::new();
        head.import(parameters)?;
        for (index, parameter) in parameters.iter().enumerate() {
            let (most, limit) = if index < CLASSES * FEATURES {
                (FixedHead::<CLASSES, FEATURES>::MAX_WEIGHT, 8)
            } else {
                (FixedHead::<CLASSES, FEATURES>::MAX_BIAS, 16_000)
            };
            if parameter.abs() > most {
                return Err(Import::OutOfRange { index, limit });
            }
        }
        self.learner.replace(steps, |fixed| {
            *fixed = FixedHead::from_head(&head, EXPONENT, ROUNDING_SEED);
            Ok::<(), Error>(())
        })?;
        Ok(())
    }
}
