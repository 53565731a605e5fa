//! The window that a device senses, and its answer to it.

use serde::{Deserialize, Serialize};

use crate::floats::Floats;

/// The answer of a device with a sensor for the window of its last samples, and the last change that its user made.
///
/// Samples are numbered from the start of the device on, modulo 2^32. Where samples are missing, a new window begins, and the numbers skip
/// the length of a window: so samples with consecutive numbers belong together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sight<'a> {
    /// The number of the last sample of the window.
    pub at: u32,
    /// The answer for the window; `None` while it is not full, or no class is known.
    pub seen: Option<Seen>,
    /// The last change that the device's user made by its buttons.
    pub change: Option<Change>,
    /// The number of seconds for which the user's consent still lasts.
    pub consent: u8,
    /// The number of samples learned of each class in use: whole numbers.
    #[serde(borrow)]
    pub learned: Floats<'a>,
    /// The probability of each class in use, under the device's temperature; empty where [`seen`](Self::seen) is `None`.
    #[serde(borrow)]
    pub probabilities: Floats<'a>,
    /// The features of the window; empty while it is not full.
    #[serde(borrow)]
    pub features: Floats<'a>,
}

/// The answer for a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The most probable class.
    pub class: u16,
    /// Its probability under the device's temperature.
    pub probability: f32,
    /// The reason why it is not the answer; `None` if it is.
    pub unknown: Option<Unknown>,
}

/// Why an answer is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// The window is far from every class that was taught.
    Far,
    /// The window is between classes, none of which is probable.
    Between,
}

/// A change that a user made by the device's buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number since the device started, from 1 on: a host that looks rarely sees how many it missed.
    pub number: u32,
    /// The change.
    pub what: Changed,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// A window was learned.
    Learned {
        /// As this class, from 0.
        class: u16,
        /// The number of its last sample.
        at: u32,
    },
    /// The last label was taken back. If it was the only label of the last class, that class was removed too.
    TookBack {
        /// The class that it was.
        class: u16,
    },
    /// A class was removed; those above it have moved down by one.
    Removed {
        /// Which.
        class: u16,
    },
}
