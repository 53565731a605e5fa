//! The host's end of the link, apart from ports, clocks and threads: a program and a page in a browser have the same.
//!
//! A [`Connection`] makes the bytes to send and takes those that arrive; its owner has the port and the clock:
//!
//! ```
//! use gradient_decay_link::client::{Connection, Event, Failure};
//! use gradient_decay_link::{Request, Response};
//!
//! fn ask<'a>(
//!     connection: &'a mut Connection,
//!     request: &Request<'_>,
//!     mut exchange: impl FnMut(&[u8]) -> Option<u8>, // sends bytes if there are some, waits for one; `None` after a while
//! ) -> Result<Response<'a>, Failure> {
//!     let mut event = connection.ask(request)?;
//!     loop {
//!         let sent: &[u8] = if let Event::Send = event { connection.outgoing() } else { &[] };
//!         event = match exchange(sent) {
//!             Some(byte) => connection.receive(&[byte])?,
//!             None => connection.timed_out()?,
//!         };
//!         if let Event::Answered = event {
//!             return connection.answer();
//!         }
//!     }
//! }
//!
//! // A device that never answers.
//! let mut connection = Connection::new(0x1234_5678);
//! connection.connect();
//! assert_eq!((0..).find_map(|_| connection.timed_out().err()), Some(Failure::Silence));
//! assert_eq!(ask(&mut connection, &Request::Save, |_| None).unwrap_err(), Failure::Lost, "it is not connected");
//! ```
//!
//! A [`Push`], a [`Pull`] and a [`PullCheckpoint`] say which requests the transfer of a head or of a checkpoint takes, and go on from the beginning after
//! a new connection. A [`Track`] follows the samples of a device.

mod track;
mod transfer;

pub use track::Track;
pub use transfer::{Pull, PullCheckpoint, Push};

use core::fmt;

use crate::{FRAME, Header, MAX_FLOATS, Received, Receiver, Refusal, Request, Response, Unreadable, decode, encode};

/// How often an answer is waited for until a request is given up.
const ATTEMPTS: u8 = 3;

/// How often a request is sent again at once, before the answer is overdue, because the device could not read it. One request that is
/// damaged may be told as two.
const REPEATS: u8 = 3;

/// How often a session is begun in which no request is done: another host may begin one at the same time.
const GREETINGS: u8 = 5;

/// The next thing that the owner of a [`Connection`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Send [`outgoing`](Connection::outgoing), then wait for bytes, or until an answer is overdue.
    Send,
    /// Go on waiting.
    Wait,
    /// Take the [`answer`](Connection::answer).
    Answered,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// None came. The device may have done what it was asked: [`Connection::again`] asks the same again.
    Silence,
    /// No answer came, but that the device could not read the request. As [`Silence`](Self::Silence).
    Disturbed,
    /// The device does not know the session. Whether it had done the request before cannot be told.
    Lost,
    /// The device speaks another version.
    Version {
        /// Which.
        found: u8,
    },
    /// The device refused. Nothing was changed.
    Refused(Refusal),
    /// There are more numbers than a frame holds, or than there is room for.
    TooLong,
    /// The answer is one to another question.
    Unexpected,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Silence => {
                f.write_str("the device does not answer: is it the right port, and does its firmware have a link?")
            }
            Failure::Disturbed => f.write_str("the device cannot read what it is sent: the line is disturbed"),
            Failure::Lost => f.write_str(
                "the device was restarted, or another program has connected to it: what it learned since it last saved may be lost; \
                 connect again",
            ),
            Failure::Version { found } => Refusal::Version { device: *found }.fmt(f),
            Failure::Refused(refusal) => refusal.fmt(f),
            Failure::TooLong => write!(f, "a request has at most {MAX_FLOATS} numbers, and an answer no more than there is room for"),
            Failure::Unexpected => f.write_str("the device's answer is to another question"),
        }
    }
}

impl core::error::Error for Failure {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

/// The purpose of the request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing: there is no session.
    Closed,
    /// A session.
    Greeting,
    /// The description of the device, by which the session begins.
    Beginning,
    /// A request of its owner.
    Open,
}

/// A session with a device, and the request that is on its way. 1.6 kB.
#[derive(Clone, Debug)]
pub struct Connection {
    receiver: Receiver,
    stage: Stage,
    nonce: u32,
    header: Header,
    /// A 0 and the frame of the last request: if the 0 at the end of the one before did not arrive, the device still waits for it.
    outgoing: [u8; FRAME + 1],
    length: usize,
    answer: [u8; FRAME],
    answered: usize,
    waits: bool,
    attempts: u8,
    repeats: u8,
    greetings: u8,
}

impl Connection {
    /// Before the first session. `random` should differ between all hosts and all times.
    pub const fn new(random: u32) -> Self {
        Connection {
            receiver: Receiver::new(),
            stage: Stage::Closed,
            nonce: random,
            header: Header::UNREAD,
            outgoing: [0; FRAME + 1],
            length: 0,
            answer: [0; FRAME],
            answered: 0,
            waits: false,
            attempts: 0,
            repeats: 0,
            greetings: 0,
        }
    }

    /// Begins a session: [`outgoing`](Self::outgoing) is to be sent. The answer will be a [`Response::Description`].
    pub fn connect(&mut self) {
        self.greetings = 0;
        self.greet();
    }

