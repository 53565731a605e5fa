//! The device's messages.

use core::fmt;

use gradient_decay::Error;
use gradient_decay::readout::Reason;
use gradient_decay::store::StoreError;

use super::button::Which;
use super::sampling::SensorFault;

/// An event. Gestures are numbered from 1, as they are tapped.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Event {
    /// It started with nothing saved: it knows nothing.
    StartedNew,
    /// It started with the saved learner.
    StartedFromSaved {
        /// The gestures that it knows.
        gestures: u8,
        /// The labels that it has learned.
        labels: u32,
    },
    /// It sees another gesture than before.
    Sees {
        /// Which.
        gesture: u8,
        /// Its probability.
        probability: f32,
    },
    /// It sees something that it does not know.
    SeesUnknown {
        /// The most probable gesture.
        gesture: u8,
        /// Its probability.
        probability: f32,
        /// Why it is not the answer: far from all that was taught, or between two gestures.
        reason: Reason,
    },
    /// It learned a window.
    Learned {
        /// As this gesture.
        gesture: u8,
        /// The windows that it has learned of this gesture.
        samples: u32,
        /// The gesture that it took it for before; `None` if it knew none.
        before: Option<u8>,
        /// The probability of that.
        probability: f32,
    },
    /// The last label was taken back.
    TookBack {
        /// The gesture that it was.
        gesture: u8,
        /// The windows of this gesture that are left.
        samples: u32,
    },
    /// A gesture was removed; those above it have moved down by one.
    Removed {
        /// Which.
        gesture: u8,
    },
    /// The taps were forgotten.
    Forgot,
    /// Its user allows a host to replace and to erase what it knows, for a minute.
    Consented,
    /// All that it has learned was saved.
    Saved {
        /// The labels that it has learned.
        labels: u32,
    },
    /// The same, and all else that the flash held was erased.
    Overwrote {
        /// The labels that it has learned.
        labels: u32,
    },
    /// The sensor works again, after some missing samples.
    SensorBack {
        /// Samples.
        missed: u16,
    },
    /// Something went wrong. The device continues.
    Fault(Fault),
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fault {
    /// A sample is missing. After more than two missing samples a new window begins.
    Sensor(SensorFault),
    /// A button cannot be read.
    Button(Which),
    /// A button has been down for ten seconds. It is ignored until it is let go.
    Stuck(Which),
    /// The display failed.
    Display,
    /// The label button was pressed before a window was full.
    NothingToLabel,
    /// There is no label to take back: none since the start, since one was taken back, or since a gesture was removed.
    NothingToTakeBack,
    /// The head refused a window; it is as it was before.
    Refused(Error),
    /// The saved learner could not be loaded: the device starts new, and the flash stays as it is.
    NotLoaded(FlashFault),
    /// The learner was not saved, since the flash still holds data that could not be loaded: hold the save button for two seconds to overwrite it.
    HoldToOverwrite(FlashFault),
    /// The learner could not be saved: the previous save is still there.
    NotSaved(FlashFault),
}

/// Why the flash was of no use.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FlashFault {
    /// The flash itself refused.
    Device,
    /// It holds something else, or all of it is damaged.
    Foreign,
    /// The saved learner is of another shape, or of other features.
    OtherShape(Error),
    /// It does not hold what is written: it is worn out.
    Worn,
    /// The learner cannot be saved.
    Checkpoint(Error),
    /// There is no room for two learners: the board is set up wrong.
    SetUp,
}

impl<E> From<StoreError<E>> for FlashFault {
    fn from(error: StoreError<E>) -> Self {
        match error {
            StoreError::Flash(_) => FlashFault::Device,
            StoreError::Foreign => FlashFault::Foreign,
            StoreError::Worn => FlashFault::Worn,
            StoreError::Checkpoint(error) => FlashFault::Checkpoint(error),
            _ => FlashFault::SetUp,
        }
    }
}

impl fmt::Display for FlashFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlashFault::Device => f.write_str("the flash refused"),
            FlashFault::Foreign => f.write_str("it holds something else; hold the save button to overwrite it"),
            FlashFault::OtherShape(error) => write!(f, "{error}; hold the save button to overwrite it"),
            FlashFault::Worn => f.write_str("it does not keep what is written"),
            FlashFault::Checkpoint(error) => write!(f, "{error}"),
            FlashFault::SetUp => f.write_str("it needs room for two learners"),
        }
    }
}
