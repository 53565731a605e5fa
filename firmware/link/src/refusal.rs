//! Why a device did not do what it was asked.

use serde::{Deserialize, Serialize};

use crate::frame::FrameError;

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
    /// The class index is out of range.
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
    /// A part does not go on where the last one ended, or lies beyond the end.
    Offset {
        /// Where to go on.
        expected: u32,
    },
    /// The CRC of the head that was sent is another.
    Crc {
        /// That of what arrived.
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
    /// The session is not the device's: it was restarted, or another host has begun one.
    Session,
    /// The device's user has not consented.
    Consent(Means),
    /// A parameter of the head is beyond what the device's numbers hold.
    Parameter {
        /// The class whose row it is in.
        class: u16,
        /// The feature whose weight it is; `None` of the bias.
        feature: Option<u16>,
        /// It must lie between -limit and limit.
        limit: u16,
    },
    /// The bytes that were sent are no checkpoint of the device's kind of learner.
    Checkpoint,
}

/// How a device's user consents to what a host cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Means {
    /// By holding both buttons.
    Buttons {
        /// For so many seconds.
        held: u8,
        /// The consent then lasts so many seconds.
        lasts: u8,
    },
    /// By a setting of the firmware alone.
    Firmware,
}

impl core::fmt::Display for Means {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Means::Buttons { held, lasts } => write!(
                f,
                "hold both of its buttons for {held} seconds, then send it again within the {lasts} seconds after that"
            ),
            Means::Firmware => f.write_str("it has no buttons for that: build its firmware with `Server::consenting`"),
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Refusal::Version { device } => write!(
                f,
                "the device speaks version {device} of the protocol, this program version {}: update the older of the two",
                crate::VERSION
            ),
            Refusal::Frame(error) => write!(f, "the device could not read the request: {error}"),
            Refusal::Length { expected, actual } => {
                write!(f, "the device takes {expected} numbers, {actual} were sent")
            }
            Refusal::Class { classes } => {
                write!(f, "the class must be one of the device's, 0 to {}", classes.saturating_sub(1))
            }
            Refusal::NotFinite { index } => write!(f, "number {index} is NaN or infinite, or its logit is"),
            Refusal::TooLarge => f.write_str("the numbers are too large to learn from"),
            Refusal::Offset { expected } => write!(f, "the parts of what is sent go on from number {expected}"),
            Refusal::Crc { found } => write!(f, "what was sent arrived damaged, with CRC {found:08x}: send it again"),
            Refusal::ReadOnly => f.write_str(
                "the device makes its own head of what it learns: only all zeros, those of a new one, can be sent",
            ),
            Refusal::NotLearned => f.write_str("the sample was not learned as this class, so it cannot be taken back"),
            Refusal::Unsupported => {
                f.write_str("this device cannot do that: its learner or its hardware is of another kind")
            }
            Refusal::Session => f.write_str("the device does not know this session: connect again"),
            Refusal::Consent(means) => write!(f, "the device has not been told to allow this: {means}"),
            Refusal::Parameter { class, feature: Some(feature), limit } => write!(
                f,
                "the weight of feature {feature} in class {class} is out of range: this device, which computes in integers, takes \
                 weights between -{limit} and {limit}"
            ),
            Refusal::Parameter { class, feature: None, limit } => write!(
                f,
                "the bias of class {class} is out of range: this device, which computes in integers, takes biases between -{limit} \
                 and {limit}"
            ),
            Refusal::Checkpoint => f.write_str(
                "what was sent is not what a device of this kind has learned: send a file that one of them was read to",
            ),
            Refusal::Storage => f.write_str("the device has no flash to save to, or it failed"),
        }
    }
}
