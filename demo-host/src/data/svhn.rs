//! The cropped digits of SVHN (Y. Netzer et al. 2011): 73,257 + 26,032 house numbers of 32x32 pixels in colour.

use std::path::Path;

use anyhow::Result;
use data_files::{CanonicalFile, svhn};

use super::DatasetName::Svhn;
use super::{Dataset, Normalisation, Split};

/// Mean and standard deviation of the training pixels, as commonly given; they were not computed here, since the files were not
/// available.
const NORMALISATION: Normalisation =
    Normalisation { white: 255.0, mean: &[0.4377, 0.4438, 0.4728], deviation: &[0.1980, 0.2010, 0.1970] };

const TRAIN: CanonicalFile = Svhn.file("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373");
const TEST: CanonicalFile = Svhn.file("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3");

/// Loads SVHN from a folder with its two files.
///
/// # Errors
/// If a file is missing, truncated or not the canonical one.
pub fn load(directory: &Path) -> Result<Dataset> {
    let load = |file: &CanonicalFile| -> Result<Split> {
        // The checksum first: the parser is not made for damaged files.
        file.load(directory, |_| Ok(()))?;
        Ok(Split::new(svhn::parse(&directory.join(file.name))?, NORMALISATION))
    };
    Ok(Dataset { train: load(&TRAIN)?, test: load(&TEST)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_canonical_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("is missing"));
        std::fs::write(folder.path().join(TRAIN.name), b"MATLAB 5.0").unwrap();
        let message = load(folder.path()).unwrap_err().to_string();
        assert!(message.contains("md5") && message.contains("train_32x32.mat"), "{message}");
    }
}
