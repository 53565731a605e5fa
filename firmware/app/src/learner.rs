//! The learner of a device: the library's [`Learner`] with a memory, a calibration and a read-out, in float or, for cores without FPU, in
//! integers.

use gradient_decay::{
    Calibration, Error, FineTuner, FixedHead, Learner, LinearHead, Memory, Parts, Preprocess, Quantized, Quantizer,
    Readout, Replay, Saved, Step, Train,
};
use gradient_decay_link::Arithmetic;

/// A head that a device infers and learns with, whatever its arithmetic, and the parts of a learner that go with it.
pub trait DeviceHead<const CLASSES: usize, const FEATURES: usize>: Train + Saved + Sized {
    /// How it computes.
    const ARITHMETIC: Arithmetic;
    /// The part that makes its features of those in float.
    type Preprocess: Preprocess<Self::Features, Input = [f32; FEATURES]> + Saved;
    /// The memory of its learner.
    type Memory: Memory<Self::Features> + Saved;

    /// Copies all parameters out in float, `CLASSES * (FEATURES + 1)` of them: the weights row by row, then the biases.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many; they are then unchanged.
    fn export(&self, parameters: &mut [f32]) -> Result<(), Error>;

    /// Takes over all parameters, in the order of [`export`](Self::export); all else is as with a new head.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many, [`Error::NotFinite`] if one is NaN or infinite; the head is then unchanged.
    fn import(&mut self, parameters: &[f32]) -> Result<(), Error>;

    /// Learns a labelled sample, then repeats remembered ones. Returns what `report` makes of the step on the new one.
    ///
    /// # Errors
    /// As [`Learner::learn`]; nothing is then changed.
    fn learn<T>(
        learner: &mut DeviceLearner<Self, CLASSES, FEATURES>,
        tuner: &FineTuner<Self::Optimizer>,
        features: &[f32; FEATURES],
        class: usize,
        report: impl FnOnce(&Step<'_, Self::Number>) -> T,
    ) -> Result<T, Error> {
        let told = report(&learner.learn(tuner, features, class)?);
        learner.rehearse(tuner, REHEARSALS);
        Ok(told)
    }
}

/// The learner of a device with such a head.
pub type DeviceLearner<H, const CLASSES: usize, const FEATURES: usize> = Learner<
    H,
    Parts<
        <H as DeviceHead<CLASSES, FEATURES>>::Preprocess,
        <H as DeviceHead<CLASSES, FEATURES>>::Memory,
        (),
        Calibration<BINS>,
        Readout,
    >,
>;

/// A learner in float: `CLASSES * (8 FEATURES + 32) + 200` bytes, rounded up to 8.
pub type FloatLearner<const CLASSES: usize, const FEATURES: usize> =
    DeviceLearner<LinearHead<CLASSES, FEATURES>, CLASSES, FEATURES>;

/// A learner in integers: `CLASSES * (6 FEATURES + 16) + 212` bytes, rounded up to 8. Features are taken in [-4, 4) by steps of
/// 1/32; what is beyond is cut off.
pub type FixedLearner<const CLASSES: usize, const FEATURES: usize> =
    DeviceLearner<FixedHead<CLASSES, FEATURES>, CLASSES, FEATURES>;

/// The samples remembered of each class, and those repeated with each new one.
const REMEMBERED: usize = 4;
const REHEARSALS: u32 = 6;

/// The seeds of the memory and of the rounding.
const MEMORY_SEED: u32 = 1;
const ROUNDING_SEED: u32 = 1;

/// Features in integers are multiples of 2^-5.
const EXPONENT: u32 = 5;

/// The bins of the calibration.
const BINS: usize = 10;

/// A learner in float that starts from this head. It is large: for a static.
pub const fn float<const CLASSES: usize, const FEATURES: usize>(
    head: LinearHead<CLASSES, FEATURES>,
    readout: Readout,
) -> FloatLearner<CLASSES, FEATURES> {
    let memory = Replay::new(MEMORY_SEED);
    Learner::new(head, Parts { preprocess: (), memory, guard: (), calibration: Calibration::new(), readout })
}

/// A learner in integers whose head is all zeros. It is large: for a static.
pub const fn fixed<const CLASSES: usize, const FEATURES: usize>(readout: Readout) -> FixedLearner<CLASSES, FEATURES> {
    let (preprocess, memory) = (Quantizer::new(EXPONENT, ()), Replay::new(MEMORY_SEED));
    let parts = Parts { preprocess, memory, guard: (), calibration: Calibration::new(), readout };
    Learner::new(FixedHead::new(EXPONENT, ROUNDING_SEED), parts)
}

impl<const CLASSES: usize, const FEATURES: usize> DeviceHead<CLASSES, FEATURES> for LinearHead<CLASSES, FEATURES> {
    const ARITHMETIC: Arithmetic = Arithmetic::Float;
    type Preprocess = ();
    type Memory = Replay<CLASSES, REMEMBERED, [f32; FEATURES], Quantized<FEATURES>>;

    fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        LinearHead::export(self, parameters)
    }

    fn import(&mut self, parameters: &[f32]) -> Result<(), Error> {
        LinearHead::import(self, parameters)
    }
}

impl<const CLASSES: usize, const FEATURES: usize> DeviceHead<CLASSES, FEATURES> for FixedHead<CLASSES, FEATURES> {
    const ARITHMETIC: Arithmetic = Arithmetic::Fixed;
    type Preprocess = Quantizer;
    type Memory = Replay<CLASSES, REMEMBERED, [i8; FEATURES]>;

    fn export(&self, parameters: &mut [f32]) -> Result<(), Error> {
        self.to_head().export(parameters)
    }

    fn import(&mut self, parameters: &[f32]) -> Result<(), Error> {
        let mut head = LinearHead::<CLASSES, FEATURES>::new();
        head.import(parameters)?;
        *self = FixedHead::from_head(&head, EXPONENT, ROUNDING_SEED);
        Ok(())
    }
}
