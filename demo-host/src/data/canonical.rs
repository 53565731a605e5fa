//! Canonical files: read from a folder, plain or compressed, and known by their checksum.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use md5::{Digest, Md5};

use super::DatasetName;
use crate::files;

/// A file of a data set as its authors published it.
pub struct CanonicalFile {
    /// The data set that it belongs to.
    pub dataset: DatasetName,
    /// Its name; with `.gz` behind, it may be compressed.
    pub name: &'static str,
    /// The md5 of its content, uncompressed.
    pub md5: &'static str,
}

impl CanonicalFile {
    /// Reads the file from a folder and makes `parse` of it: first its form, so that a truncated file is called
    /// truncated, then its checksum.
    ///
    /// # Errors
    /// If it is missing, `parse` refuses it, or it is not the canonical one.
    pub fn load<T>(&self, directory: &Path, parse: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let bytes = self.read(directory)?;
        let path = directory.join(self.name);
        let content = parse(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        let md5 = hex(&Md5::digest(&bytes));
        ensure!(
            md5 == self.md5,
            "{} has the md5 {md5}, but that of {} is {}: {}",
            path.display(),
            self.dataset.label(),
            self.md5,
            self.dataset.how_to_get()
        );
        Ok(content)
    }

    fn read(&self, directory: &Path) -> Result<Vec<u8>> {
        let path = directory.join(self.name);
        if path.exists() {
            return files::read(&path);
        }
        let compressed = directory.join(format!("{}.gz", self.name));
        if !compressed.exists() {
            bail!("{} is missing: {}", path.display(), self.dataset.how_to_get());
        }
        let mut bytes = Vec::new();
        GzDecoder::new(&files::read(&compressed)?[..])
            .read_to_end(&mut bytes)
            .with_context(|| format!("{} is damaged", compressed.display()))?;
        Ok(bytes)
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
