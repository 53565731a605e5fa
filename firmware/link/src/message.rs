//! Requests and responses.

use serde::{Deserialize, Serialize};

use crate::floats::Floats;
use crate::refusal::Refusal;
use crate::samples::Samples;
use crate::sight::Sight;

/// The most numbers in a message: features of a sample.
pub const MAX_FLOATS: usize = 120;

/// The parameters that [`Response::Parameters`] has, but for the last: a head goes in parts of so many. A checkpoint goes in parts of as many
/// bytes, that is, of four times as many.
pub const PART: usize = 64;

/// The most samples in a message: those of a window.
pub const MAX_SAMPLES: usize = 64;

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
    /// A part of a head for the device: [`Response::Taken`]. Parts come in order, from offset 0, which needs consent. The device's head is as before until
    /// [`CommitHead`](Self::CommitHead).
    WriteHead {
        /// The first.
        offset: u32,
        /// The numbers, [`MAX_FLOATS`] at most.
        #[serde(borrow)]
        parameters: Floats<'a>,
    },
    /// To use the head that was sent: [`Response::Done`]. Needs consent. The device is then as one that starts with it: what it remembered of other
    /// samples, and its calibration, are gone.
    CommitHead {
        /// The CRC-32 of all parameters, as little-endian f32.
        crc: u32,
        /// The steps that it has learned: the place in the warm-up.
        steps: u32,
        /// A random number, by which [`Description::pushed`] tells whether this was done.
        push: u32,
    },
    /// To save all that the device has learned in flash, in place of what is there: [`Response::Done`]. Needs consent.
    Save,
    /// To take a sample back that was learned, as one whose label was wrong: [`Response::Done`]. Needs consent, but for what was the
    /// last that this session taught.
    TakeBack {
        /// Its features.
        #[serde(borrow)]
        features: Floats<'a>,
        /// The class that it was learned as.
        class: u16,
    },
    /// To begin a session, under a random number in the header's place of the session: [`Response::Welcome`].
    Hello,
    /// Its present features and answer: [`Response::Sight`]. Sent again, it is answered by what is so then.
    Look,
    /// The samples that its sensor took, from this number on, as far as it still has them, [`MAX_SAMPLES`] at most: [`Response::Sensed`]. Sent again, it
    /// is answered by what it has then.
    Sense {
        /// The number of the first: see [`Sight`].
        from: u32,
    },
    /// To forget a class: [`Response::Done`]. Needs consent. Those above it move down by one.
    Remove {
        /// Which.
        class: u16,
    },
    /// A part of all that it has learned, from this byte on: [`Response::Checkpoint`]. With offset 0 the device takes a copy, from which the later
    /// parts come. A save of its user, or a checkpoint on its way to it, takes the place of that copy: then the bytes' CRC is another than
    /// that of the parts, and the host begins again.
    ReadCheckpoint {
        /// The first byte.
        offset: u32,
    },
    /// A part of a checkpoint for the device: [`Response::Taken`]. Parts come in order, from offset 0, which needs consent. What the device knows is as
    /// before until [`CommitCheckpoint`](Self::CommitCheckpoint).
    WriteCheckpoint {
        /// The first byte.
        offset: u32,
        /// The bytes, 4 times [`PART`] at most.
        bytes: &'a [u8],
    },
    /// To know what the checkpoint that was sent has, and nothing else: [`Response::Done`]. Needs consent.
    CommitCheckpoint {
        /// The CRC-32 of its bytes.
        crc: u32,
        /// A random number, by which [`Description::pushed`] tells whether this was done.
        push: u32,
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
    /// A part was taken: so many parameters, or bytes of a checkpoint, are there now.
    Taken {
        /// Of [`Description::classes`] times ([`Description::features`] + 1); of a checkpoint, of its bytes.
        parameters: u32,
    },
    /// A session can begin.
    Welcome {
        /// The number of its frames. The session before ends with the first request that has this one.
        session: u32,
    },
    /// Its features and its answer.
    Sight(#[serde(borrow)] Sight<'a>),
    /// Samples of its sensor.
    Sensed {
        /// The number of the first: the one that was asked for, or a later one if the device has that no more.
        first: u32,
        /// The samples; none if there is no new one.
        #[serde(borrow)]
        samples: Samples<'a>,
    },
    /// A part of a checkpoint.
    Checkpoint {
        /// The first byte.
        offset: u32,
        /// The bytes of all parts.
        total: u32,
        /// The CRC-32 of all parts.
        crc: u32,
        /// The bytes.
        bytes: &'a [u8],
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
    /// The number of the last push of a head that was done since the device started.
    pub pushed: Option<u32>,
}

impl Description {
    /// The parameters of the head: a row of weights for each class, and the biases.
    pub fn parameters(&self) -> usize {
        usize::from(self.classes) * (usize::from(self.features) + 1)
    }
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
