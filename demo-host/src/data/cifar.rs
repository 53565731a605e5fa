//! CIFAR-10 and CIFAR-100 (A. Krizhevsky 2009): 50,000 + 10,000 pictures of 32x32 pixels in colour, in the binary
//! format: a record is its labels, a byte each, then the red, the green and the blue channel.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;

use super::DatasetName::{Cifar10, Cifar100};
use super::canonical::CanonicalFile;
use super::{Dataset, Normalisation, Split};

/// Height and width of an image, in pixels.
pub const SIDE: usize = 32;

/// Bytes of an image.
pub const IMAGE: usize = 3 * SIDE * SIDE;

/// Mean and standard deviation of the training pixels of CIFAR-10, as `fetch` prints them.
const NORMALISATION_10: Normalisation =
    Normalisation { white: 255.0, mean: &[0.4914, 0.4822, 0.4465], deviation: &[0.2470, 0.2435, 0.2616] };

/// Those of CIFAR-100, as commonly given; not computed here, where the files could not be had.
const NORMALISATION_100: Normalisation =
    Normalisation { white: 255.0, mean: &[0.5071, 0.4865, 0.4409], deviation: &[0.2673, 0.2564, 0.2762] };

const TRAIN_10: [CanonicalFile; 5] = [
    CanonicalFile { dataset: Cifar10, name: "data_batch_1.bin", md5: "5dd7e06a14cb22eb9f671a540d1b7c25" },
    CanonicalFile { dataset: Cifar10, name: "data_batch_2.bin", md5: "5ea93a67294ea407fff1d09f752e9692" },
    CanonicalFile { dataset: Cifar10, name: "data_batch_3.bin", md5: "942cd6a4bcdd0dd3c604fbe906cb4421" },
    CanonicalFile { dataset: Cifar10, name: "data_batch_4.bin", md5: "ae636b3ba5c66a11e91e8cb52e771fcb" },
    CanonicalFile { dataset: Cifar10, name: "data_batch_5.bin", md5: "53f37980c15c3d472c316c40844f3f0d" },
];
const TEST_10: CanonicalFile =
    CanonicalFile { dataset: Cifar10, name: "test_batch.bin", md5: "803d5f7f4d78ea53de84dbe85f74fb6d" };

const ARCHIVE_100: CanonicalFile =
    CanonicalFile { dataset: Cifar100, name: "cifar-100-binary.tar.gz", md5: "03b5dce01913d631647c71ecec9e9cb8" };

/// Loads CIFAR-10 from a folder with its six batches.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load_10(directory: &Path) -> Result<Dataset> {
    let mut train = parse_10(&[])?;
    for file in &TRAIN_10 {
        let batch = file.load(directory, parse_10)?;
        train.pixels.extend(batch.pixels);
        train.labels.extend(batch.labels);
    }
    Ok(Dataset { train, test: TEST_10.load(directory, parse_10)? })
}

/// Loads CIFAR-100 with its 100 fine labels from a folder with its archive.
///
/// # Errors
/// If the archive is missing, truncated or not the canonical one.
pub fn load_100(directory: &Path) -> Result<Dataset> {
    ARCHIVE_100.load(directory, parse_archive_100)
}

/// The two splits in the archive of CIFAR-100.
pub(crate) fn parse_archive_100(archive: &[u8]) -> Result<Dataset> {
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
        *split = Some(parse(&bytes, Labels::CoarseAndFine, NORMALISATION_100)?);
    }
    Ok(Dataset {
        train: train.context("train.bin is not in the archive")?,
        test: test.context("test.bin is not in the archive")?,
    })
}

/// The records of a file of CIFAR-10.
pub(crate) fn parse_10(bytes: &[u8]) -> Result<Split> {
    parse(bytes, Labels::Class { classes: 10 }, NORMALISATION_10)
}

/// What stands before the pixels of a record.
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

fn parse(bytes: &[u8], labels: Labels, normalisation: Normalisation) -> Result<Split> {
    let (count, classes) = match labels {
        Labels::Class { classes } => (1, classes),
        Labels::CoarseAndFine => (2, 100),
    };
    let record = count + IMAGE;
    ensure!(bytes.len().is_multiple_of(record), "it has {} bytes, not a multiple of a record's {record}", bytes.len());
    let mut split = Split {
        pixels: Vec::with_capacity(bytes.len()),
        labels: Vec::with_capacity(bytes.len() / record),
        shape: [3, SIDE, SIDE],
        normalisation,
    };
    for (i, record) in bytes.chunks_exact(record).enumerate() {
        let (labels, pixels) = record.split_at(count);
        let label = labels[count - 1];
        if label >= classes {
            bail!("record {i} has the label {label}, but the classes are 0 to {}", classes - 1);
        }
        split.labels.push(usize::from(label));
        split.pixels.extend_from_slice(pixels);
    }
    Ok(split)
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
        let split = parse(&bytes, Labels::Class { classes: 10 }, NORMALISATION_10).unwrap();
        assert_eq!(split.labels, [3, 9]);
        // Red, green and blue one after the other.
        assert_eq!((split.image(1)[0], split.image(1)[SIDE * SIDE], split.image(1)[IMAGE - 1]), (20, 21, 22));
        for length in [1, IMAGE, bytes.len() - 1] {
            assert!(parse(&bytes[..length], Labels::Class { classes: 10 }, NORMALISATION_10).is_err());
        }
        let message = parse(&record(&[10], 0), Labels::Class { classes: 10 }, NORMALISATION_10).unwrap_err();
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
        let dataset = parse_archive_100(&whole).unwrap();
        assert_eq!((dataset.train.labels, dataset.test.labels), (vec![99], vec![7]));
        assert!(parse_archive_100(&archive(["train.bin", "other.bin"])).is_err());
        assert!(parse_archive_100(&whole[..whole.len() / 2]).is_err());
        // The right form, but not the canonical bytes.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(ARCHIVE_100.name), &whole).unwrap();
        let message = load_100(folder.path()).unwrap_err().to_string();
        assert!(message.contains("md5") && message.contains("cifar-100-binary.tar.gz"), "{message}");
    }
}
