//! f32 numbers that lie in a frame.

use serde::{Deserialize, Serialize};

use crate::frame::CRC;

/// Numbers as little-endian bytes, borrowed from a frame or from a buffer.
///
/// ```
/// use gradient_decay_link::Floats;
///
/// let mut buffer = [0; 8];
/// let floats = Floats::pack([0.5, -2.0], &mut buffer).unwrap();
/// assert_eq!(floats.len(), 2);
/// assert!(floats.iter().eq([0.5, -2.0]));
/// assert!(Floats::pack([0.0; 3], &mut buffer).is_none(), "three do not fit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floats<'a>(#[serde(borrow)] &'a [u8]);

impl<'a> Floats<'a> {
    /// Puts numbers into a buffer; `None` if it is too small.
    pub fn pack(numbers: impl IntoIterator<Item = f32>, buffer: &'a mut [u8]) -> Option<Self> {
        let mut length = 0;
        for number in numbers {
            buffer.get_mut(length..length + 4)?.copy_from_slice(&number.to_le_bytes());
            length += 4;
        }
        Some(Floats(buffer.get(..length)?))
    }

    /// How many there are. A part of one at the end does not count.
    pub fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The CRC-32 of the bytes.
    pub fn crc(&self) -> u32 {
        CRC.checksum(self.0)
    }

    /// The numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f32> + 'a {
        self.0.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
    }

    /// The first `N` numbers, if there are exactly so many.
    pub fn to_array<const N: usize>(&self) -> Option<[f32; N]> {
        let (chunks, rest) = self.0.as_chunks::<4>();
        let chunks: &[[u8; 4]; N] = chunks.try_into().ok()?;
        rest.is_empty().then(|| chunks.map(f32::from_le_bytes))
    }
}
