//! Learners as bytes, and in flash.

pub mod checkpoint;
mod discriminant;
mod novelty;
mod sections;
#[cfg(feature = "storage")]
pub mod store;
mod writer;
