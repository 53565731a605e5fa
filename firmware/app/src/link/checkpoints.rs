//! Checkpoints in transfer from and to a host, in the device's room.

use gradient_decay_link::{PART, Refusal, Response};

use super::served::Served;
use crate::checksum;

/// The checkpoint in transfer.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoints {
    /// The number of bytes received from the host, in order.
    taken: usize,
    /// The length and the CRC of the copy that was taken for the host.
    copy: Option<(u32, u32)>,
}

impl Checkpoints {
    /// None.
    pub const fn new() -> Self {
        Checkpoints { taken: 0, copy: None }
    }

    /// Takes a copy, if the part asked for is the first one.
    pub fn read<S: Served<FEATURES>, const FEATURES: usize>(
        &mut self,
        offset: u32,
        learner: &S,
        room: &mut [u8],
    ) -> Result<(), Refusal> {
        if offset == 0 {
            // A checkpoint that was being received is given up.
            *self = Self::new();
            if room.is_empty() {
                return Err(Refusal::Unsupported);
            }
            let length = learner.checkpoint(room).map_err(|_| Refusal::TooLarge)?.ok_or(Refusal::Unsupported)?;
            self.copy = Some((length as u32, checksum::of_bytes(room.get(..length).unwrap_or_default())));
        }
        match self.copy {
            Some((total, _)) if offset < total => Ok(()),
            _ => Err(Refusal::Offset { expected: 0 }),
        }
    }

    /// The part of the copy from this byte on.
    pub fn part<'b>(&self, offset: u32, room: &'b [u8]) -> Response<'b> {
        let part = self.copy.and_then(|(total, crc)| {
            let rest = room.get(offset as usize..total as usize)?;
            Some(Response::Checkpoint { offset, total, crc, bytes: rest.get(..4 * PART).unwrap_or(rest) })
        });
        part.unwrap_or(Response::Refused(Refusal::Offset { expected: 0 }))
    }

    /// Takes a part from the host.
    pub fn write(&mut self, offset: u32, bytes: &[u8], room: &mut [u8]) -> Result<Response<'static>, Refusal> {
        if offset == 0 {
            *self = Self::new();
        }
        if room.is_empty() {
            return Err(Refusal::Unsupported);
        }
        if offset as usize != self.taken {
            return Err(Refusal::Offset { expected: self.taken as u32 });
        }
        // There is room for the longest that this device has.
        let place = room.get_mut(self.taken..self.taken + bytes.len()).ok_or(Refusal::Checkpoint)?;
        place.copy_from_slice(bytes);
        self.taken += bytes.len();
        Ok(Response::Taken { parameters: self.taken as u32 })
    }

    /// Lets the learner take over the received checkpoint. If a save has overwritten it meanwhile, the CRC differs.
    pub fn commit<S: Served<FEATURES>, const FEATURES: usize>(
        &mut self,
        crc: u32,
        learner: &mut S,
        room: &[u8],
    ) -> Result<(), Refusal> {
        let bytes = room.get(..self.taken).filter(|bytes| !bytes.is_empty()).ok_or(Refusal::Offset { expected: 0 })?;
        let found = checksum::of_bytes(bytes);
        if found != crc {
            return Err(Refusal::Crc { found });
        }
        let restored = learner.restore(bytes).map_err(|_| Refusal::Checkpoint)?;
        self.taken = 0;
        if restored { Ok(()) } else { Err(Refusal::Unsupported) }
    }
}
