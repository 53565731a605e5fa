//! The windows that a device's user labels, recorded as tables that `adapt` reads.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use gradient_decay_app::gestures::features::{FEATURES, Window};
use gradient_decay_link::client::Track;
use gradient_decay_link::{Change, Changed, MAX_SAMPLES};

use super::Client;

/// The accelerations of a window, in units of g/1000: x, y and z of each sample.
type Samples = [[i16; 3]; MAX_SAMPLES];

/// A window that the user taught.
struct Labelled {
    class: u16,
    samples: Samples,
    features: [f32; FEATURES],
}

/// Follows what a device senses, and keeps the windows that its user teaches it by its buttons.
pub struct Recorder {
    track: Track,
    /// Whom the windows are from.
    group: Option<String>,
    /// The number of the last change; `None` before the first look.
    seen: Option<u32>,
    labelled: Vec<Labelled>,
}

impl Recorder {
    /// Before the first look. `group` is whom the windows are from.
    pub fn new(group: Option<String>) -> Self {
        Recorder { track: Track::new(), group, seen: None, labelled: Vec::new() }
    }

    /// Looks at the device, which wants to be done twice a window of 1.28 s or oftener: sentences on what has changed.
    ///
    /// # Errors
    /// If the device does not answer or has no sensor. What was recorded stays; begin with another recorder then.
    pub fn look<P: Read + Write>(&mut self, client: &mut Client<P>) -> Result<Vec<String>> {
        let change = client.look()?.change;
        // The window of a label lies before it.
        while client.follow(&mut self.track)? == MAX_SAMPLES {}
        let number = change.map_or(0, |change| change.number);
        let Some(seen) = self.seen.replace(number) else { return Ok(Vec::new()) };
        let mut said = Vec::new();
        if let Some(Change { number, what }) = change.filter(|change| change.number != seen) {
            match number.wrapping_sub(seen) {
                1 => (),
                more => said.push(format!("{} changes came too fast to be recorded", more - 1)),
            }
            said.push(self.changed(what)?);
        }
        Ok(said)
    }

    fn changed(&mut self, what: Changed) -> Result<String> {
        Ok(match what {
            Changed::Learned { class, at } => match self.track.window(at) {
                Some(samples) => {
                    let mut window = Window::new();
                    samples.iter().for_each(|sample| window.push(*sample));
                    let features = window.features().context("a window has too few samples")?;
                    self.labelled.push(Labelled { class, samples, features });
                    format!("{} windows: gesture {}", self.labelled.len(), class + 1)
                }
                None => format!("a window of gesture {} did not come whole, and is left out", class + 1),
            },
            Changed::TookBack { class } => match self.labelled.pop_if(|last| last.class == class) {
                Some(_) => format!("{} windows: the last one was taken back", self.labelled.len()),
                None => format!("a label of gesture {} was taken back, of a window that was not recorded", class + 1),
            },
            Changed::Removed { class } => {
                self.labelled.retain(|own| own.class != class);
                let above = self.labelled.iter_mut().filter(|own| own.class > class);
                above.for_each(|own| own.class -= 1);
                format!(
                    "{} windows: gesture {} was removed, and those above it moved down",
                    self.labelled.len(),
                    class + 1
                )
            }
        })
    }

    /// The windows recorded.
    pub fn len(&self) -> usize {
        self.labelled.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labelled.is_empty()
    }

    /// The features that the device computes of each window, as CSV: `label`, perhaps `group`, `f0` to `f23`.
    pub fn features(&self) -> String {
        self.table("f", |labelled| labelled.features.iter().map(f32::to_string).collect())
    }

    /// The raw windows, as CSV: `label`, perhaps `group`, `s0` to `s191`: x, y and z of each sample in units of g/1000.
    pub fn windows(&self) -> String {
        self.table("s", |labelled| labelled.samples.as_flattened().iter().map(i16::to_string).collect())
    }

    fn table(&self, name: &str, of: fn(&Labelled) -> Vec<String>) -> String {
        let group = |text: &str| if self.group.is_some() { format!(",{text}") } else { String::new() };
        let columns = self.labelled.first().map_or(0, |labelled| of(labelled).len());
        let names: String = (0..columns).map(|column| format!(",{name}{column}")).collect();
        let mut text = format!("label{}{names}\n", group("group"));
        for labelled in &self.labelled {
            let whose = group(self.group.as_deref().unwrap_or_default());
            text += &format!("gesture-{}{whose},{}\n", labelled.class + 1, of(labelled).join(","));
        }
        text
    }
}
