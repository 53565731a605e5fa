//! The messages between a device and a host over a serial port: framed, versioned, CRC-checked, without allocation.
//!
//! The feature `client` adds the host's end: sessions, repetition and the push of a head, for any transport ([`client`]).
//!
//! # The wire, version 2
//! A host sends a [`Request`] and the device answers it with one [`Response`]; the device never speaks unasked. Each is a frame:
//!
//! ```text
//! COBS( version: u8 | session: u32 | sequence: u32 | message, as postcard writes it | CRC-32 of all before ) 0x00
//! ```
//!
//! - **Framing** is COBS (S. Cheshire, M. Baker, 1999): a byte of 0 ends a frame and occurs nowhere else. So a receiver that loses
//!   synchronisation recovers at the next 0, and a 0 sent first clears what a disturbance left in the line.
//! - **Numbers** of the header and the CRC are little-endian; the CRC is that of Ethernet, zip and PNG. **Messages** are those of
//!   [postcard's wire format 1.0](https://postcard.jamesmunns.com/wire-format): the number of the variant, then its fields. Floats
//!   are four bytes, little-endian, in a byte array.
//! - **Length**: at most [`FRAME`] bytes with the 0. A longer frame is refused as soon as it is too long.
//! - **A damaged frame** is answered with [`Refusal::Frame`] under [`Header::UNREAD`].
//! - **Version**: a frame's first byte is its version and its last four its CRC in all versions, and so are the place and the shape of
//!   [`Refusal::Version`]. New variants go at the end of their enum and need no new version: who does not know one refuses it as
//!   [`Refusal::Frame`].
//!
//! # Sessions
//! A host begins with [`Request::Hello`] under a random number of its own, and gets [`Response::Welcome`] with the number of the session. That
//! depends on the host's number and on how often the device's main loop had come round, so that what is left on the line of a session that
//! ended, or of a time before a restart, is of no session that exists. The first request that has the new number ends the session
//! before; requests of any other are refused by [`Refusal::Session`], and not done.
//!
//! Within a session requests are numbered. A host has one request on its way at a time. One that misses the answer **sends the same request again,
//! with the same number**: the device does nothing twice, and sends the answer that it sent before. A number below the last one is not
//! answered. Who gives up on a request goes on with the next number; what was given up has been done by then, or never will be.
//!
//! A device that restarts knows no session: what it learned since it last saved is lost, and the host is told so by [`Refusal::Session`]
//! as soon as it asks for anything. Whether a **push** of a head was done is then in the [`Description`].
//!
//! # Watching
//! A device with a sensor is watched by asking: [`Request::Look`] gives the answer of now, class by class, with the features and the last change
//! that the user made by the buttons; [`Request::Sense`] gives the samples since it was asked last. Asked four times a second, the two take 2 kB of the
//! line's 11. The device keeps no samples beyond its window: **a host records**, and has the window of each label from its number
//! ([`Changed::Learned`]) and its own samples. To teach what it sees, a host sends the features of a [`Sight`] by [`Request::Learn`]; one class more than
//! there are is a new one. Classes have numbers; their names are the host's.
//!
//! # Consent
//! To describe, predict, watch and read, and to teach, a host needs no consent. Whatever replaces or erases what the device knows is refused by
//! [`Refusal::Consent`] until its user consents: a push of a head or of a checkpoint, [`Request::Remove`], [`Request::Save`], which overwrites what was
//! saved, and [`Request::TakeBack`] of anything but the sample that the same session taught last. What was taught without consent is gone with
//! a restart.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

#[cfg(feature = "client")]
pub mod client;
mod floats;
mod frame;
mod message;
mod refusal;
mod samples;
mod sight;

pub use floats::Floats;
pub use frame::{FRAME, FrameError, Header, Received, Receiver, Unreadable, decode, encode};
pub use message::{Arithmetic, Description, MAX_FLOATS, MAX_SAMPLES, PART, Request, Response, Summary};
pub use refusal::{Means, Refusal};
pub use samples::Samples;
pub use sight::{Change, Changed, Seen, Sight, Unknown};

/// The version of the wire.
pub const VERSION: u8 = 2;
