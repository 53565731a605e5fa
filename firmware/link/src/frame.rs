//! Frames: a message with its version, its sequence number and its CRC, between bytes of 0.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

use crate::VERSION;

/// The most bytes of a frame, with the 0 at its end: 120 numbers, what is around them, and COBS's one byte in 254.
pub const FRAME: usize = 512;

const CRC_BYTES: usize = 4;

/// A table would take a kilobyte of flash.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Why a frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameError {
    /// It is longer than [`FRAME`] bytes.
    TooLong,
    /// It is not COBS, or too short for a message.
    Framing,
    /// Its CRC is another: it arrived damaged.
    Crc,
    /// It arrived as it was sent, but is no message of this version.
    Message,
}

/// A frame that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is damaged.
    Frame(FrameError),
    /// It arrived well, but is of another version.
    Version {
        /// Its version.
        found: u8,
        /// Its sequence number.
        sequence: u8,
    },
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            FrameError::TooLong => write!(f, "the frame is longer than {FRAME} bytes"),
            FrameError::Framing => f.write_str("the frame is not COBS"),
            FrameError::Crc => f.write_str("the frame's CRC is wrong"),
            FrameError::Message => f.write_str("the frame holds no message of this version"),
        }
    }
}

/// Writes a message as a frame, with the 0 at its end, to the start of `frame`; `None` if it does not fit.
///
/// ```
/// use gradient_decay_link::{FRAME, Receiver, Received, Request, decode, encode};
///
/// let mut frame = [0; FRAME];
/// let length = encode(7, &Request::ReadHead { offset: 64 }, &mut frame).unwrap();
/// let mut receiver = Receiver::new();
/// for byte in &frame[..length - 1] {
///     assert!(matches!(receiver.push(*byte), Received::Nothing));
/// }
/// let Received::Frame(bytes) = receiver.push(0) else { panic!() };
/// assert_eq!(decode(bytes), Ok((7, Request::ReadHead { offset: 64 })));
/// ```
pub fn encode(sequence: u8, message: &impl Serialize, frame: &mut [u8]) -> Option<usize> {
    let mut content = [0; FRAME];
    let length = postcard::to_slice(&(VERSION, sequence, message), &mut content).ok()?.len();
    let crc = CRC.checksum(content.get(..length)?);
    content.get_mut(length..length + CRC_BYTES)?.copy_from_slice(&crc.to_le_bytes());
    // The last byte is the 0.
    let room = frame.len().min(FRAME).checked_sub(1)?;
    let length = cobs::try_encode(content.get(..length + CRC_BYTES)?, frame.get_mut(..room)?).ok()?;
    *frame.get_mut(length)? = 0;
    Some(length + 1)
}

/// Reads a frame, without its 0, in place: its sequence number and its message.
///
/// # Errors
/// [`Unreadable`], which says why.
pub fn decode<'a, T: Deserialize<'a>>(frame: &'a mut [u8]) -> Result<(u8, T), Unreadable> {
    let framing = Unreadable::Frame(FrameError::Framing);
    let length = cobs::decode_in_place(frame).map_err(|_| framing)?;
    let (content, crc) = frame.get(..length).and_then(|bytes| bytes.split_last_chunk::<CRC_BYTES>()).ok_or(framing)?;
    if CRC.checksum(content) != u32::from_le_bytes(*crc) {
        return Err(Unreadable::Frame(FrameError::Crc));
    }
    let ([version, sequence], message) = content.split_first_chunk::<2>().ok_or(framing)?;
    if *version != VERSION {
        return Err(Unreadable::Version { found: *version, sequence: *sequence });
    }
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok((*sequence, message)),
        _ => Err(Unreadable::Frame(FrameError::Message)),
    }
}

/// Collects the bytes of a frame, in [`FRAME`] bytes and at most 16 more.
#[derive(Clone, Debug)]
pub struct Receiver {
    bytes: [u8; FRAME],
    length: usize,
    skips: bool,
}

/// The meaning of a byte.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// One of many.
    Nothing,
    /// The last one of a frame, here without its 0: see [`decode`].
    Frame(&'a mut [u8]),
    /// One too many. All up to the next 0 is skipped.
    TooLong,
}

impl Receiver {
    /// Before the first byte.
    pub const fn new() -> Self {
        Receiver { bytes: [0; FRAME], length: 0, skips: false }
    }

