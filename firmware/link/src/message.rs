//! The messages.

use serde::{Deserialize, Serialize};

use crate::floats::Floats;
use crate::frame::FrameError;

/// The most numbers in a message: features of a sample.
pub const MAX_FLOATS: usize = 120;

/// The parameters that [`Response::Parameters`] has, but for the last: a head goes in parts of so many.
pub const PART: usize = 64;

/// A request of a host. A parameter's offset counts parameters in the order of `LinearHead::export`: weights row by row, then biases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request<'a> {
    /// A description of the device: [`Response::Description`].
    Describe,
    /// The class of a sample: [`Response::Prediction`].
    Predict {
        /// Its features, as many as the device says.
        #[serde(borrow)]
        features: Floats<'a>,
    },
    /// To learn a labelled sample: [`Response::Learned`].
    Learn {
        /// Its features.
        #[serde(borrow)]
        features: Floats<'a>,
        /// Its class, from 0.
        class: u16,
    },
    /// How far the device's probabilities can be trusted: [`Response::Calibration`].
    Calibration,
    /// The parameters from this one on, [`PART`] at most: [`Response::Parameters`]. With offset 0 the device takes a copy of its
    /// head, from which the later parts come, so that they belong together whatever it learns meanwhile.
    ReadHead {
        /// The first.
        offset: u32,
    },
    /// A part of a head for the device: [`Response::Taken`]. Parts come in order, from offset 0. The device's head is as before until
    /// [`CommitHead`](Self::CommitHead).
    WriteHead {
        /// The first.
        offset: u32,
        /// The numbers, [`MAX_FLOATS`] at most.
        #[serde(borrow)]
        parameters: Floats<'a>,
    },
    /// To use the head that was sent: [`Response::Done`]. The device is then as one that starts with it: what it remembered of other
    /// samples, and its calibration, are gone.
    CommitHead {
        /// The CRC-32 of all parameters, as little-endian f32.
        crc: u32,
        /// The steps that it has learned: the place in the warm-up.
        steps: u32,
    },
    /// To save all that the device has learned in flash: [`Response::Done`].
    Save,
    /// To take a sample back that was learned, as one whose label was wrong: [`Response::Done`].
    TakeBack {
        /// Its features.
        #[serde(borrow)]
        features: Floats<'a>,
        /// The class that it was learned as.
        class: u16,
    },
}

/// The answer of a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Response<'a> {
    /// It was not done, and nothing was changed.
    Refused(Refusal),
    /// It was done.
    Done,
    /// The description of the device.
    Description(Description),
    /// The class of a sample.
    Prediction {
        /// The most probable class.
        class: u16,
        /// Its probability under the device's temperature.
        probability: f32,
        /// Whether it reaches the device's threshold.
        known: bool,
    },
    /// A sample before it was learned.
    Learned {
        /// The most probable class.
        class: u16,
        /// Its softmax probability.
        probability: f32,
        /// The loss.
        loss: f32,
        /// The beta of the step.
        beta: f32,
    },
    /// The calibration over what was learned, of the predictions before; `None` if nothing was.
    Calibration(Option<Summary>),
    /// A part of the head.
    Parameters {
        /// The first.
        offset: u32,
        /// The numbers.
        #[serde(borrow)]
        parameters: Floats<'a>,
    },
    /// A part was taken: so many parameters are there now.
    Taken {
        /// Of [`Description::classes`] times ([`Description::features`] + 1).
        parameters: u32,
    },
}

/// The description of a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The classes of its head.
    pub classes: u16,
    /// The features of a sample.
    pub features: u16,
    /// How it computes.
    pub arithmetic: Arithmetic,
    /// The steps that it has learned.
    pub steps: u32,
    /// The temperature of its answers.
    pub temperature: f32,
    /// The probability below which an answer is unknown.
    pub threshold: f32,
}

/// How a device computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arithmetic {
    /// f32.
    Float,
    /// Integers.
    Fixed,
}

/// Figures of calibration: see `gradient_decay::calibration::Summary`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Predictions.
    pub count: u32,
    /// The share that was right.
    pub accuracy: f32,
    /// The mean probability of the most probable class.
    pub confidence: f32,
    /// Negative log-likelihood in nats.
    pub nll: f32,
    /// Brier score.
    pub brier: f32,
    /// Expected calibration error.
    pub ece: f32,
    /// Maximum calibration error.
    pub mce: f32,
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The version is another than the device's. First in all versions.
    Version {
        /// That of the device.
        device: u8,
    },
    /// The frame could not be read.
    Frame(FrameError),
    /// There are too few or too many numbers.
    Length {
        /// As many as it takes.
        expected: u32,
        /// As many as there were.
        actual: u32,
    },
    /// The class is none.
    Class {
        /// They are 0 to one less.
        classes: u16,
    },
    /// A number is NaN or infinite, or a logit would be.
    NotFinite {
        /// Which number; that of a logit counts on behind the features.
        index: u32,
    },
    /// The numbers are too large to learn from.
    TooLarge,
    /// A part does not go on where the last one ended, or lies beyond the head.
    Offset {
        /// Where to go on.
        expected: u32,
    },
    /// The CRC of the head that was sent is another.
    Crc {
        /// That of the parameters that arrived.
        found: u32,
    },
    /// The flash refused, or there is none.
    Storage,
    /// The device makes its own head, and takes that of a new device alone.
    ReadOnly,
    /// The sample was not learned as this class.
    NotLearned,
    /// The device's learner cannot do that.
    Unsupported,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Refusal::Version { device } => {
                write!(f, "the device speaks version {device} of the protocol, this program {}", crate::VERSION)
            }
            Refusal::Frame(error) => write!(f, "the device could not read the request: {error}"),
            Refusal::Length { expected, actual } => {
                write!(f, "the device takes {expected} numbers, {actual} were sent")
            }
            Refusal::Class { classes } => {
                write!(f, "the class must be one of the device's, 0 to {}", classes.saturating_sub(1))
            }
            Refusal::NotFinite { index } => write!(f, "number {index} is NaN or infinite, or its logit is"),
            Refusal::TooLarge => f.write_str("the numbers are too large to learn from"),
            Refusal::Offset { expected } => write!(f, "the parts of a head go on from parameter {expected}"),
            Refusal::Crc { found } => write!(f, "the head arrived damaged, with CRC {found:08x}: send it again"),
            Refusal::ReadOnly => f.write_str(
                "the device makes its own head of what it learns: only all zeros, those of a new one, can be sent",
            ),
            Refusal::NotLearned => f.write_str("the sample was not learned as this class, so it cannot be taken back"),
            Refusal::Unsupported => f.write_str("the device's learner cannot take a label back"),
            Refusal::Storage => f.write_str("the device has no flash to save to, or it failed"),
        }
    }
}
