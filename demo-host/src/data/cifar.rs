//! CIFAR-10 and CIFAR-100 (A. Krizhevsky 2009): 50,000 + 10,000 pictures of 32x32 pixels in colour.

use std::path::Path;

use anyhow::Result;
use data_files::cifar::{Label, RECORD_10, RECORD_100, parse_10, parse_100, unpack_100};
use data_files::{CanonicalFile, Records};

use super::DatasetName::{Cifar10, Cifar100};
use super::{Dataset, DatasetName, Normalisation, Split};

/// Mean and standard deviation of the training pixels of CIFAR-10, as `fetch` prints them.
const NORMALISATION_10: Normalisation =
    Normalisation { white: 255.0, mean: &[0.4914, 0.4822, 0.4465], deviation: &[0.2470, 0.2435, 0.2616] };

/// Mean and standard deviation of the training pixels of CIFAR-100.
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

/// The two files with the records in any order: training images and test images.
const OWN_10: [Records; 2] = [
    own(Cifar10, "train.bin", RECORD_10, "55a61f79a40ece2ceda9fb5f9f7078f6ea2fc4952489cef56682bcf92cfcc260"),
    own(Cifar10, "test.bin", RECORD_10, "325704b01eb92e1e2a6215ae6a916bb7db7de054af0c496be1c7be2e0fcfbf5f"),
];
const OWN_100: [Records; 2] = [
    own(Cifar100, "train.bin", RECORD_100, "7077d87fc363f92dbf1245f13ba80561d7b33a96c79ad57168d49dc172aaa92b"),
    own(Cifar100, "test.bin", RECORD_100, "96adb3db8da7632dbb350559a17b9f585fab5b17675de5fc8f6761384196b294"),
];

const fn own(dataset: DatasetName, name: &'static str, length: usize, sha256: &'static str) -> Records {
    Records { name, length, sha256, how_to_get: dataset.how_to_get() }
}

/// Loads CIFAR-10 from a folder with its six batches, or with the same records in any order in `train.bin` and `test.bin`.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one, or has other records.
pub fn load_10(directory: &Path) -> Result<Dataset> {
    let [train, test] = if OWN_10.iter().all(|file| directory.join(file.name).exists()) {
        let [train, test] = OWN_10.map(|file| file.load(directory));
        [parse_10(&train?)?, parse_10(&test?)?]
    } else {
        let mut train = parse_10(&[])?;
        for file in &TRAIN_10 {
            let batch = file.load(directory, parse_10)?;
            train.pixels.extend(batch.pixels);
            train.labels.extend(batch.labels);
        }
        [train, TEST_10.load(directory, parse_10)?]
    };
    let split = |images| Split::new(images, NORMALISATION_10);
    Ok(Dataset { train: split(train), test: split(test) })
}

/// Loads CIFAR-100, with its 100 fine labels or its 20 coarse ones, from a folder with its archive or with the same records in any
/// order in `train.bin` and `test.bin`. Training on either is the same, since the records are sorted.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one, or has other records.
pub fn load_100(directory: &Path, label: Label) -> Result<Dataset> {
    let [train, test] = if OWN_100.iter().all(|file| directory.join(file.name).exists()) {
        OWN_100.map(|file| file.load(directory))
    } else {
        let [train, test] = ARCHIVE_100.load(directory, unpack_100)?;
        [OWN_100[0].sort(&train), OWN_100[1].sort(&test)]
    };
    let split = |records: &[u8]| Ok::<_, anyhow::Error>(Split::new(parse_100(records, label)?, NORMALISATION_100));
    Ok(Dataset { train: split(&train?)?, test: split(&test?)? })
}
