//! The learners that serve a host.

use gradient_decay::{Answer, Error, Number, Prediction, Readout, Step, calibration};
use gradient_decay_link::Arithmetic;

/// A learner that a host reads and drives: the [`LinearDevice`](crate::learner::LinearDevice), or that of the
/// [gestures](crate::gestures::Learner).
pub trait Served<const FEATURES: usize> {
    /// The steps or labels that it has learned.
    fn steps(&self) -> u32;

    /// How it computes.
    fn arithmetic(&self) -> Arithmetic {
        Arithmetic::Float
    }

    /// How its probabilities become an answer.
    fn readout(&self) -> &Readout;

    /// How good its answers were before it learned.
    fn calibration(&self) -> Option<calibration::Summary>;

    /// The answer for a sample.
    ///
    /// # Errors
    /// Those of the learner; [`Error::NoClasses`] if it knows none.
    fn answer(&mut self, features: &[f32; FEATURES]) -> Result<Answer, Error>;

    /// The answer for a sample with the probability of each class that there is room for; 0 of one that is not in use.
    ///
    /// # Errors
    /// As [`answer`](Self::answer), and [`Error::Length`] if there are not as many probabilities; they are then unchanged.
    fn probabilities(&mut self, features: &[f32; FEATURES], probabilities: &mut [f32]) -> Result<Answer, Error>;

    /// The samples that it has learned of a class; `None` if the class is not in use, or the learner does not count.
    fn learned(&self, _class: usize) -> Option<u32> {
        None
    }

    /// Learns a labelled sample.
    ///
    /// # Errors
    /// Those of the learner; nothing is then changed.
    fn learn(&mut self, features: &[f32; FEATURES], class: usize) -> Result<Learned, Error>;

    /// Takes a sample back that was learned with this label; `false` if it is of no kind that can.
    ///
    /// # Errors
    /// Those of the learner; nothing is then changed.
    fn take_back(&mut self, features: &[f32; FEATURES], class: usize) -> Result<bool, Error>;

    /// Forgets a class; those above it move down by one. `false` if it is of no kind that can.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use; nothing is then changed.
    fn remove(&mut self, _class: usize) -> Result<bool, Error> {
        Ok(false)
    }

    /// Writes all that it has learned to the start of `bytes`; how many they are. `None` if it is of no kind that is sent whole.
    ///
    /// # Errors
    /// [`Error::Length`] if `bytes` is too short; it is then unchanged.
    fn checkpoint(&self, _bytes: &mut [u8]) -> Result<Option<usize>, Error> {
        Ok(None)
    }

    /// Takes over all that a [`checkpoint`](Self::checkpoint) has; `false` if it is of no kind that can.
    ///
    /// # Errors
    /// That of [`checkpoint::read`](gradient_decay::checkpoint::read); nothing is then changed.
    fn restore(&mut self, _bytes: &[u8]) -> Result<bool, Error> {
        Ok(false)
    }

    /// Copies the parameters of the linear head that it infers by: the weights row by row, then the biases.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not as many; they are then unchanged.
    fn export(&self, parameters: &mut [f32]) -> Result<(), Error>;

    /// Takes over all parameters, in the order of [`export`](Self::export); all else is as with a new learner after so many steps.
    ///
    /// # Errors
    /// [`Import`]; nothing is then changed.
    fn import(&mut self, parameters: &[f32], steps: u32) -> Result<(), Import>;
}

/// A sample before it was learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learned {
    /// The most probable class, and its softmax probability.
    pub prediction: Prediction,
    /// The loss.
    pub loss: f32,
    /// The beta of the step.
    pub beta: f32,
}

impl<N: Number> From<&Step<'_, N>> for Learned {
    fn from(step: &Step<'_, N>) -> Self {
        Learned { prediction: step.prediction(), loss: step.loss(), beta: step.beta() }
    }
}

/// Why parameters were not taken over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Import {
    /// The head refused them.
    Parameters(Error),
    /// One of them is beyond what the head's numbers hold.
    OutOfRange {
        /// Which.
        index: usize,
        /// It must lie between -limit and limit.
        limit: u16,
    },
    /// The learner makes its own head, and takes that of a new one alone.
    ReadOnly,
}

impl From<Error> for Import {
    fn from(error: Error) -> Self {
        Import::Parameters(error)
    }
}
