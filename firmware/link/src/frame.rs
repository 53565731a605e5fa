//! Frames: a message with its version, its session, its number there and its CRC, between bytes of 0.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

use crate::VERSION;

/// The most bytes of a frame, with the 0 at its end: 120 numbers, what is around them, and COBS's one byte in 254.
pub const FRAME: usize = 512;

const CRC_BYTES: usize = 4;
/// The version, and the [`Header`].
const HEADER_BYTES: usize = 9;

/// A table would take a kilobyte of flash.
pub(crate) const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The place of a frame in the conversation. A response has that of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The session, as [`Response::Welcome`](crate::Response::Welcome) gave it; of a [`Request::Hello`](crate::Request::Hello) a random
    /// number that the host chooses.
    pub session: u32,
    /// The number of the request within its session, from 1 on; 0 of a [`Request::Hello`](crate::Request::Hello).
    pub sequence: u32,
}

impl Header {
    /// That of the answer to a frame that cannot be read.
    pub const UNREAD: Header = Header { session: 0, sequence: 0 };
}

/// Why a frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameError {
    /// It is longer than [`FRAME`] bytes.
    TooLong,
    /// It is not COBS, or too short for a message.
    Framing,
    /// Its CRC is another: it arrived damaged.
    Crc,
    /// It arrived as it was sent, but the device does not know the message.
    Message,
}

/// A frame that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is damaged.
    Frame(FrameError),
    /// It arrived well, but its message is not known.
    Message(Header),
    /// It arrived well, but is of another version.
    Version {
        /// Its version.
        found: u8,
    },
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            FrameError::TooLong => write!(f, "the frame is longer than {FRAME} bytes"),
            FrameError::Framing => f.write_str("the frame is not COBS"),
            FrameError::Crc => f.write_str("the frame's CRC is wrong"),
            FrameError::Message => f.write_str("it does not know this kind of message"),
        }
    }
}

/// Writes a message as a frame, with the 0 at its end, to the start of `frame`; `None` if it does not fit.
///
/// ```
/// use gradient_decay_link::{FRAME, Header, Receiver, Received, Request, decode, encode};
///
/// let (mut frame, header) = ([0; FRAME], Header { session: 0x1234_5678, sequence: 7 });
/// let length = encode(header, &Request::ReadHead { offset: 64 }, &mut frame).unwrap();
/// let mut receiver = Receiver::new();
/// for byte in &frame[..length - 1] {
///     assert!(matches!(receiver.push(*byte), Received::Nothing));
/// }
/// let Received::Frame(bytes) = receiver.push(0) else { panic!() };
/// assert_eq!(decode(bytes), Ok((header, Request::ReadHead { offset: 64 })));
/// ```
pub fn encode(header: Header, message: &impl Serialize, frame: &mut [u8]) -> Option<usize> {
    let mut content = [0; FRAME];
    let (start, rest) = content.split_first_chunk_mut::<HEADER_BYTES>()?;
    let ([s0, s1, s2, s3], [n0, n1, n2, n3]) = (header.session.to_le_bytes(), header.sequence.to_le_bytes());
    *start = [VERSION, s0, s1, s2, s3, n0, n1, n2, n3];
    let length = HEADER_BYTES + postcard::to_slice(message, rest).ok()?.len();
    let crc = CRC.checksum(content.get(..length)?);
    content.get_mut(length..length + CRC_BYTES)?.copy_from_slice(&crc.to_le_bytes());
    // The last byte is the 0.
    let room = frame.len().min(FRAME).checked_sub(1)?;
    let length = cobs::try_encode(content.get(..length + CRC_BYTES)?, frame.get_mut(..room)?).ok()?;
    *frame.get_mut(length)? = 0;
    Some(length + 1)
}

