//! CIFAR-10 and CIFAR-100 (A. Krizhevsky 2009): 50,000 + 10,000 pictures of 32x32 pixels in colour, in the binary
//! format: a record is its labels, a byte each, then the red, the green and the blue channel.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;

use crate::Images;

/// Height and width of an image, in pixels.
pub const SIDE: usize = 32;

/// Bytes of an image.
pub const IMAGE: usize = 3 * SIDE * SIDE;

/// The images to train on and those to test on from the archive of CIFAR-100, with their 100 fine labels.
///
/// # Errors
/// If the archive is damaged, one of its two files is missing, or has bytes too many or a label out of range.
pub fn parse_archive_100(archive: &[u8]) -> Result<[Images; 2]> {
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
        *split = Some(parse(&bytes, Labels::CoarseAndFine)?);
    }
    Ok([train.context("train.bin is not in the archive")?, test.context("test.bin is not in the archive")?])
}

/// The records of a file of CIFAR-10.
///
/// # Errors
/// If it is not a whole number of records, or has a label above 9.
pub fn parse_10(bytes: &[u8]) -> Result<Images> {
    parse(bytes, Labels::Class { classes: 10 })
}

/// The bytes before the pixels of a record.
#[derive(Clone, Copy)]
enum Labels {
    /// A class below `classes`.
    Class {
        /// The number of classes.
        classes: u8,
    },
    /// One of 20 superclasses, then one of 100 classes, which is the one that is taken.
    CoarseAndFine,
}

fn parse(bytes: &[u8], labels: Labels) -> Result<Images> {
    let (count, classes) = match labels {
        Labels::Class { classes } => (1, classes),
        Labels::CoarseAndFine => (2, 100),
    };
    let record = count + IMAGE;
    ensure!(bytes.len().is_multiple_of(record), "it has {} bytes, not a multiple of a record's {record}", bytes.len());
    let mut images = Images {
        pixels: Vec::with_capacity(bytes.len()),
        labels: Vec::with_capacity(bytes.len() / record),
        shape: [3, SIDE, SIDE],
    };
    for (i, record) in bytes.chunks_exact(record).enumerate() {
        let (labels, pixels) = record.split_at(count);
        let label = labels[count - 1];
        if label >= classes {
            bail!("record {i} has the label {label}, but the classes are 0 to {}", classes - 1);
        }
        images.labels.push(usize::from(label));
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
        let images = parse(&bytes, Labels::Class { classes: 10 }).unwrap();
        assert_eq!(images.labels, [3, 9]);
        // Red, green and blue one after the other.
        let second = &images.pixels[IMAGE..];
        assert_eq!((second[0], second[SIDE * SIDE], second[IMAGE - 1]), (20, 21, 22));
        for length in [1, IMAGE, bytes.len() - 1] {
            assert!(parse(&bytes[..length], Labels::Class { classes: 10 }).is_err());
        }
        let message = parse(&record(&[10], 0), Labels::Class { classes: 10 }).unwrap_err();
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
        let [train, test] = parse_archive_100(&whole).unwrap();
        assert_eq!((train.labels, test.labels), (vec![99], vec![7]));
        assert!(parse_archive_100(&archive(["train.bin", "other.bin"])).is_err());
        assert!(parse_archive_100(&whole[..whole.len() / 2]).is_err());
    }
}
