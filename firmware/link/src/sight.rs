//! What a device senses and says of it.

use serde::{Deserialize, Serialize};

use crate::floats::Floats;

/// What a device that senses says of the window of its last samples, and what its user has told it.
///
/// Samples are numbered from the start of the device on, modulo 2^32. Where samples are missing the window begins anew, and the numbers leave out
/// as many as a window has: so samples whose numbers follow one another belong together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sight<'a> {
    /// The number of the last sample of the window.
    pub at: u32,
    /// The answer for the window; `None` while it is not full, or no class is known.
    pub seen: Option<Seen>,
    /// The last change that the device's user made by its buttons.
    pub change: Option<Change>,
    /// For so many seconds the user's consent lasts.
    pub consent: u8,
    /// The samples that it has learned of each class in use: whole numbers.
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
    /// Why it is not the answer; `None` if it is.
    pub unknown: Option<Unknown>,
}

/// Why an answer is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// The window is far from all that was taught.
    Far,
    /// It is between classes, none of which is probable.
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
    /// The last label was taken back. If that was all of the last class, the class went with it.
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
