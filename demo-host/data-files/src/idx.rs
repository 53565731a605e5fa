//! The IDX format of MNIST: a magic number that tells type and dimensions, the sizes (big-endian u32), then the bytes.

use anyhow::{Result, bail, ensure};

use crate::Images;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 28;

/// The classes of the data sets in this format.
const CLASSES: u8 = 10;

/// The unsigned bytes of an IDX file, with the size of each dimension.
#[derive(Debug, PartialEq, Eq)]
pub struct Idx {
    /// The sizes, outermost first.
    pub sizes: Vec<usize>,
    /// The elements, innermost dimension fastest.
    pub bytes: Vec<u8>,
}

impl Idx {
    /// Images of 28x28 pixels with the labels of another file.
    ///
    /// # Errors
    /// If they do not belong together: another size of images, another number of labels, or a label above 9.
    pub fn with_labels(self, labels: &Idx) -> Result<Images> {
        ensure!(
            self.sizes.len() == 3 && self.sizes[1..] == [SIDE, SIDE] && labels.sizes == self.sizes[..1],
            "there are images of sizes {:?} and labels of sizes {:?}, but there must be [images, {SIDE}, {SIDE}] and [images]",
            self.sizes,
            labels.sizes
        );
        if let Some(label) = labels.bytes.iter().find(|label| **label >= CLASSES) {
            bail!("there is a label {label}, but the classes are 0 to 9");
        }
        let labels = labels.bytes.iter().map(|&label| usize::from(label)).collect();
        Ok(Images { pixels: self.bytes, labels, shape: [1, SIDE, SIDE] })
    }
}

/// The content of an IDX file of unsigned bytes with `dimensions` dimensions, at most 255.
///
/// # Errors
/// If it is of another kind, or shorter or longer than its sizes say.
pub fn parse(file: &[u8], dimensions: usize) -> Result<Idx> {
    let header = 4 + 4 * dimensions;
    ensure!(file.len() >= header, "it has {} bytes, fewer than its header of {header}", file.len());
    let magic = [0, 0, 0x08, dimensions as u8];
    ensure!(
        file[..4] == magic,
        "it begins with {:02x?}, but unsigned bytes in {dimensions} dimensions begin with {magic:02x?}",
        &file[..4]
    );
    let (words, _) = file[4..header].as_chunks::<4>();
    let sizes: Vec<usize> = words.iter().map(|word| u32::from_be_bytes(*word) as usize).collect();
    let Some(expected) = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)) else {
        bail!("its sizes {sizes:?} are too large");
    };
    let bytes = &file[header..];
    ensure!(bytes.len() == expected, "it holds {} elements, but its sizes {sizes:?} need {expected}", bytes.len());
    Ok(Idx { sizes, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn a_file_in_the_canonical_format() {
        let idx = parse(&FILE, 2).unwrap();
        assert_eq!(idx, Idx { sizes: vec![2, 3], bytes: vec![1, 2, 3, 4, 5, 6] });
    }

    #[test]
    fn images_and_labels_that_belong_together() {
        let images = |count: usize| Idx { sizes: vec![count, SIDE, SIDE], bytes: vec![7; count * SIDE * SIDE] };
        let labels = |bytes: &[u8]| Idx { sizes: vec![bytes.len()], bytes: bytes.to_vec() };
        let found = images(2).with_labels(&labels(&[3, 9])).unwrap();
        assert_eq!((found.labels, found.shape, found.pixels.len()), (vec![3, 9], [1, 28, 28], 1568));
        assert!(images(2).with_labels(&labels(&[3])).is_err());
        assert!(images(1).with_labels(&labels(&[10])).unwrap_err().to_string().contains("label 10"));
        assert!(labels(&[3, 9]).with_labels(&labels(&[3, 9])).is_err());
        let small = Idx { sizes: vec![1, 8, 8], bytes: vec![0; 64] };
        assert!(small.with_labels(&labels(&[1])).is_err());
    }

    #[test]
    fn every_truncation_is_refused() {
        for length in 0..FILE.len() {
            assert!(parse(&FILE[..length], 2).is_err(), "{length} bytes");
        }
        let longer = [&FILE[..], &[7]].concat();
        assert!(parse(&longer, 2).is_err());
    }

    #[test]
    fn another_kind_is_refused() {
        assert!(parse(&FILE, 1).is_err());
        assert!(parse(&[0, 0, 0x0d, 1, 0, 0, 0, 0], 1).is_err());
        assert!(parse(&[0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], 3).is_err());
    }
}
