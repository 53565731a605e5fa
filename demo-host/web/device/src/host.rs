//! The host's end of the link, for a page that has a serial port.

use gradient_decay_link::client::{Connection, Event, Failure};
use gradient_decay_link::{Description, Floats, MAX_FLOATS, Request, Response};
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

/// A conversation with a board: what is asked last is to be driven to [`Step::Done`] by [`receive`](Self::receive) and
/// [`timed_out`](Self::timed_out). Each of its errors is a sentence.
#[wasm_bindgen]
pub struct Host {
    connection: Connection,
    description: Option<Description>,
    seen: Option<Seen>,
    summary: Option<Summary>,
    head: Vec<f32>,
}

#[wasm_bindgen]
impl Host {
    /// `random` is to be another for each.
    #[wasm_bindgen(constructor)]
    pub fn new(random: u32) -> Self {
        Host { connection: Connection::new(random), description: None, seen: None, summary: None, head: Vec::new() }
    }

    /// Begins a session, and asks for a description.
    pub fn connect(&mut self) -> Step {
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

    /// The labels that it has learned; `undefined` before it was described.
    pub fn labels(&self) -> Option<u32> {
        self.description.map(|description| description.steps)
    }

    /// The features that it takes; `undefined` before it was described.
    pub fn features(&self) -> Option<u16> {
        self.description.map(|description| description.features)
    }

    /// Its last answer; `between` is whatever it calls unknown. `undefined` before.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// How its answers went; `undefined` before it was asked, or before its first label.
    pub fn summary(&self) -> Option<Summary> {
        self.summary
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
        match event.map_err(words)? {
            Event::Send => Ok(Step::Send),
            Event::Wait => Ok(Step::Wait),
            Event::Answered => self.answered(),
        }
    }

    /// Takes an answer. A head goes on with its next part.
    fn answered(&mut self) -> Result<Step, String> {
        let Host { connection, description, seen, summary, head } = self;
        match connection.answer().map_err(words)? {
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
            _ => {}
        }
        Ok(Step::Done)
    }
}

fn packed<'a>(features: &[f32], buffer: &'a mut [u8]) -> Result<Floats<'a>, String> {
    Floats::pack(features.iter().copied(), buffer).ok_or_else(|| words(Failure::TooLong))
}

fn words(failure: Failure) -> String {
    failure.to_string()
}
