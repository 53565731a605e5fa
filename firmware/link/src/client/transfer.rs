//! The requests of which the transfer of a head consists.

use crate::client::Failure;
use crate::{Description, Floats, PART, Request, Response};

/// A head on its way to a device.
///
/// Each [`request`](Self::request) is to be asked and its answer to be given to [`answered`](Self::answered). After a lost session,
/// [`resume`](Self::resume) with the description that the new one began with: the push was done already, or begins anew.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    head: &'a [f32],
    steps: u32,
    crc: u32,
    number: u32,
    sent: usize,
}

impl<'a> Push<'a> {
    /// A head for a device: its weights row by row, then its biases; `steps` is its place in the warm-up. `random` is to be another for each push.
    pub fn new(head: &'a [f32], steps: u32, random: u32) -> Self {
        let mut digest = crate::frame::CRC.digest();
        head.iter().for_each(|number| digest.update(&number.to_le_bytes()));
        Push { head, steps, crc: digest.finalize(), number: random, sent: 0 }
    }

    /// The next request. Its numbers lie in `buffer`.
    pub fn request<'b>(&self, buffer: &'b mut [u8; 4 * PART]) -> Request<'b> {
        let rest = self.head.get(self.sent..).unwrap_or_default();
        if !rest.is_empty()
            && let Some(parameters) = Floats::pack(rest.iter().copied().take(PART), buffer)
        {
            return Request::WriteHead { offset: self.sent as u32, parameters };
        }
        Request::CommitHead { crc: self.crc, steps: self.steps, push: self.number }
    }

    /// Takes the answer to a request. `true` if the device has the head.
    ///
    /// # Errors
    /// [`Failure::Unexpected`] if it is an answer to another request.
    pub fn answered(&mut self, response: &Response<'_>) -> Result<bool, Failure> {
        let sent = self.head.len().min(self.sent + PART);
        match response {
            Response::Taken { parameters } if self.sent < self.head.len() && *parameters as usize == sent => {
                self.sent = sent;
                Ok(false)
            }
            Response::Done if self.sent == self.head.len() => Ok(true),
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
