//! The app's messages, as a page reads them.

use gradient_decay::readout::Reason;
use gradient_decay_app::gestures::{Event, Fault};
use wasm_bindgen::prelude::wasm_bindgen;

/// The kind of a message.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It started with nothing saved.
    StartedNew,
    /// It started with `number` labels of `gesture` gestures.
    StartedFromSaved,
    /// It sees `gesture`.
    Sees,
    /// It sees something far from all that it was taught.
    SeesFar,
    /// It sees something between two gestures.
    SeesBetween,
    /// It learned a window as `gesture`, the `number`-th of it; it took it for `before`, 0 being nothing.
    Learned,
    /// The last label, of `gesture`, was taken back; `number` are left.
    TookBack,
    /// `gesture` was removed; those above it have moved down.
    Removed,
    /// The taps were forgotten.
    Forgot,
    /// `number` labels are in flash.
    Saved,
    /// The sensor works again, after `number` samples that were missing.
    SensorBack,
    /// Its user consents, by both buttons, to a host's replacing or erasing what it knows.
    Consented,
    /// Something went wrong: `text` has what.
    Fault,
}

/// A message of the app. What its kind does not name is 0.
#[wasm_bindgen]
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The kind.
    pub kind: Kind,
    /// A gesture, numbered from 1.
    pub gesture: u8,
    /// A count.
    pub number: u32,
    /// The gesture that it was taken for before.
    pub before: u8,
    /// A probability.
    pub probability: f32,
    text: String,
}

#[wasm_bindgen]
impl Told {
    /// The fault, and what would help.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        self.text.clone()
    }
}

impl From<Event> for Told {
    fn from(event: Event) -> Self {
        let told = |kind| Told { kind, gesture: 0, number: 0, before: 0, probability: 0.0, text: String::new() };
        match event {
            Event::StartedNew => told(Kind::StartedNew),
            Event::StartedFromSaved { gestures, labels } => {
                Told { gesture: gestures, number: labels, ..told(Kind::StartedFromSaved) }
            }
            Event::Sees { gesture, probability } => Told { gesture, probability, ..told(Kind::Sees) },
            Event::SeesUnknown { gesture, probability, reason } => {
                let kind = if reason == Reason::Far { Kind::SeesFar } else { Kind::SeesBetween };
                Told { gesture, probability, ..told(kind) }
            }
            Event::Learned { gesture, samples, before, probability } => {
                let before = before.unwrap_or_default();
                Told { gesture, number: samples, before, probability, ..told(Kind::Learned) }
            }
            Event::TookBack { gesture, samples } => Told { gesture, number: samples, ..told(Kind::TookBack) },
            Event::Removed { gesture } => Told { gesture, ..told(Kind::Removed) },
            Event::Forgot => told(Kind::Forgot),
            Event::Saved { labels } | Event::Overwrote { labels } => Told { number: labels, ..told(Kind::Saved) },
            Event::SensorBack { missed } => Told { number: missed.into(), ..told(Kind::SensorBack) },
            Event::Consented => told(Kind::Consented),
            Event::Fault(fault) => Told { text: text(fault), ..told(Kind::Fault) },
        }
    }
}

fn text(fault: Fault) -> String {
    match fault {
        Fault::Sensor(_) => "Samples are missing. The device begins a new window when the sensor is back.".to_owned(),
        Fault::NothingToLabel => {
            "There is no full second of motion to label yet. Go on moving, then tap again.".to_owned()
        }
        Fault::NothingToTakeBack => {
            "There is no label to take back: only the last one can be, once, and not after a gesture was removed."
                .to_owned()
        }
        Fault::Stuck(_) => "A button has been down for ten seconds. It is ignored until it is let go.".to_owned(),
        Fault::Refused(error) => format!("The device refused this window, and is as before: {error}."),
        Fault::NotLoaded(error) => format!("What was saved cannot be read: {error}. The device starts new."),
        Fault::HoldToOverwrite(error) => format!("Nothing was saved, for what is there cannot be read: {error}."),
        Fault::NotSaved(error) => format!("Nothing was saved: {error}."),
        Fault::Button(_) | Fault::Display => "A button or the display does not work.".to_owned(),
    }
}
