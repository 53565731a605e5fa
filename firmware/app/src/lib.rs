//! The device's programs, generic over embedded-hal, embedded-storage and embedded-io, so that they are tested on the host and
//! run the same on every board.
//!
//! - [`gestures`]: a device that senses, learns and remembers. It knows no gesture when it is new; two buttons teach it.
//! - [`digits`]: the demonstration on real digits that the project's figures come from.
//! - [`link`]: a serial port over which a host reads and drives the learner of either; [`learner`]: the linear head behind it;
//!   [`fixed`]: the same in integers.
//! - [`simulation`]: an accelerometer, buttons and a flash in software, for QEMU and for tests.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod checksum;
pub mod digits;
pub mod fixed;
pub mod gestures;
pub mod learner;
pub mod link;
pub mod simulation;
