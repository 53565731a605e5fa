//! Parsers of the files that image data sets are published in. Whatever a file holds, it is read or refused with a sentence that says
//! which byte, size or label is wrong; no input makes them panic (`tests/fuzz`), but for SVHN's, which are read after their checksum.

pub mod canonical;
pub mod cifar;
pub mod idx;
pub mod npm;
pub mod records;
#[cfg(feature = "colour")]
pub mod svhn;

pub use canonical::{CanonicalFile, hex};
pub use records::Records;

/// Labelled images of one shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// The pixels of all images, one image after the other, channel by channel, row by row.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<usize>,
    /// `[channels, height, width]` of an image.
    pub shape: [usize; 3],
}
