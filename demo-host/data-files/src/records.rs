//! Files of records in any order, identified by their content, not by the bytes of one publication.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::hex;

/// Records of one length, as a data set's authors published them, in a file in any order.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    /// The name of the file.
    pub name: &'static str,
    /// The bytes of a record.
    pub length: usize,
    /// The SHA-256 of the sorted list of the records' SHA-256 digests, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// How a user gets them, for the error if they are missing or differ.
    pub how_to_get: &'static str,
}

impl Records {
    /// Reads the file from a folder; the records come in the order of their digests, so that every order of the file gives the same.
    ///
    /// # Errors
    /// If it is missing, not a whole number of records, or these are others; the message names the file and says how to get it.
    pub fn load(&self, directory: &Path) -> Result<Vec<u8>> {
        let path = directory.join(self.name);
        let bytes =
            fs::read(&path).with_context(|| format!("{} cannot be read: {}", path.display(), self.how_to_get))?;
        self.sort(&bytes).with_context(|| path.display().to_string())
    }

    /// The records of a file in the order of their digests.
    ///
    /// # Errors
    /// If it is not a whole number of records, or these are others.
    pub fn sort(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let length = self.length;
        ensure!(
            bytes.len().is_multiple_of(length),
            "it has {} bytes, not a multiple of a record's {length}",
            bytes.len()
        );
        let mut records: Vec<_> = bytes.chunks_exact(length).map(|record| (Sha256::digest(record), record)).collect();
        records.sort_unstable_by_key(|(digest, _)| *digest);
        let mut all = Sha256::new();
        records.iter().for_each(|(digest, _)| all.update(digest));
        let sha256 = hex(&all.finalize());
        ensure!(
            sha256 == self.sha256,
            "its {} records, in whatever order, have the digest {sha256}, but that of the canonical ones is {}: {}",
            records.len(),
            self.sha256,
            self.how_to_get
        );
        Ok(records.iter().flat_map(|(_, record)| *record).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // sha256 over the sorted digests of "ab" and "cd": computed by sha256sum.
    const FILE: Records = Records {
        name: "pairs",
        length: 2,
        sha256: "536b9148f562e62c4e7d2a60488120d08e2a5baa8e73415c7df50d2a19733adb",
        how_to_get: "write it",
    };

    #[test]
    fn any_order_is_read_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut read = Vec::new();
        for content in ["abcd", "cdab"] {
            fs::write(folder.path().join("pairs"), content).unwrap();
            read.push(FILE.load(folder.path()).unwrap());
        }
        assert_eq!(read[0], read[1]);
        assert!(read[0] == b"abcd" || read[0] == b"cdab");
    }

    #[test]
    fn missing_truncated_or_other_records() {
        let folder = tempfile::tempdir().unwrap();
        let message = || format!("{:#}", FILE.load(folder.path()).unwrap_err());
        assert!(message().contains("pairs cannot be read: write it"));
        for (content, says) in
            [("abc", "it has 3 bytes, not a multiple of a record's 2"), ("ab", "its 1 records"), ("abce", "the digest")]
        {
            fs::write(folder.path().join("pairs"), content).unwrap();
            assert!(message().contains(says), "{}", message());
        }
    }
}
