//! A linear head that learns by gradient decay behind the [`link`](crate::link), with a memory, a calibration and a read-out.

use gradient_decay::calibration::Summary;
use gradient_decay::{Answer, Calibration, Error, FineTuner, Learner, LinearHead, Parts, Quantized, Readout, Replay};

use crate::link::{Import, Learned, Served};

/// The learner of a [`LinearDevice`]: `CLASSES * (8 FEATURES + 32) + 200` bytes, rounded up to 8.
pub type LinearLearner<const CLASSES: usize, const FEATURES: usize> =
    Learner<LinearHead<CLASSES, FEATURES>, Parts<(), Memory<CLASSES, FEATURES>, (), Calibration<10>, Readout>>;

/// The samples that it remembers.
type Memory<const CLASSES: usize, const FEATURES: usize> =
    Replay<CLASSES, REMEMBERED, [f32; FEATURES], Quantized<FEATURES>>;

/// The samples remembered of each class, and those repeated with each new one.
pub(crate) const REMEMBERED: usize = 4;
pub(crate) const REHEARSALS: u32 = 6;

/// The seed of the memory.
pub(crate) const MEMORY_SEED: u32 = 1;

/// A learner and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearDevice<const CLASSES: usize, const FEATURES: usize> {
    /// The learner.
    pub learner: LinearLearner<CLASSES, FEATURES>,
    /// How.
    pub tuner: FineTuner,
}

impl<const CLASSES: usize, const FEATURES: usize> LinearDevice<CLASSES, FEATURES> {
    /// One that starts from this head. It is large: for a static.
    pub const fn new(head: LinearHead<CLASSES, FEATURES>, readout: Readout, tuner: FineTuner) -> Self {
        let memory = Replay::new(MEMORY_SEED);
        let parts = Parts { preprocess: (), memory, guard: (), calibration: Calibration::new(), readout };
        LinearDevice { learner: Learner::new(head, parts), tuner }
    }
}

impl<const CLASSES: usize, const FEATURES: usize> Served<FEATURES> for LinearDevice<CLASSES, FEATURES> {
    fn steps(&self) -> u32 {
        self.learner.steps()
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

    fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        self.learner.head().export(parameters)
    }

    fn import(&mut self, parameters: &[f32], steps: u32) -> Result<(), Import> {
        Ok(self.learner.replace(steps, |head| head.import(parameters))?)
    }
}
