//! Learners as bytes, and in flash.

pub mod checkpoint;
mod discriminant;
mod memory;
mod neighbours;
mod novelty;
#[cfg(feature = "storage")]
mod record;
#[cfg(feature = "storage")]
mod ring;
mod sections;
#[cfg(feature = "storage")]
pub mod store;
mod writer;
