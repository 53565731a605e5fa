//! Simulated hardware, for QEMU and for tests, behind the traits of embedded-hal and embedded-storage.
//!
//! The [`Accelerometer`] answers on the bus register by register as an LSM303AGR does, so that the real driver runs; what it measures
//! is generated ([`motion`]), by a [`script`] that also presses the buttons. The [`Flash`] obeys the rules of one, and its power can
//! be cut.

mod accelerometer;
mod flash;
pub mod motion;
pub mod script;

pub use accelerometer::{Accelerometer, Outage};
pub use flash::{BoardFlash, Flash, FlashError, PAGE, Torn, WORD};
