//! A device at a serial port: its head read, replaced, and trained with samples that it is sent.

mod client;
mod demonstration;
mod port;
mod recording;

pub use client::Client;
pub use demonstration::{Demonstration, demonstrate};
pub use port::{Port, open};
pub use recording::Recorder;
