//! Canonical files, read from a folder, plain or compressed, and identified by their checksum.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use md5::{Digest, Md5};

/// A file of a data set as its authors published it.
#[derive(Clone, Copy, Debug)]
pub struct CanonicalFile {
    /// Its name; the compressed file has `.gz` appended.
    pub name: &'static str,
    /// The md5 of its content, uncompressed, in lower-case hexadecimal.
    pub md5: &'static str,
    /// How a user gets it, for the error if it is missing or another file.
    pub how_to_get: &'static str,
}

impl CanonicalFile {
    /// Reads the file from a folder and parses it with `parse`. The form is checked first, so that a truncated file is reported as
    /// truncated, then the checksum.
    ///
    /// # Errors
    /// If it is missing, `parse` refuses it, or it is not the canonical one; the message names it and, but for a damaged one, says how
    /// to get it.
    pub fn load<T>(&self, directory: &Path, parse: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let bytes = self.read(directory)?;
        let path = directory.join(self.name);
        let content = parse(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        let md5 = hex(&Md5::digest(&bytes));
        ensure!(
            md5 == self.md5,
            "{} has the md5 {md5}, but that of the canonical one is {}: {}",
            path.display(),
            self.md5,
            self.how_to_get
        );
        Ok(content)
    }

    fn read(&self, directory: &Path) -> Result<Vec<u8>> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let path = directory.join(self.name);
        if path.exists() {
            return read(&path);
        }
        let compressed = directory.join(format!("{}.gz", self.name));
        if !compressed.exists() {
            bail!("{} is missing: {}", path.display(), self.how_to_get);
        }
        let mut bytes = Vec::new();
        GzDecoder::new(&read(&compressed)?[..])
            .read_to_end(&mut bytes)
            .with_context(|| format!("{} is damaged", compressed.display()))?;
        Ok(bytes)
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    // The md5 of "abc" (RFC 1321).
    const FILE: CanonicalFile =
        CanonicalFile { name: "letters", md5: "900150983cd24fb0d6963f7d28e17f72", how_to_get: "write it" };

    fn load(folder: &Path) -> Result<Vec<u8>> {
        FILE.load(folder, |bytes| {
            ensure!(bytes.len() >= 3, "it has {} bytes", bytes.len());
            Ok(bytes.to_vec())
        })
    }

    #[test]
    fn plain_or_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
        compressed.write_all(b"abc").unwrap();
        let compressed = compressed.finish().unwrap();
        let path = folder.path().join("letters.gz");
        fs::write(&path, &compressed).unwrap();
        assert_eq!(load(folder.path()).unwrap(), b"abc");
        fs::write(&path, &compressed[..compressed.len() / 2]).unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("letters.gz is damaged"));
        // The plain one comes first.
        fs::write(folder.path().join("letters"), b"abc").unwrap();
        assert_eq!(load(folder.path()).unwrap(), b"abc");
    }

    #[test]
    fn missing_damaged_or_another() {
        let folder = tempfile::tempdir().unwrap();
        let message = |folder: &Path| format!("{:#}", load(folder).unwrap_err());
        assert!(message(folder.path()).ends_with("letters is missing: write it"));
        let path = folder.path().join("letters");
        fs::write(&path, b"ab").unwrap();
        assert!(message(folder.path()).ends_with("letters is damaged: it has 2 bytes"));
        fs::write(&path, b"abd").unwrap();
        assert!(message(folder.path()).contains("has the md5 4911e516e5aa21d327512e0c8b197616"));
    }
}
