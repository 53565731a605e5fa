//! What a device has beside its learner, and what it senses.

use gradient_decay::readout::Reason;
use gradient_decay::{Answer, Error, Prediction};
use gradient_decay_link::{Change, Floats, MAX_SAMPLES, Means, Refusal, Response, Samples, Seen, Sight, Unknown};

use super::requests::NUMBERS;
use super::served::Served;
use crate::gestures::features::Window;

/// What a device has beside its learner, for a host.
pub struct Beside<'a> {
    /// Its user's consent, or how he gives it.
    pub consent: Result<(), Means>,
    /// What it senses; `None` if it has no sensor.
    pub senses: Option<Senses<'a>>,
    /// Room for a checkpoint on its way; if it is empty, there is none on its way.
    pub room: &'a mut [u8],
}

/// What a device senses.
#[derive(Clone, Copy)]
pub struct Senses<'a> {
    /// The last samples.
    pub window: &'a Window,
    /// The last change that its user made.
    pub change: Option<Change>,
    /// The seconds for which consent still lasts.
    pub consent: u8,
}

impl Beside<'_> {
    /// No sensor and no room.
    pub fn nothing(consent: Result<(), Means>) -> Self {
        Beside { consent, senses: None, room: &mut [] }
    }

    /// The samples from this number on. They lie in `buffer`.
    pub fn samples<'b>(&self, from: u32, buffer: &'b mut [u8; NUMBERS]) -> Response<'b> {
        let answer = self.senses.and_then(|senses| {
            let (first, samples) = senses.window.since(from);
            Some(Response::Sensed { first, samples: Samples::pack(samples.take(MAX_SAMPLES), buffer)? })
        });
        answer.unwrap_or(Response::Refused(Refusal::Unsupported))
    }
}

/// What a device senses and says of it. The numbers lie in `buffer`.
pub fn sight<'b, S: Served<FEATURES>, const CLASSES: usize, const FEATURES: usize>(
    learner: &mut S,
    beside: &Beside<'_>,
    buffer: &'b mut [u8; NUMBERS],
) -> Response<'b> {
    let unsupported = Response::Refused(Refusal::Unsupported);
    let Some(Senses { window, change, consent }) = beside.senses else { return unsupported };
    let Some((learned, rest)) = buffer.split_at_mut_checked(4 * CLASSES) else { return unsupported };
    let Some((probable, rest)) = rest.split_at_mut_checked(4 * CLASSES) else { return unsupported };
    let counts = (0..CLASSES).map_while(|class| learner.learned(class)).map(|count| count as f32);
    let learned = Floats::pack(counts, learned);
    let features = Floats::pack(window.features().into_iter().flatten(), rest);
    let (Some(learned), Some(features)) = (learned, features) else { return unsupported };
    let mut probabilities = [0.0; CLASSES];
    let answer = match features.to_array::<FEATURES>() {
        Some(features) => learner.probabilities(&features, &mut probabilities),
        None => Err(Error::NoClasses),
    };
    let seen = answer.ok().map(|answer| {
        let Prediction { class, probability } = answer.prediction();
        let unknown = match answer {
            Answer::Unknown(_, Reason::Far) => Some(Unknown::Far),
            Answer::Unknown(_, Reason::Between) => Some(Unknown::Between),
            Answer::Class(_) => None,
        };
        Seen { class: class as u16, probability, unknown }
    });
    // A learner that counts no samples has all classes in use.
    let known = match seen {
        None => 0,
        Some(_) if learned.is_empty() => CLASSES,
        Some(_) => learned.len(),
    };
    let probabilities = Floats::pack(probabilities.into_iter().take(known), probable);
    let Some(probabilities) = probabilities else { return unsupported };
    Response::Sight(Sight { at: window.at(), seen, change, consent, learned, probabilities, features })
}
