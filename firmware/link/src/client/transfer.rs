//! The requests of which the transfer of a head or of a checkpoint consists.

use crate::client::Failure;
use crate::frame::CRC;
use crate::{Description, Floats, PART, Request, Response};

/// A head or a checkpoint on its way to a device.
///
/// Each [`request`](Self::request) is to be asked and its answer to be given to [`answered`](Self::answered). After a lost session,
/// [`resume`](Self::resume) with the description that the new one began with: the push was done already, or begins anew.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    content: Content<'a>,
    crc: u32,
    number: u32,
    sent: usize,
}

#[derive(Clone, Copy, Debug)]
enum Content<'a> {
    Head { parameters: &'a [f32], steps: u32 },
    Checkpoint(&'a [u8]),
}

impl<'a> Push<'a> {
    /// A head for a device: its weights row by row, then its biases; `steps` is its place in the warm-up. `random` is to be another for each push.
    pub fn new(head: &'a [f32], steps: u32, random: u32) -> Self {
        let mut digest = CRC.digest();
        head.iter().for_each(|number| digest.update(&number.to_le_bytes()));
        let content = Content::Head { parameters: head, steps };
        Push { content, crc: digest.finalize(), number: random, sent: 0 }
    }

    /// A checkpoint for a device, as a [`PullCheckpoint`] has it. `random` is to be another for each push.
    pub fn checkpoint(bytes: &'a [u8], random: u32) -> Self {
        Push { content: Content::Checkpoint(bytes), crc: CRC.checksum(bytes), number: random, sent: 0 }
    }

    /// The next request. Its numbers lie in `buffer`.
    pub fn request<'b>(&self, buffer: &'b mut [u8; 4 * PART]) -> Request<'b>
    where
        'a: 'b,
    {
        let (Push { crc, number: push, .. }, offset) = (*self, self.sent as u32);
        match self.content {
            Content::Head { parameters, steps } => {
                let rest = parameters.get(self.sent..).unwrap_or_default();
                match Floats::pack(rest.iter().copied().take(PART), buffer) {
                    Some(parameters) if !parameters.is_empty() => Request::WriteHead { offset, parameters },
                    _ => Request::CommitHead { crc, steps, push },
                }
            }
            Content::Checkpoint(bytes) => match bytes.get(self.sent..).unwrap_or_default() {
                [] => Request::CommitCheckpoint { crc, push },
                rest => Request::WriteCheckpoint { offset, bytes: rest.get(..4 * PART).unwrap_or(rest) },
            },
        }
    }

    /// Takes the answer to a request. `true` if the device has all of it.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is an answer to another request.
    pub fn answered(&mut self, response: &Response<'_>) -> Result<bool, Failure> {
        let (length, part) = match self.content {
            Content::Head { parameters, .. } => (parameters.len(), PART),
            Content::Checkpoint(bytes) => (bytes.len(), 4 * PART),
        };
        let sent = length.min(self.sent + part);
        match response {
            Response::Taken { parameters } if self.sent < length && *parameters as usize == sent => {
                self.sent = sent;
                Ok(false)
            }
            Response::Done if self.sent == length => Ok(true),
            _ => Err(Failure::Unexpected),
        }
    }

    /// Goes on in a new session. `true` if the device did the push in an earlier one; else it begins anew.
    pub fn resume(&mut self, description: &Description) -> bool {
        self.sent = 0;
        description.pushed == Some(self.number)
    }
}

/// A head on its way from a device.
#[derive(Debug)]
pub struct Pull<'a> {
    head: &'a mut [f32],
    received: usize,
}

impl<'a> Pull<'a> {
    /// Into `head`, which has as many numbers as [`Description::parameters`] says.
    pub fn new(head: &'a mut [f32]) -> Self {
        Pull { head, received: 0 }
    }

    /// The next request.
    pub fn request(&self) -> Request<'static> {
        Request::ReadHead { offset: self.received as u32 }
    }

    /// Takes the answer to a request. `true` if the head is complete.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is an answer to another request, or the head is shorter or longer.
    pub fn answered(&mut self, response: &Response<'_>) -> Result<bool, Failure> {
        let Response::Parameters { offset, parameters } = response else { return Err(Failure::Unexpected) };
        let end = self.received + parameters.len();
        let places = self.head.get_mut(self.received..end).filter(|places| !places.is_empty());
        let Some(places) = places.filter(|_| *offset as usize == self.received) else {
            return Err(Failure::Unexpected);
        };
        places.iter_mut().zip(parameters.iter()).for_each(|(place, parameter)| *place = parameter);
        self.received = end;
        Ok(self.received == self.head.len())
    }

    /// Begins anew in a new session: the parts belong to one copy that the device took.
    pub fn resume(&mut self) {
        self.received = 0;
    }
}

/// A checkpoint on its way from a device.
#[derive(Debug)]
pub struct PullCheckpoint<'a> {
    bytes: &'a mut [u8],
    received: usize,
    crc: u32,
}

impl<'a> PullCheckpoint<'a> {
    /// Into `bytes`, which is as long as the longest that is expected.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        PullCheckpoint { bytes, received: 0, crc: 0 }
    }

    /// The next request.
    pub fn request(&self) -> Request<'static> {
        Request::ReadCheckpoint { offset: self.received as u32 }
    }

    /// Takes the answer to a request. If the checkpoint is complete, its length. If the device has saved meanwhile, it begins anew.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is an answer to another request, [`Failure::TooLong`] if there is no room.
    pub fn answered(&mut self, response: &Response<'_>) -> Result<Option<usize>, Failure> {
        let Response::Checkpoint { offset, total, crc, bytes: part } = *response else {
            return Err(Failure::Unexpected);
        };
        let (end, total) = (self.received + part.len(), total as usize);
        if offset as usize != self.received || part.is_empty() || end > total {
            return Err(Failure::Unexpected);
        }
        if offset == 0 {
            self.crc = crc;
        }
        self.bytes.get_mut(self.received..end).ok_or(Failure::TooLong)?.copy_from_slice(part);
        self.received = end;
        if end < total {
            return Ok(None);
        }
        if crc == self.crc && self.bytes.get(..total).is_some_and(|bytes| CRC.checksum(bytes) == crc) {
            return Ok(Some(total));
        }
        self.resume();
        Ok(None)
    }

    /// Begins anew in a new session.
    pub fn resume(&mut self) {
        self.received = 0;
    }
}
