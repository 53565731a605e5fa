//! Data sets in the format of MNIST: four files of grey images and labels.

use std::path::Path;

use anyhow::Result;
use data_files::CanonicalFile;
use data_files::idx::parse;

use super::{Dataset, Normalisation, Split};

/// The files of a data set of grey images: images and labels.
pub struct Files {
    /// The training images and labels.
    pub train: [CanonicalFile; 2],
    /// The test images and labels.
    pub test: [CanonicalFile; 2],
}

impl Files {
    /// Loads the data set from a folder.
    ///
    /// # Errors
    /// If a file is missing, truncated or not the canonical one.
    pub fn load(&self, directory: &Path, normalisation: Normalisation) -> Result<Dataset> {
        let load = |[images, labels]: &[CanonicalFile; 2]| -> Result<Split> {
            let images = images.load(directory, |bytes| parse(bytes, 3))?;
            let labels = labels.load(directory, |bytes| parse(bytes, 1))?;
            Ok(Split::new(images.with_labels(&labels)?, normalisation))
        };
        Ok(Dataset { train: load(&self.train)?, test: load(&self.test)? })
    }
}
