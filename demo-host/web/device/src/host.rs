//! The host's end of the link, for a page that has a serial port.

use gradient_decay_app::gestures::SAVED_BYTES;
use gradient_decay_link::client::{Connection, Event, Failure, PullCheckpoint, Push, Track};
use gradient_decay_link::{Changed, Description, Floats, MAX_FLOATS, PART, Request, Response, Sight, Unknown};
use self_cell::{MutBorrow, self_cell};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::board::{Seen, Summary};

/// The next thing that the page has to do.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send [`Host::outgoing`], then wait for bytes, or a second.
    Send,
    /// Go on waiting.
    Wait,
    /// The question was answered.
    Done,
}

/// The kind of a change that a board's user made by its buttons.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// A window was learned.
    Learned,
    /// The last label was taken back.
    TookBack,
    /// A gesture was removed; those above it have moved down.
    Removed,
}

/// The last change that a board's user made by its buttons.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number since the board started.
    pub number: u32,
    /// The kind.
    pub kind: ChangeKind,
    /// The gesture, numbered from 1.
    pub gesture: u8,
    /// Of what was learned, the number of the window's last sample; else 0.
    pub at: u32,
}

/// A board's features and its answer.
#[derive(Default)]
struct Looked {
    at: u32,
    seen: Option<Seen>,
    change: Option<Change>,
    consent: u8,
    learned: Vec<u32>,
    probabilities: Vec<f32>,
    features: Vec<f32>,
}

self_cell!(
    struct Outgoing {
        owner: Vec<u8>,
        #[covariant]
        dependent: Push,
    }
);

self_cell!(
    struct Incoming {
        owner: MutBorrow<Vec<u8>>,
        #[not_covariant]
        dependent: PullCheckpoint,
    }
);

/// A transfer to a board or from it, in several requests.
enum Transfer {
    None,
    Out(Outgoing),
    In(Incoming),
}

/// A conversation with a board: what is asked last is to be driven to [`Step::Done`] by [`receive`](Self::receive) and
/// [`timed_out`](Self::timed_out). Each of its errors is a sentence.
#[wasm_bindgen]
pub struct Host {
    connection: Connection,
    description: Option<Description>,
    seen: Option<Seen>,
    summary: Option<Summary>,
    looked: Looked,
    track: Track,
    fresh: Vec<f32>,
    head: Vec<f32>,
    checkpoint: Vec<u8>,
    transfer: Transfer,
    lost: bool,
}

#[wasm_bindgen]
impl Host {
    /// `random` is to be another for each.
    #[wasm_bindgen(constructor)]
    pub fn new(random: u32) -> Self {
        Host {
            connection: Connection::new(random),
            description: None,
            seen: None,
            summary: None,
            looked: Looked::default(),
            track: Track::new(),
            fresh: Vec::new(),
            head: Vec::new(),
            checkpoint: Vec::new(),
            transfer: Transfer::None,
            lost: false,
        }
    }

    /// Begins a session, and asks for a description.
    pub fn connect(&mut self) -> Step {
        self.track = Track::new();
        self.connection.connect();
        Step::Send
    }

    /// Asks for the description again.
    ///
    /// # Errors
    /// If there is no session; so do all others.
    pub fn describe(&mut self) -> Result<Step, String> {
        self.ask(&Request::Describe)
    }