    /// Takes a byte. Zeros in a row are one.
    pub fn push(&mut self, byte: u8) -> Received<'_> {
        if byte == 0 {
            let length = core::mem::take(&mut self.length);
            let skipped = core::mem::take(&mut self.skips);
            return match self.bytes.get_mut(..length) {
                Some(frame) if length > 0 && !skipped => Received::Frame(frame),
                _ => Received::Nothing,
            };
        }
        if self.skips {
            return Received::Nothing;
        }
        // One byte of FRAME is the 0.
        match self.bytes.get_mut(self.length) {
            Some(place) if self.length < FRAME - 1 => {
                *place = byte;
                self.length += 1;
                Received::Nothing
            }
            _ => {
                self.skips = true;
                Received::TooLong
            }
        }
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Floats, MAX_FLOATS, Request, Response};
    use proptest::prelude::*;
    use std::vec::Vec;

    fn frame(sequence: u8, message: &impl Serialize) -> Vec<u8> {
        let mut bytes = [0; FRAME];
        let length = encode(sequence, message, &mut bytes).unwrap();
        bytes[..length].to_vec()
    }

    #[test]
    fn the_longest_messages_fit() {
        let mut buffer = [0; 4 * MAX_FLOATS];
        for number in [0.0, 1.0, f32::from_bits(0x0101_0101)] {
            let features = Floats::pack([number; MAX_FLOATS], &mut buffer).unwrap();
            for message in [
                Request::Learn { features, class: u16::MAX },
                Request::WriteHead { offset: u32::MAX, parameters: features },
            ] {
                let mut bytes = frame(255, &message);
                assert!(bytes.len() <= FRAME && bytes.iter().position(|byte| *byte == 0) == Some(bytes.len() - 1));
                bytes.pop();
                assert_eq!(decode(&mut bytes), Ok((255, message)));
            }
        }
        assert_eq!(encode(0, &Response::Done, &mut [0; 3]), None);
    }

    /// The wire is a promise: these are its bytes.
    #[test]
    fn the_wire_is_as_it_is_written_down() {
        // COBS's first byte, version 1, sequence 9, variant 4 (ReadHead), 300 as a varint, CRC, 0.
        let bytes = frame(9, &Request::ReadHead { offset: 300 });
        assert_eq!(bytes[1..6], [1, 9, 4, 0xac, 0x02]);
        assert_eq!(bytes[6..10], Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&bytes[1..6]).to_le_bytes());
        assert_eq!((bytes[0], bytes[10], bytes.len()), (10, 0, 11));
        // Variant 0 (Refused) of variant 0 (Version): COBS writes each 0 as the distance to the next.
        let bytes = frame(2, &Response::Refused(crate::Refusal::Version { device: 1 }));
        assert_eq!((bytes[0], &bytes[1..3], bytes[3], bytes[4], bytes[5]), (3, &[1, 2][..], 1, 6, 1));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut buffer = [0; 12];
        let message = Request::Learn { features: Floats::pack([1.0, -0.5, 3e7], &mut buffer).unwrap(), class: 3 };
        let good = frame(1, &message);
        for bit in 0..8 * (good.len() - 1) {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes.pop();
            assert!(decode::<Request<'_>>(&mut bytes).is_err(), "bit {bit}");
        }
        for length in 0..good.len() - 1 {
            assert!(decode::<Request<'_>>(&mut good[..length].to_vec()).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut content = Vec::from([VERSION + 1, 42, 0xff, 0xff]);
        content.extend(CRC.checksum(&content).to_le_bytes());
        let mut bytes = [0; 32];
        let length = cobs::encode(&content, &mut bytes);
        let expected = Unreadable::Version { found: VERSION + 1, sequence: 42 };
        assert_eq!(decode::<Request<'_>>(&mut bytes[..length]), Err(expected));
    }

    #[test]
    fn what_is_too_long_is_refused_once_and_the_next_frame_is_read() {
        let mut receiver = Receiver::new();
        let refused = (0..5 * FRAME).filter(|_| receiver.push(7) == Received::TooLong).count();
        assert_eq!((refused, receiver.push(0)), (1, Received::Nothing));
        let bytes = frame(3, &Request::Save);
        let read = bytes.iter().filter(|byte| matches!(receiver.push(**byte), Received::Frame(_))).count();
        assert_eq!(read, 1);
    }

    proptest! {
        /// Whatever comes before it, a frame behind a 0 is read.
        #[test]
        fn a_frame_behind_garbage_is_read(garbage in prop::collection::vec(any::<u8>(), 0..1200), offset in any::<u32>()) {
            let mut receiver = Receiver::new();
            for byte in garbage.iter().chain(&[0]) {
                if let Received::Frame(bytes) = receiver.push(*byte) {
                    // Random bytes pass a CRC once in four billion times.
                    prop_assert!(decode::<Request<'_>>(bytes).is_err());
                }
            }
            let message = Request::ReadHead { offset };
            let bytes = frame(5, &message);
            let (last, first) = bytes.split_last().unwrap();
            for byte in first {
                prop_assert_eq!(receiver.push(*byte), Received::Nothing);
            }
            let Received::Frame(bytes) = receiver.push(*last) else { panic!("no frame") };
            prop_assert_eq!(decode(bytes), Ok((5, message)));
        }

        /// Bytes that have a good CRC but are no message are refused.
        #[test]
        fn good_frames_of_nonsense_are_refused_or_read(content in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut content = [&[VERSION, 1], &content[..]].concat();
            content.extend(CRC.checksum(&content).to_le_bytes());
            let mut bytes = [0; 128];
            let length = cobs::encode(&content, &mut bytes);
            if let Ok((_, message)) = decode::<Request<'_>>(&mut bytes[..length]) {
                // A message that is read is written the same, but for numbers in more bytes than they need.
                prop_assert!(frame(1, &message).len() <= length + 2);
            }
        }
    }
}