    /// Asks something within the session, in place of what was asked before.
    ///
    /// # Errors
    /// [`Failure::Lost`] if there is no session, [`Failure::TooLong`] if the request does not fit into a frame.
    pub fn ask(&mut self, request: &Request<'_>) -> Result<Event, Failure> {
        match self.header.sequence.checked_add(1) {
            Some(sequence) if self.stage == Stage::Open => self.prepare(Header { sequence, ..self.header }, request),
            _ => Err(Failure::Lost),
        }
    }

    /// Asks once more what was asked last, under the same number: what the device has done it does not do again.
    ///
    /// # Errors
    /// [`Failure::Lost`] if there is no session.
    pub fn again(&mut self) -> Result<Event, Failure> {
        if self.stage == Stage::Closed || self.length == 0 {
            return Err(Failure::Lost);
        }
        (self.waits, self.attempts, self.repeats) = (true, 0, 0);
        Ok(Event::Send)
    }

    /// The bytes to send after [`Event::Send`].
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.get(..self.length).unwrap_or_default()
    }

    /// Takes bytes that have arrived.
    ///
    /// # Errors
    /// [`Failure`], if there will be no answer.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Event, Failure> {
        let mut event = Ok(Event::Wait);
        for byte in bytes {
            let Received::Frame(frame) = self.receiver.push(*byte) else { continue };
            let Some(place) = self.answer.get_mut(..frame.len()) else { continue };
            if !self.waits {
                continue;
            }
            place.copy_from_slice(frame);
            self.answered = frame.len();
            match self.read() {
                Ok(Event::Wait) => {}
                read => event = read,
            }
        }
        event
    }

    /// Notes that the answer is overdue.
    ///
    /// # Errors
    /// [`Failure::Silence`] or [`Failure::Disturbed`], the third time.
    pub fn timed_out(&mut self) -> Result<Event, Failure> {
        let failure = if self.repeats > 0 { Failure::Disturbed } else { Failure::Silence };
        (self.attempts, self.repeats) = (self.attempts.saturating_add(1), 0);
        if self.waits && self.attempts < ATTEMPTS { Ok(Event::Send) } else { self.fail(failure) }
    }

    /// The answer, after [`Event::Answered`].
    ///
    /// # Errors
    /// [`Failure::Refused`]; [`Failure::Unexpected`] if there is none, or it was taken.
    pub fn answer(&mut self) -> Result<Response<'_>, Failure> {
        let length = core::mem::take(&mut self.answered);
        match self.answer.get_mut(..length).map(decode) {
            Some(Ok((_, Response::Refused(refusal)))) => Err(refusal.into()),
            Some(Ok((_, response))) => Ok(response),
            _ => Err(Failure::Unexpected),
        }
    }

    fn greet(&mut self) {
        self.stage = Stage::Greeting;
        self.greetings += 1;
        // A late answer to an earlier greeting is for another number.
        self.nonce = self.nonce.wrapping_add(1);
        // It is short.
        let _ = self.prepare(Header { session: self.nonce, sequence: 0 }, &Request::Hello);
    }

    fn prepare(&mut self, header: Header, request: &Request<'_>) -> Result<Event, Failure> {
        let frame = self.outgoing.get_mut(1..).unwrap_or_default();
        let length = encode(header, request, frame).ok_or(Failure::TooLong)?;
        self.header = header;
        (self.length, self.answered) = (1 + length, 0);
        (self.waits, self.attempts, self.repeats) = (true, 0, 0);
        Ok(Event::Send)
    }

    /// Reads the frame in `answer`.
    fn read(&mut self) -> Result<Event, Failure> {
        let mut frame = self.answer;
        let message = frame.get_mut(..self.answered).ok_or(Failure::Unexpected).map(decode::<Response<'_>>)?;
        let (header, response) = match message {
            Ok(message) => message,
            // The answer may be it, or a late one: it comes in time, or the request is sent again.
            Err(Unreadable::Frame(_) | Unreadable::Message(_)) => return Ok(Event::Wait),
            Err(Unreadable::Version { found }) => {
                (self.waits, self.stage) = (false, Stage::Closed);
                return Err(Failure::Version { found });
            }
        };
        if let (Header::UNREAD, Response::Refused(Refusal::Frame(_))) = (header, response) {
            if self.repeats == REPEATS {
                return Ok(Event::Wait);
            }
            self.repeats += 1;
            return Ok(Event::Send);
        }
        if header != self.header {
            return Ok(Event::Wait);
        }
        match (self.stage, response) {
            (Stage::Greeting, Response::Welcome { session }) => {
                self.stage = Stage::Beginning;
                self.prepare(Header { session, sequence: 1 }, &Request::Describe)
            }
            (Stage::Beginning, Response::Refused(Refusal::Session)) if self.greetings < GREETINGS => {
                self.greet();
                Ok(Event::Send)
            }
            (Stage::Beginning | Stage::Open, Response::Refused(Refusal::Session)) => {
                self.stage = Stage::Closed;
                self.fail(Failure::Lost)
            }
            (Stage::Beginning | Stage::Open, _) => {
                (self.stage, self.waits) = (Stage::Open, false);
                Ok(Event::Answered)
            }
            _ => self.fail(Failure::Unexpected),
        }
    }

    fn fail(&mut self, failure: Failure) -> Result<Event, Failure> {
        self.waits = false;
        Err(failure)
    }
}
