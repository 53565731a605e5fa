//! The IDX format of MNIST: a magic number that tells type and dimensions, the sizes (big-endian u32), then the bytes.

use anyhow::{Result, bail, ensure};

/// The unsigned bytes of an IDX file, with the size of each dimension.
#[derive(Debug, PartialEq, Eq)]
pub struct Idx {
    /// The sizes, outermost first.
    pub sizes: Vec<usize>,
    /// The elements, innermost dimension fastest.
    pub bytes: Vec<u8>,
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