/// Reads a frame, without its 0, in place: its header and its message.
///
/// # Errors
/// [`Unreadable`], which says why.
pub fn decode<'a, T: Deserialize<'a>>(frame: &'a mut [u8]) -> Result<(Header, T), Unreadable> {
    let framing = Unreadable::Frame(FrameError::Framing);
    let length = cobs::decode_in_place(frame).map_err(|_| framing)?;
    let (content, crc) = frame.get(..length).and_then(|bytes| bytes.split_last_chunk::<CRC_BYTES>()).ok_or(framing)?;
    if CRC.checksum(content) != u32::from_le_bytes(*crc) {
        return Err(Unreadable::Frame(FrameError::Crc));
    }
    match content.first() {
        None => return Err(framing),
        Some(&found) if found != VERSION => return Err(Unreadable::Version { found }),
        Some(_) => {}
    }
    let (start, message) = content.split_first_chunk::<HEADER_BYTES>().ok_or(framing)?;
    let [_, s0, s1, s2, s3, n0, n1, n2, n3] = *start;
    let header =
        Header { session: u32::from_le_bytes([s0, s1, s2, s3]), sequence: u32::from_le_bytes([n0, n1, n2, n3]) };
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok((header, message)),
        _ => Err(Unreadable::Message(header)),
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
    use crate::{Floats, MAX_FLOATS, MAX_SAMPLES, PART, Request, Response, Samples, Sight};
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Numbers as long as they can be.
    const LAST: Header = Header { session: u32::MAX, sequence: u32::MAX };

    fn numbered(sequence: u32) -> Header {
        Header { session: 0x0403_0201, sequence }
    }

    fn frame(header: Header, message: &impl Serialize) -> Vec<u8> {
        let mut bytes = [0; FRAME];
        let length = encode(header, message, &mut bytes).unwrap();
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
                let mut bytes = frame(LAST, &message);
                assert!(bytes.len() <= FRAME && bytes.iter().position(|byte| *byte == 0) == Some(bytes.len() - 1));
                bytes.pop();
                assert_eq!(decode(&mut bytes), Ok((LAST, message)));
            }
        }
        let mut buffer = [0; 6 * MAX_SAMPLES];
        let samples = Samples::pack([[257; 3]; MAX_SAMPLES], &mut buffer).unwrap();
        let bytes = [1; 4 * PART];
        let mut buffer = [0; 4 * MAX_FLOATS];
        // As many features as a sample has with which three lists of numbers are left room: eight classes.
        let features = Floats::pack([1.0; 90], &mut buffer).unwrap();
        let mut buffer = [0; 4 * 8];
        let classes = Floats::pack([1.0; 8], &mut buffer).unwrap();
        let (seen, change) = (None, None);
        let sight =
            Sight { at: u32::MAX, seen, change, consent: 60, learned: classes, probabilities: classes, features };
        let offset = u32::MAX;
        for message in [
            Response::Sensed { first: u32::MAX, samples },
            Response::Checkpoint { offset, total: u32::MAX, crc: u32::MAX, bytes: &bytes },
            Response::Sight(sight),
        ] {
            let mut bytes = frame(LAST, &message);
            bytes.pop();
            assert_eq!(decode(&mut bytes), Ok((LAST, message)));
        }
        assert!(frame(LAST, &Request::WriteCheckpoint { offset, bytes: &bytes }).len() <= FRAME);
        assert_eq!(encode(Header::UNREAD, &Response::Done, &mut [0; 3]), None);
    }

    /// The wire is a promise: these are its bytes.
    #[test]
    fn the_wire_is_as_it_is_written_down() {
        // COBS's first byte, version 2, session, sequence 0x0807_0605, variant 4 (ReadHead), 300 as a varint, CRC, 0.
        let bytes = frame(numbered(0x0807_0605), &Request::ReadHead { offset: 300 });
        assert_eq!(bytes[1..13], [2, 1, 2, 3, 4, 5, 6, 7, 8, 4, 0xac, 0x02]);
        assert_eq!(bytes[13..17], Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&bytes[1..13]).to_le_bytes());
        assert_eq!((bytes[0], bytes[17], bytes.len()), (17, 0, 18));
        // Variant 0 (Refused) of variant 0 (Version): COBS writes each 0 as the distance to the next.
        let header = Header { session: 0x0101_0101, sequence: 0x0101_0101 };
        let bytes = frame(header, &Response::Refused(crate::Refusal::Version { device: 1 }));
        assert_eq!((bytes[0], &bytes[1..10], &bytes[10..13]), (10, &[2, 1, 1, 1, 1, 1, 1, 1, 1][..], &[1, 6, 1][..]));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut buffer = [0; 12];
        let message = Request::Learn { features: Floats::pack([1.0, -0.5, 3e7], &mut buffer).unwrap(), class: 3 };
        let good = frame(numbered(1), &message);
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
        // Even if all but the version and the CRC is of another shape.
        for content in [&[VERSION + 1, 42, 0xff, 0xff][..], &[1, 9, 0], &[VERSION + 1]] {
            let mut content = content.to_vec();
            content.extend(CRC.checksum(&content).to_le_bytes());
            let mut bytes = [0; 32];
            let length = cobs::encode(&content, &mut bytes);
            let expected = Unreadable::Version { found: content[0] };
            assert_eq!(decode::<Request<'_>>(&mut bytes[..length]), Err(expected));
        }
    }

    #[test]
    fn what_is_too_long_is_refused_once_and_the_next_frame_is_read() {
        let mut receiver = Receiver::new();
        let refused = (0..5 * FRAME).filter(|_| receiver.push(7) == Received::TooLong).count();
        assert_eq!((refused, receiver.push(0)), (1, Received::Nothing));
        let bytes = frame(numbered(3), &Request::Save);
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
            let bytes = frame(numbered(5), &message);
            let (last, first) = bytes.split_last().unwrap();
            for byte in first {
                prop_assert_eq!(receiver.push(*byte), Received::Nothing);
            }
            let Received::Frame(bytes) = receiver.push(*last) else { panic!("no frame") };
            prop_assert_eq!(decode(bytes), Ok((numbered(5), message)));
        }

        /// Bytes that have a good CRC but are no message are refused.
        #[test]
        fn good_frames_of_nonsense_are_refused_or_read(content in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut content = [&[VERSION, 1, 2, 3, 4, 5, 6, 7, 8], &content[..]].concat();
            content.extend(CRC.checksum(&content).to_le_bytes());
            let mut bytes = [0; 128];
            let length = cobs::encode(&content, &mut bytes);
            if let Ok((header, message)) = decode::<Request<'_>>(&mut bytes[..length]) {
                // A message that is read is written the same, but for numbers in more bytes than they need.
                prop_assert!(frame(header, &message).len() <= length + 2);
            }
        }
    }
}
