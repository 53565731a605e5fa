//! Archives of arrays.

use std::io::{BufReader, Cursor, Read, Seek, Write};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::header::Header;

/// The arrays of an `.npz` file.
pub struct Archive<R: Read + Seek> {
    archive: ZipArchive<R>,
    /// The name of each array, and its place in the archive.
    arrays: Vec<(String, usize)>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents.
    ///
    /// # Errors
    /// If it is no archive, or a name is no text.
    pub fn new(reader: R) -> Result<Self> {
        let archive = ZipArchive::new(reader).context("it is no .npz file, a zip archive of arrays")?;
        let mut arrays = Vec::new();
        for (place, name) in archive.file_names().enumerate() {
            let name = name.context("the name of an array is no text")?;
            arrays.extend(name.strip_suffix(".npy").map(|name| (name.to_owned(), place)));
        }
        Ok(Archive { archive, arrays })
    }

    /// The names of all arrays, in the order of the archive.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.arrays.iter().map(|(name, _)| name.as_str())
    }

    /// The header of an array, and its elements, which are decompressed as they are read.
    ///
    /// # Errors
    /// If there is no such array, it is compressed in another way than by deflate, or its header is damaged.
    pub fn array(&mut self, name: &str) -> Result<(Header, impl Read)> {
        let found = self.arrays.iter().find(|(own, _)| own == name);
        let Some((_, place)) = found else {
            let names: Vec<&str> = self.names().collect();
            anyhow::bail!("there is no array {name}, but there are {}", names.join(", "));
        };
        let file = self.archive.by_index(*place).context("it is damaged")?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let header = Header::read(&mut reader)?;
        Ok((header, reader))
    }
}

/// An archive of files of arrays, each with its name, uncompressed.
///
/// # Errors
/// If a name occurs twice.
pub fn write_archive(arrays: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, file) in arrays {
        archive.start_file(format!("{name}.npy"), stored)?;
        archive.write_all(&file)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write;

    #[test]
    fn arrays_are_read_by_name() {
        let file = write("|u1", &[2], &[7, 9]);
        let bytes = write_archive([("b".to_owned(), file.clone()), ("a".to_owned(), file)]).unwrap();
        let mut archive = Archive::new(Cursor::new(bytes.clone())).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["b", "a"]);
        let (header, reader) = archive.array("a").unwrap();
        assert_eq!(header.bytes(reader).unwrap(), [7, 9]);
        let message = archive.array("c").err().unwrap().to_string();
        assert_eq!(message, "there is no array c, but there are b, a");
        assert!(Archive::new(Cursor::new(&bytes[..20])).is_err());
    }
}
