//! Which frames are of the host that is connected, and which of them are new.

use gradient_decay_link::Header;

/// The session that there is, and the one that could be next.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    current: u32,
    /// The last request of the session.
    last: u32,
    /// The number that the last greeting came with, and the session that it was offered.
    greeted: u32,
    offered: u32,
    /// Counts greetings, and how often the main loop comes round.
    count: u32,
}

/// The place of a request in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first one of a new session.
    First,
    /// The next one.
    Next,
    /// The last one again.
    Again,
    /// One before the last, which its host has given up.
    Late,
    /// One of no session that there is.
    Foreign,
}

impl Sessions {
    /// Before the first greeting.
    pub const fn new() -> Self {
        Sessions { current: 0, last: 0, greeted: 0, offered: 0, count: 0 }
    }

    /// Notes that the main loop has come round. How often it had until a host greeted is a number that no two starts have in common, but by
    /// chance: so frames of a session before a restart are of none after it.
    pub fn round(&mut self) {
        self.count = self.count.wrapping_add(1);
    }

    /// The number of a session for a host that greets with this number of its own. The session that there is goes on meanwhile.
    pub fn greet(&mut self, nonce: u32) -> u32 {
        // A greeting that is sent twice is one.
        if self.offered == 0 || self.greeted != nonce {
            self.greeted = nonce;
            loop {
                self.count = self.count.wrapping_add(1);
                // By an odd constant (that of Knuth's hash), so that close counts give sessions that are far apart.
                self.offered = nonce ^ self.count.wrapping_mul(0x9e37_79b1);
                if self.offered != 0 && self.offered != self.current {
                    break;
                }
            }
        }
        self.offered
    }

    /// Takes a request.
    pub fn take(&mut self, header: Header) -> Turn {
        let Header { session, sequence } = header;
        // 0 is not a valid number.
        if session == 0 || sequence == 0 {
            Turn::Foreign
        } else if session == self.current {
            match sequence.cmp(&self.last) {
                core::cmp::Ordering::Less => Turn::Late,
                core::cmp::Ordering::Equal => Turn::Again,
                core::cmp::Ordering::Greater => {
                    self.last = sequence;
                    Turn::Next
                }
            }
        } else if session == self.offered {
            (self.current, self.last) = (session, sequence);
            Turn::First
        } else {
            Turn::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(session: u32, sequence: u32) -> Header {
        Header { session, sequence }
    }

    #[test]
    fn a_session_begins_with_its_first_request_and_ends_with_that_of_the_next() {
        let mut sessions = Sessions::new();
        let first = sessions.greet(7);
        assert_eq!((sessions.greet(7), first != 0), (first, true), "a greeting sent twice");
        assert_eq!(sessions.take(header(first, 1)), Turn::First);
        assert_eq!(
            [1, 2, 1].map(|sequence| sessions.take(header(first, sequence))),
            [Turn::Again, Turn::Next, Turn::Late]
        );
        let second = sessions.greet(8);
        assert_eq!(sessions.take(header(first, 5)), Turn::Next, "a greeting ends nothing");
        assert_eq!(sessions.take(header(second, 1)), Turn::First);
        assert_eq!(sessions.take(header(first, 6)), Turn::Foreign);
        // A late greeting of the first host begins nothing that its late requests could be of.
        assert_ne!(sessions.greet(7), first);
        assert_eq!([first, 0, 99].map(|session| sessions.take(header(session, 1))), [Turn::Foreign; 3]);
        assert_eq!(sessions.take(header(second, 2)), Turn::Next);
    }

    #[test]
    fn no_session_is_that_of_before_a_restart() {
        let mut before = Sessions::new();
        (0..1000).for_each(|_| before.round());
        let mut after = Sessions::new();
        (0..1001).for_each(|_| after.round());
        assert_ne!(before.greet(7), after.greet(7));
    }

    #[test]
    fn numbers_at_the_end_of_their_range_are_as_good() {
        let mut sessions = Sessions { count: u32::MAX - 1, ..Sessions::new() };
        for nonce in [0, u32::MAX, 1, 0x9e37_79b1] {
            let session = sessions.greet(nonce);
            assert_eq!(sessions.take(header(session, u32::MAX)), Turn::First);
            assert_eq!(sessions.take(header(session, u32::MAX)), Turn::Again);
        }
    }
}
