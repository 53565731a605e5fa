//! The IDX format of MNIST: a magic number that tells type and dimensions, the sizes (big-endian u32), then the bytes.

use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::canonical::CanonicalFile;
use super::{Dataset, Normalisation, Split};

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

/// The files of a data set of grey images: images and labels.
pub struct Files {
    /// What is trained on.
    pub train: [CanonicalFile; 2],
    /// What is measured.
    pub test: [CanonicalFile; 2],
}

impl Files {
    /// Loads the data set from a folder.
    ///
    /// # Errors
    /// If a file is missing, truncated or not the canonical one.
    pub fn load(&self, directory: &Path, normalisation: Normalisation) -> Result<Dataset> {
        let load = |[images, labels]: &[CanonicalFile; 2]| {
            let images = images.load(directory, |bytes| parse(bytes, 3))?;
            let labels = labels.load(directory, |bytes| parse(bytes, 1))?;
            split(images, &labels, normalisation)
        };
        Ok(Dataset { train: load(&self.train)?, test: load(&self.test)? })
    }
}

/// Images and labels, if they belong together.
fn split(images: Idx, labels: &Idx, normalisation: Normalisation) -> Result<Split> {
    ensure!(
        images.sizes[0] == labels.sizes[0] && images.sizes[1..] == [SIDE, SIDE],
        "there are images of sizes {:?} and {} labels",
        images.sizes,
        labels.sizes[0]
    );
    if let Some(label) = labels.bytes.iter().find(|label| **label >= CLASSES) {
        bail!("there is a label {label}, but the classes are 0 to 9");
    }
    let labels = labels.bytes.iter().map(|&label| usize::from(label)).collect();
    Ok(Split { pixels: images.bytes, labels, shape: [1, SIDE, SIDE], normalisation })
}

/// The content of an IDX file of unsigned bytes with `dimensions` dimensions.
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
