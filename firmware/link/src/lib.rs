//! The messages between a device and a host over a serial port: framed, versioned, CRC-checked, without allocation.
//!
//! # The wire, version 1
//! A host sends a [`Request`] and the device answers it with one [`Response`]; the device never speaks unasked. Each is a frame:
//!
//! ```text
//! COBS( version: u8 | sequence: u8 | message, as postcard writes it | CRC-32 of all before, little-endian ) 0x00
//! ```
//!
//! - **Framing** is COBS (S. Cheshire, M. Baker, 1999): a byte of 0 ends a frame and occurs nowhere else. So whoever lost the thread
//!   has it again with the next 0, and a 0 sent first clears what a disturbance left in the line.
//! - **Messages** are those of [postcard's wire format 1.0](https://postcard.jamesmunns.com/wire-format): the number of the variant,
//!   then its fields. Floats are four bytes, little-endian, in a byte array.
//! - **CRC**: that of Ethernet, zip and PNG.
//! - **Length**: at most [`FRAME`] bytes with the 0. A longer frame is refused as soon as it is too long.
//! - **Sequence**: not 0, and another than that of the request before; the response has that of its request, so that a late answer is
//!   known for one. A frame that cannot be read is answered with sequence 0.
//! - **Repetition**: a host that misses an answer sends the same request again, with the same sequence number. A device that gets
//!   [`Request::Learn`] or [`Request::TakeBack`] twice in a row with the same number has done it once, and sends its answer again.
//! - **Version**: a device refuses other versions with [`Refusal::Version`], which keeps its place and shape in all versions, as the
//!   frame does. New variants go at the end of their enum and need no new version: who does not know one refuses it as
//!   [`Refusal::Frame`].
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod floats;
mod frame;
mod message;

pub use floats::Floats;
pub use frame::{FRAME, FrameError, Received, Receiver, Unreadable, decode, encode};
pub use message::{Arithmetic, Description, MAX_FLOATS, PART, Refusal, Request, Response, Summary};

/// The version of the wire.
pub const VERSION: u8 = 1;
