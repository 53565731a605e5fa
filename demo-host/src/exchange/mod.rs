//! Import and export of heads.

#[cfg(feature = "burn")]
mod layers;
mod parameters;

#[cfg(feature = "burn")]
pub use layers::{write_head, write_hidden};
pub use parameters::{read_parameters, write_parameters};
