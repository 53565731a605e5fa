//! Readers and writers of files that hold the head of a network, a dense layer from features to logits.
//!
//! | file | read | written |
//! |---|---|---|
//! | `.ckpt` | the core's checkpoint, which states its shape | yes, with the standardisation |
//! | `.bin` | the parameters as the core's `from_le_bytes` takes them | yes |
//! | `.safetensors`, `.npz` | arrays: a matrix and its bias | yes |
//! | `.npy` | the matrix alone; its bias is a second file | no |
//! | `.onnx` | the last Gemm, or MatMul and Add | no |
//! | `.tflite` | the last FULLY_CONNECTED, in float or int8 | no |
//! | `.rs`, `.h` | no | constants for the core, or for its C library |
//!
//! Whatever a file holds, it is read or refused with a sentence that says what is wrong; no input makes a reader panic (`tests/fuzz`), or
//! request memory for a length that the file only states.

mod arrays;
pub mod checkpoint;
mod format;
mod head;
mod integers;
mod npy;
mod onnx;
mod prior;
mod safetensors;
mod source;
mod tflite;

pub use arrays::Orientation;
pub use format::{Format, Options, Source, read, write};
pub use head::{Found, Head, Standardization};
pub use integers::{Integers, Meaning};
pub use prior::{Prior, PriorSettings};

/// The largest number of elements of a matrix: 64 MB of f32, more than any device holds.
pub const MOST_NUMBERS: usize = 1 << 24;
