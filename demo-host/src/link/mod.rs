//! A device at a serial port: its head read, replaced, and trained with samples that it is sent.

mod client;
mod demonstration;
mod port;

pub use client::Client;
pub use demonstration::{Demonstration, demonstrate};
pub use port::{Port, open};
