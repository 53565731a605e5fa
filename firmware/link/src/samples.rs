//! Samples of an accelerometer that lie in a frame.

use serde::{Deserialize, Serialize};

/// The bytes of a sample.
const BYTES: usize = 6;

/// Accelerations as little-endian i16 in units of g/1000, x, y and z of each, borrowed from a frame or from a buffer.
///
/// ```
/// use gradient_decay_link::Samples;
///
/// let mut buffer = [0; 12];
/// let samples = Samples::pack([[0, -500, 1000], [1, 2, 3]], &mut buffer).unwrap();
/// assert_eq!(samples.len(), 2);
/// assert!(samples.iter().eq([[0, -500, 1000], [1, 2, 3]]));
/// assert!(Samples::pack([[0; 3]; 3], &mut buffer).is_none(), "three do not fit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples<'a>(#[serde(borrow)] &'a [u8]);

impl<'a> Samples<'a> {
    /// Puts samples into a buffer; `None` if it is too small.
    pub fn pack(samples: impl IntoIterator<Item = [i16; 3]>, buffer: &'a mut [u8]) -> Option<Self> {
        let mut length = 0;
        for sample in samples {
            let place = buffer.get_mut(length..length + BYTES)?;
            place.as_chunks_mut::<2>().0.iter_mut().zip(sample).for_each(|(to, axis)| *to = axis.to_le_bytes());
            length += BYTES;
        }
        Some(Samples(buffer.get(..length)?))
    }

    /// How many there are. A part of one at the end does not count.
    pub fn len(&self) -> usize {
        self.0.len() / BYTES
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples, the oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = [i16; 3]> + 'a {
        self.0.as_chunks::<BYTES>().0.iter().map(|[a, b, c, d, e, f]| {
            [i16::from_le_bytes([*a, *b]), i16::from_le_bytes([*c, *d]), i16::from_le_bytes([*e, *f])]
        })
    }
}
