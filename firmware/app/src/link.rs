//! The device's end of the link: answers what a host asks over a serial port. The messages are those of [`gradient_decay_link`], which also
//! says what a session is, and what needs consent.

mod checkpoints;
mod requests;
mod senses;
mod served;
mod session;

pub use gradient_decay_link::Means;
pub use senses::{Beside, Senses};
pub use served::{Import, Learned, Served};

use embedded_io::{Read, ReadReady, Write};
use gradient_decay::LinearHead;
use gradient_decay_link::{
    FRAME, FrameError, Header, MAX_FLOATS, Received, Receiver, Refusal, Request, Response, Unreadable, VERSION, decode,
    encode,
};

use requests::{NUMBERS, Requests};
use session::{Sessions, Turn};

/// Answers requests. `PARAMETERS` is the head's number of them: there is a copy of them on its way in or out.
pub struct Server<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> {
    receiver: Receiver,
    sessions: Sessions,
    requests: Requests<PARAMETERS>,
    consents: bool,
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Server<CLASSES, FEATURES, PARAMETERS> {
    /// Before the first request. What replaces or erases what the device knows needs consent. `PARAMETERS` must be those of the head, or it
    /// does not compile.
    pub const fn new() -> Self {
        const { assert!(PARAMETERS == LinearHead::<CLASSES, FEATURES>::PARAMETERS, "CLASSES * (FEATURES + 1)") };
        const { assert!(FEATURES <= MAX_FLOATS, "a sample must fit into a frame") };
        Server { receiver: Receiver::new(), sessions: Sessions::new(), requests: Requests::new(), consents: false }
    }

    /// The same with consent to everything: whoever holds the cable can replace and erase what the device knows.
    pub const fn consenting() -> Self {
        Server { consents: true, ..Self::new() }
    }

    /// Takes the bytes that have arrived at the port, a frame's worth at most, and answers what they ask. Waits for nothing but the
    /// sending of an answer. An error of the port drops what it had. `beside` is what the device has beside its learner. `save` is to save the
    /// learner, in the room that it is given, and tells whether it did. Whether the learner may be another now.
    pub fn poll<P: Read + ReadReady + Write, S: Served<FEATURES>>(
        &mut self,
        port: &mut P,
        learner: &mut S,
        mut beside: Beside<'_>,
        mut save: impl FnMut(&S, &mut [u8]) -> bool,
    ) -> bool {
        let Server { receiver, sessions, requests, consents } = self;
        if *consents {
            beside.consent = Ok(());
        }
        let mut changed = false;
        sessions.round();
        let mut taken = 0;
        // Whoever sends without a pause does not keep the device from all else.
        while taken < FRAME && port.read_ready().unwrap_or(false) {
            let mut bytes = [0; 16];
            let Ok(count) = port.read(&mut bytes) else { break };
            taken += count;
            if count == 0 {
                // The other end is gone.
                break;
            }
            for byte in bytes.get(..count).unwrap_or_default() {
                let mut buffer = [0; NUMBERS];
                let (header, response) = match receiver.push(*byte) {
                    Received::Nothing => continue,
                    Received::TooLong => (Header::UNREAD, unreadable(FrameError::TooLong)),
                    Received::Frame(frame) => match decode(frame) {
                        Ok((header, Request::Hello)) => {
                            (header, Response::Welcome { session: sessions.greet(header.session) })
                        }
                        Ok((header, request)) => match sessions.take(header) {
                            Turn::Foreign => (header, Response::Refused(Refusal::Session)),
                            Turn::Late => continue,
                            turn => {
                                if turn == Turn::First {
                                    requests.begin();
                                }
                                if turn != Turn::Again {
                                    changed |=
                                        requests.take::<S, CLASSES, FEATURES>(request, learner, &mut beside, &mut save);
                                }
                                (header, requests.answer::<S, CLASSES, FEATURES>(learner, &beside, &mut buffer))
                            }
                        },
                        Err(Unreadable::Frame(error)) => (Header::UNREAD, unreadable(error)),
                        Err(Unreadable::Message(header)) => (header, unreadable(FrameError::Message)),
                        Err(Unreadable::Version { .. }) => {
                            (Header::UNREAD, Response::Refused(Refusal::Version { device: VERSION }))
                        }
                    },
                };
                let mut frame = [0; FRAME];
                if let Some(length) = encode(header, &response, &mut frame) {
                    let sent = port.write_all(frame.get(..length).unwrap_or_default()).and_then(|()| port.flush());
                    if sent.is_err() {
                        return changed;
                    }
                }
            }
        }
        changed
    }
}

impl<const CLASSES: usize, const FEATURES: usize, const PARAMETERS: usize> Default
    for Server<CLASSES, FEATURES, PARAMETERS>
{
    fn default() -> Self {
        Self::new()
    }
}

fn unreadable(error: FrameError) -> Response<'static> {
    Response::Refused(Refusal::Frame(error))
}
