//! CIFAR-10 and CIFAR-100 (A. Krizhevsky 2009): 50,000 + 10,000 pictures of 32x32 pixels in colour, in the binary
//! format: a record is its labels, a byte each, then the red, the green and the blue channel.

use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;

use crate::Images;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 32;

/// Bytes of an image.
pub const IMAGE: usize = 3 * SIDE * SIDE;

/// Bytes of a record of CIFAR-10, and of CIFAR-100.
pub const RECORD_10: usize = 1 + IMAGE;
/// See [`RECORD_10`].
pub const RECORD_100: usize = 2 + IMAGE;

/// Which of its two labels an image of CIFAR-100 is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// One of 20 superclasses.
    Coarse,
    /// One of 100 classes.
    Fine,
}

/// `train.bin` and `test.bin` from the archive of CIFAR-100: files for [`parse_100`].
///
/// # Errors
/// If the archive is damaged, or one of the two is missing.
pub fn unpack_100(archive: &[u8]) -> Result<[Vec<u8>; 2]> {
    let (mut train, mut test) = (None, None);
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let split = match path.file_name().and_then(|name| name.to_str()) {
            Some("train.bin") => &mut train,
            Some("test.bin") => &mut test,
            _ => continue,
        };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        *split = Some(bytes);
    }
    Ok([train.context("train.bin is not in the archive")?, test.context("test.bin is not in the archive")?])
}

/// The records of a file of CIFAR-100.
///
/// # Errors
/// If it is not a whole number of records, or has a coarse label above 19 or a fine one above 99.
pub fn parse_100(bytes: &[u8], label: Label) -> Result<Images> {
    parse(bytes, [20, 100], label as usize)
}

/// The records of a file of CIFAR-10.
///
/// # Errors
/// If it is not a whole number of records, or has a label above 9.
pub fn parse_10(bytes: &[u8]) -> Result<Images> {
    parse(bytes, [10], 0)
}

/// Records of `N` labels, each below the number of its classes, then the pixels; the label number `taken` is an image's class.
fn parse<const N: usize>(bytes: &[u8], classes: [u8; N], taken: usize) -> Result<Images> {
    let length = N + IMAGE;
    ensure!(bytes.len().is_multiple_of(length), "it has {} bytes, not a multiple of a record's {length}", bytes.len());
    let mut images = Images {
        pixels: Vec::with_capacity(bytes.len()),
        labels: Vec::with_capacity(bytes.len() / length),
        shape: [3, SIDE, SIDE],
    };
    for (i, record) in bytes.chunks_exact(length).enumerate() {
        let (labels, pixels) = record.split_at(N);
        for (label, classes) in labels.iter().zip(classes) {
            ensure!(*label < classes, "record {i} has the label {label}, but the classes are 0 to {}", classes - 1);
        }
        images.labels.push(usize::from(labels[taken]));
        images.pixels.extend_from_slice(pixels);
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn record(labels: &[u8], grey: u8) -> Vec<u8> {
        let pixels = (0..IMAGE).map(|i| grey.wrapping_add((i / (SIDE * SIDE)) as u8));
        labels.iter().copied().chain(pixels).collect()
    }

    #[test]
    fn records_of_cifar_10() {
        let bytes = [record(&[3], 10), record(&[9], 20)].concat();
        let images = parse_10(&bytes).unwrap();
        assert_eq!(images.labels, [3, 9]);
        // Red, green and blue one after the other.
        let second = &images.pixels[IMAGE..];
        assert_eq!((second[0], second[SIDE * SIDE], second[IMAGE - 1]), (20, 21, 22));
        for length in [1, IMAGE, bytes.len() - 1] {
            assert!(parse_10(&bytes[..length]).is_err());
        }
        let message = parse_10(&record(&[10], 0)).unwrap_err();
        assert!(message.to_string().contains("label 10"), "{message}");
    }

    #[test]
    fn the_archive_of_cifar_100() {
        let archive = |names: [&str; 2]| {
            let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
            for (name, content) in names.iter().zip([record(&[19, 99], 1), record(&[0, 7], 2)]) {
                let mut header = tar::Header::new_gnu();
                header.set_size(content.len() as u64);
                archive.append_data(&mut header, format!("cifar-100-binary/{name}"), &content[..]).unwrap();
            }
            archive.into_inner().unwrap().finish().unwrap()
        };
        let whole = archive(["train.bin", "test.bin"]);
        let files = unpack_100(&whole).unwrap();
        let labels = |label| files.each_ref().map(|file| parse_100(file, label).unwrap().labels);
        assert_eq!(labels(Label::Fine), [[99], [7]]);
        assert_eq!(labels(Label::Coarse), [[19], [0]]);
        assert!(unpack_100(&archive(["train.bin", "other.bin"])).is_err());
        assert!(unpack_100(&whole[..whole.len() / 2]).is_err());
        // Whichever is taken, both are checked.
        for labels in [[20, 0], [0, 100]] {
            assert!([Label::Coarse, Label::Fine].iter().all(|label| parse_100(&record(&labels, 0), *label).is_err()));
        }
    }
}
