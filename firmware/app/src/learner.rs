//! What learns: a head with its optimizer and its memory, in float or, for cores without FPU, in integers.

use gradient_decay::calibration::Summary;
use gradient_decay::error::Slice;
use gradient_decay::fixed::{FixedHead, FixedState, FixedTuner};
use gradient_decay::{
    Answer, BetaSchedule, Calibration, Error, FineTuner, Libm, LinearHead, Prediction, Quantized, Readout, Replay,
    State, Step,
};

/// A head that infers and learns, whatever its arithmetic.
pub trait Learner<const CLASSES: usize, const FEATURES: usize> {
    /// How it computes.
    const ARITHMETIC: Arithmetic;

    /// The logits of a sample.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if a feature is NaN or infinite, or a logit leaves the range.
    fn logits(&self, features: &[f32; FEATURES]) -> Result<[f32; CLASSES], Error>;

    /// Learns a labelled sample, repeats remembered ones, and remembers it; reports the step on the new one.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is none, [`Error::NotFinite`] and [`Error::UpdateTooLarge`] as
    /// [`FineTuner::step`]. Nothing is then changed.
    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Step, Error>;

    /// The head in float, to save it or to send it.
    fn head(&self) -> LinearHead<CLASSES, FEATURES>;

    /// The steps taken: the position in the warm-up.
    fn steps(&self) -> u32;

    /// Takes over a head and its number of steps. All else is as with a new learner: nothing is remembered.
    fn restore(&mut self, head: &LinearHead<CLASSES, FEATURES>, steps: u32);
}

/// How a learner computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Arithmetic {
    /// f32.
    Float,
    /// Integers: features of 8 bits, weights of 16.
    Fixed,
}

/// The samples remembered of each class, and those repeated with each new one.
const REMEMBERED: usize = 4;
const REHEARSALS: u32 = 6;

/// What a memory's and a rounding's random numbers begin with.
const MEMORY_SEED: u32 = 1;
const ROUNDING_SEED: u32 = 1;

/// What a learner remembers: the features as bytes.
type Memory<const CLASSES: usize, const FEATURES: usize> = Replay<CLASSES, REMEMBERED, FEATURES, Quantized<FEATURES>>;

/// A learner in float: `CLASSES * (8 FEATURES + 24)` bytes, and at most 76 more.
pub struct FloatLearner<const CLASSES: usize, const FEATURES: usize> {
    tuner: FineTuner,
    head: LinearHead<CLASSES, FEATURES>,
    state: State,
    memory: Memory<CLASSES, FEATURES>,
}

impl<const CLASSES: usize, const FEATURES: usize> FloatLearner<CLASSES, FEATURES> {
    /// A learner that starts from this head.
    pub const fn new(tuner: FineTuner, head: LinearHead<CLASSES, FEATURES>) -> Self {
        FloatLearner { tuner, head, state: State::new(), memory: Memory::new(MEMORY_SEED) }
    }
}

impl<const CLASSES: usize, const FEATURES: usize> Learner<CLASSES, FEATURES> for FloatLearner<CLASSES, FEATURES> {
    const ARITHMETIC: Arithmetic = Arithmetic::Float;

    fn logits(&self, features: &[f32; FEATURES]) -> Result<[f32; CLASSES], Error> {
        let mut logits = [0.0; CLASSES];
        self.head.logits(features, &mut logits)?;
        Ok(logits)
    }

    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Step, Error> {
        let FloatLearner { tuner, head, state, memory } = self;
        Ok(tuner.step_with_replay(head, state, features, class, memory, REHEARSALS)?.step)
    }

    fn head(&self) -> LinearHead<CLASSES, FEATURES> {
        self.head.clone()
    }

    fn steps(&self) -> u32 {
        self.state.steps()
    }

    fn restore(&mut self, head: &LinearHead<CLASSES, FEATURES>, steps: u32) {
        self.head = head.clone();
        self.state.set_steps(steps);
        self.memory = Memory::new(MEMORY_SEED);
    }
}

/// A learner in integers: `CLASSES * (6 FEATURES + 20)` bytes, and at most 124 more. Features are taken in [-4, 4) by steps of 1/32; what is beyond is cut off.
pub struct FixedLearner<const CLASSES: usize, const FEATURES: usize> {
    tuner: FixedTuner,
    schedule: BetaSchedule,
    head: FixedHead<CLASSES, FEATURES>,
    state: FixedState,
    memory: Memory<CLASSES, FEATURES>,
}

/// Features are multiples of 2^-5.
const EXPONENT: u32 = 5;