    /// Asks how its answers went: [`summary`](Self::summary).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn calibration(&mut self) -> Result<Step, String> {
        self.ask(&Request::Calibration)
    }

    /// Asks what it says of these features: [`seen`](Self::seen).
    ///
    /// # Errors
    /// As [`describe`](Self::describe), and if there are too many.
    pub fn predict(&mut self, features: &[f32]) -> Result<Step, String> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let features = packed(features, &mut buffer)?;
        self.ask(&Request::Predict { features })
    }

    /// Teaches it these features as a gesture, numbered from 1.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn learn(&mut self, features: &[f32], gesture: u16) -> Result<Step, String> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let features = packed(features, &mut buffer)?;
        self.ask(&Request::Learn { features, class: gesture.saturating_sub(1) })
    }

    /// Takes back what was taught so.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn take_back(&mut self, features: &[f32], gesture: u16) -> Result<Step, String> {
        let mut buffer = [0; 4 * MAX_FLOATS];
        let features = packed(features, &mut buffer)?;
        self.ask(&Request::TakeBack { features, class: gesture.saturating_sub(1) })
    }

    /// Lets it save all that it has learned, which needs its user's consent.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn save(&mut self) -> Result<Step, String> {
        self.ask(&Request::Save)
    }

    /// Reads its head: [`head`](Self::head).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn read_head(&mut self) -> Result<Step, String> {
        self.head.clear();
        self.ask(&Request::ReadHead { offset: 0 })
    }

    /// Asks what it senses, and says of it: [`seen`](Self::seen), [`probabilities`](Self::probabilities), [`samples`](Self::samples),
    /// [`window`](Self::window), [`at`](Self::at), [`change`](Self::change) and [`consent`](Self::consent).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn look(&mut self) -> Result<Step, String> {
        self.ask(&Request::Look)
    }

    /// Asks for its samples since this was asked last: [`fresh`](Self::fresh), [`recorded`](Self::recorded).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn follow(&mut self) -> Result<Step, String> {
        let request = self.track.request();
        self.ask(&request)
    }

    /// Lets it forget a gesture, numbered from 1, which needs its user's consent.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn remove(&mut self, gesture: u16) -> Result<Step, String> {
        self.ask(&Request::Remove { class: gesture.saturating_sub(1) })
    }

    /// Reads all that it has learned: [`checkpoint`](Self::checkpoint).
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn read_checkpoint(&mut self) -> Result<Step, String> {
        let bytes = MutBorrow::new(vec![0; SAVED_BYTES]);
        self.transfer = Transfer::In(Incoming::new(bytes, |bytes| PullCheckpoint::new(bytes.borrow_mut())));
        self.go_on()
    }

    /// Sends it all that it or another has learned, in place of what it knows, which needs its user's consent. `random` is to be another for
    /// each.
    ///
    /// # Errors
    /// As [`describe`](Self::describe).
    pub fn write_checkpoint(&mut self, bytes: Vec<u8>, random: u32) -> Result<Step, String> {
        if bytes.is_empty() {
            return Err("the file is empty".to_owned());
        }
        self.transfer = Transfer::Out(Outgoing::new(bytes, |bytes| Push::checkpoint(bytes, random)));
        self.go_on()
    }

    /// The bytes to send.
    pub fn outgoing(&self) -> Vec<u8> {
        self.connection.outgoing().to_vec()
    }

    /// Bytes have arrived.
    ///
    /// # Errors
    /// If there will be no answer, or the board refused.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, String> {
        let event = self.connection.receive(bytes);
        self.step(event)
    }

    /// For a second none has.
    ///
    /// # Errors
    /// If there will be no answer.
    pub fn timed_out(&mut self) -> Result<Step, String> {
        let event = self.connection.timed_out();
        self.step(event)
    }

    /// Whether the session is over, as after a restart of the board: begin another.
    pub fn lost(&self) -> bool {
        self.lost
    }

    /// The labels that it has learned; `undefined` before it was described.
    pub fn labels(&self) -> Option<u32> {
        self.description.map(|description| description.steps)
    }

    /// The features that it takes; `undefined` before it was described.
    pub fn features(&self) -> Option<u16> {
        self.description.map(|description| description.features)
    }

    /// Its last answer; to features that it was sent, `between` is whatever it calls unknown. `undefined` before, while its window is not
    /// full, and if it knows nothing.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// How its answers went; `undefined` before it was asked, or before its first label.
    pub fn summary(&self) -> Option<Summary> {
        self.summary
    }

    /// The probability of each gesture; empty where there is no answer.
    pub fn probabilities(&self) -> Vec<f32> {
        self.looked.probabilities.clone()
    }

    /// The windows that it has learned of each gesture.
    pub fn samples(&self) -> Vec<u32> {
        self.looked.learned.clone()
    }

    /// The features of its window, by which it is taught; empty while the window is not full.
    pub fn window(&self) -> Vec<f32> {
        self.looked.features.clone()
    }

    /// The number of the window's last sample.
    pub fn at(&self) -> u32 {
        self.looked.at
    }

    /// The last change by its buttons; `undefined` if there was none since it started.
    pub fn change(&self) -> Option<Change> {
        self.looked.change
    }

    /// The seconds for which its user's consent lasts.
    pub fn consent(&self) -> u8 {
        self.looked.consent
    }

    /// The samples that came last, in g: x, y and z of each in turn.
    pub fn fresh(&self) -> Vec<f32> {
        self.fresh.clone()
    }

    /// The 64 samples of the window whose last one has this number, in g: x, y and z of each in turn. Empty if they did not all come.
    pub fn recorded(&self, at: u32) -> Vec<f32> {
        self.track.window(at).map_or_else(Vec::new, |window| window.into_iter().flat_map(in_g).collect())
    }

    /// All that it has learned, for [`write_checkpoint`](Self::write_checkpoint).
    pub fn checkpoint(&self) -> Vec<u8> {
        self.checkpoint.clone()
    }

    /// The parameters of its head, weights row by row, then biases, as little-endian f32.
    pub fn head(&self) -> Vec<u8> {
        self.head.iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

impl Host {
    fn ask(&mut self, request: &Request<'_>) -> Result<Step, String> {
        let event = self.connection.ask(request);
        self.step(event)
    }

    fn step(&mut self, event: Result<Event, Failure>) -> Result<Step, String> {
        self.lost = event == Err(Failure::Lost);
        match event.map_err(words)? {
            Event::Send => Ok(Step::Send),
            Event::Wait => Ok(Step::Wait),
            Event::Answered => self.answered(),
        }
    }

    /// Asks for the next part of what is on its way.
    fn go_on(&mut self) -> Result<Step, String> {
        let Host { connection, transfer, .. } = self;
        let event = match transfer {
            Transfer::None => return Ok(Step::Done),
            Transfer::Out(out) => connection.ask(&out.borrow_dependent().request(&mut [0; 4 * PART])),
            Transfer::In(within) => connection.ask(&within.with_dependent(|_, pull| pull.request())),
        };
        self.step(event)
    }

    /// Takes an answer. What has several parts goes on with the next.
    fn answered(&mut self) -> Result<Step, String> {
        let Host { connection, description, seen, summary, looked, track, fresh, head, checkpoint, transfer, .. } =
            self;
        let response = connection.answer().map_err(|failure| {
            *transfer = Transfer::None;
            words(failure)
        })?;
        match transfer {
            Transfer::None => {}
            Transfer::Out(out) => {
                if out.with_dependent_mut(|_, push| push.answered(&response)).map_err(words)? {
                    *transfer = Transfer::None;
                }
                return self.go_on();
            }
            Transfer::In(within) => {
                let length = within.with_dependent_mut(|_, pull| pull.answered(&response)).map_err(words)?;
                if let Some(length) = length
                    && let Transfer::In(whole) = std::mem::replace(transfer, Transfer::None)
                {
                    *checkpoint = whole.into_owner().into_inner();
                    checkpoint.truncate(length);
                }
                return self.go_on();
            }
        }
        match response {
            Response::Description(found) => *description = Some(found),
            Response::Prediction { class, probability, known } => {
                *seen = Some(Seen { gesture: class as u8 + 1, probability, far: false, between: !known });
            }
            Response::Calibration(found) => {
                *summary = found.map(|found| Summary {
                    labels: found.count,
                    accuracy: found.accuracy,
                    confidence: found.confidence,
                });
            }
            Response::Parameters { offset, parameters } => {
                if offset as usize != head.len() || parameters.is_empty() {
                    return Err(words(Failure::Unexpected));
                }
                head.extend(parameters.iter());
                if description.is_some_and(|description| head.len() < description.parameters()) {
                    let offset = head.len() as u32;
                    return self.ask(&Request::ReadHead { offset });
                }
            }
            Response::Sight(sight) => {
                *looked = sight.into();
                *seen = looked.seen;
            }
            Response::Sensed { samples, .. } => {
                track.answered(&response).map_err(words)?;
                *fresh = samples.iter().flat_map(in_g).collect();
            }
            _ => {}
        }
        Ok(Step::Done)
    }
}

impl From<Sight<'_>> for Looked {
    fn from(sight: Sight<'_>) -> Self {
        let Sight { at, seen, change, consent, learned, probabilities, features } = sight;
        let seen = seen.map(|seen| Seen {
            gesture: seen.class as u8 + 1,
            probability: seen.probability,
            far: seen.unknown == Some(Unknown::Far),
            between: seen.unknown == Some(Unknown::Between),
        });
        let change = change.map(|change| {
            let (kind, class, at) = match change.what {
                Changed::Learned { class, at } => (ChangeKind::Learned, class, at),
                Changed::TookBack { class } => (ChangeKind::TookBack, class, 0),
                Changed::Removed { class } => (ChangeKind::Removed, class, 0),
            };
            Change { number: change.number, kind, gesture: class as u8 + 1, at }
        });
        let learned = learned.iter().map(|count| count as u32).collect();
        let (probabilities, features) = (probabilities.iter().collect(), features.iter().collect());
        Looked { at, seen, change, consent, learned, probabilities, features }
    }
}

/// A sample in g.
fn in_g(sample: [i16; 3]) -> [f32; 3] {
    sample.map(|axis| f32::from(axis) / 1000.0)
}

fn packed<'a>(features: &[f32], buffer: &'a mut [u8]) -> Result<Floats<'a>, String> {
    Floats::pack(features.iter().copied(), buffer).ok_or_else(|| words(Failure::TooLong))
}

fn words(failure: Failure) -> String {
    failure.to_string()
}
