//! CIFAR-10 and CIFAR-100 (A. Krizhevsky 2009): 50,000 + 10,000 pictures of 32x32 pixels in colour.

use std::path::Path;

use anyhow::Result;
use data_files::CanonicalFile;
use data_files::cifar::{parse_10, parse_archive_100};

use super::DatasetName::{Cifar10, Cifar100};
use super::{Dataset, Normalisation, Split};

/// Mean and standard deviation of the training pixels of CIFAR-10, as `fetch` prints them.
const NORMALISATION_10: Normalisation =
    Normalisation { white: 255.0, mean: &[0.4914, 0.4822, 0.4465], deviation: &[0.2470, 0.2435, 0.2616] };

/// Those of CIFAR-100, as commonly given; not computed here, where the files could not be had.
const NORMALISATION_100: Normalisation =
    Normalisation { white: 255.0, mean: &[0.5071, 0.4865, 0.4409], deviation: &[0.2673, 0.2564, 0.2762] };

const TRAIN_10: [CanonicalFile; 5] = [
    Cifar10.file("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
    Cifar10.file("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
    Cifar10.file("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
    Cifar10.file("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
    Cifar10.file("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
];
const TEST_10: CanonicalFile = Cifar10.file("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d");

const ARCHIVE_100: CanonicalFile = Cifar100.file("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8");

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
    let split = |images| Split::new(images, NORMALISATION_10);
    Ok(Dataset { train: split(train), test: split(TEST_10.load(directory, parse_10)?) })
}

/// Loads CIFAR-100 with its 100 fine labels from a folder with its archive.
///
/// # Errors
/// If the archive is missing, truncated or not the canonical one.
pub fn load_100(directory: &Path) -> Result<Dataset> {
    let [train, test] = ARCHIVE_100.load(directory, parse_archive_100)?;
    Ok(Dataset { train: Split::new(train, NORMALISATION_100), test: Split::new(test, NORMALISATION_100) })
}