impl<const CLASSES: usize, const FEATURES: usize> FixedLearner<CLASSES, FEATURES> {
    /// A learner whose head is all zeros, with this schedule and learning rate.
    pub const fn new(schedule: BetaSchedule, learning_rate: f32) -> Self {
        FixedLearner {
            tuner: FixedTuner::new(schedule, learning_rate),
            schedule,
            head: FixedHead::new(EXPONENT),
            state: FixedState::new(ROUNDING_SEED),
            memory: Memory::new(MEMORY_SEED),
        }
    }
}

impl<const CLASSES: usize, const FEATURES: usize> Learner<CLASSES, FEATURES> for FixedLearner<CLASSES, FEATURES> {
    const ARITHMETIC: Arithmetic = Arithmetic::Fixed;

    fn logits(&self, features: &[f32; FEATURES]) -> Result<[f32; CLASSES], Error> {
        check_finite(features)?;
        Ok(as_floats(self.head.logits(&self.head.quantize(features))))
    }

    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Step, Error> {
        check_finite(features)?;
        let FixedLearner { tuner, head, state, memory, .. } = self;
        let beta = self.schedule.at::<Libm>(state.steps()).beta();
        let quantized = head.quantize(features);
        let mut logits = as_floats(head.logits(&quantized));
        let step = tuner.step::<CLASSES, FEATURES, Libm>(head, state, &quantized, class)?;
        memory.rehearse(REHEARSALS, |features, class| {
            let quantized = head.quantize(features);
            tuner.step::<CLASSES, FEATURES, Libm>(head, state, &quantized, class).is_ok()
        });
        memory.insert(features, class)?;
        let (Answer::Class(prediction) | Answer::Unknown(prediction)) = Readout::new().answer_logits(&mut logits)?;
        Ok(Step { loss: step.loss(), beta, prediction: Prediction { class: step.class, ..prediction } })
    }

    fn head(&self) -> LinearHead<CLASSES, FEATURES> {
        self.head.to_head()
    }

    fn steps(&self) -> u32 {
        self.state.steps()
    }

    fn restore(&mut self, head: &LinearHead<CLASSES, FEATURES>, steps: u32) {
        self.head = FixedHead::from_head(head, EXPONENT);
        self.state = FixedState::new(ROUNDING_SEED);
        self.state.set_steps(steps);
        self.memory = Memory::new(MEMORY_SEED);
    }
}

/// Logits of a head in integers, which are in units of 2^-16.
fn as_floats<const CLASSES: usize>(logits: [i32; CLASSES]) -> [f32; CLASSES] {
    logits.map(|logit| logit as f32 / 65_536.0)
}

/// Integers have no NaN that would make itself felt.
fn check_finite(features: &[f32]) -> Result<(), Error> {
    match features.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::NotFinite { slice: Slice::Features, index }),
    }
}

/// A learner with its read-out, and the calibration of what it said of labelled samples before it learned them.
pub struct Classifier<L, const CLASSES: usize, const FEATURES: usize> {
    learner: L,
    readout: Readout,
    calibration: Calibration<BINS>,
}

/// The bins of the calibration.
const BINS: usize = 10;

impl<L: Learner<CLASSES, FEATURES>, const CLASSES: usize, const FEATURES: usize> Classifier<L, CLASSES, FEATURES> {
    /// A learner and how its logits become an answer.
    pub const fn new(learner: L, readout: Readout) -> Self {
        Classifier { learner, readout, calibration: Calibration::new() }
    }

    /// What a sample is.
    ///
    /// # Errors
    /// As [`Learner::logits`].
    pub fn answer(&self, features: &[f32; FEATURES]) -> Result<Answer, Error> {
        self.readout.answer_logits(&mut self.learner.logits(features)?)
    }

    /// Learns a labelled sample. What was said of it before counts for the calibration.
    ///
    /// # Errors
    /// As [`Learner::learn`]; nothing is then changed.
    pub fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Step, Error> {
        let mut probabilities = self.learner.logits(features)?;
        self.readout.answer_logits(&mut probabilities)?;
        let step = self.learner.learn(features, class)?;
        self.calibration.record(&probabilities, class)?;
        Ok(step)
    }

    /// Takes over a head. The calibration begins anew, being that of the head before.
    pub fn restore(&mut self, head: &LinearHead<CLASSES, FEATURES>, steps: u32) {
        self.learner.restore(head, steps);
        self.calibration = Calibration::new();
    }

    /// The learner.
    pub const fn learner(&self) -> &L {
        &self.learner
    }

    /// The read-out.
    pub const fn readout(&self) -> &Readout {
        &self.readout
    }

    /// The calibration over all labelled samples, `None` if there was none.
    pub fn calibration(&self) -> Option<Summary> {
        self.calibration.summary()
    }
}
