//! Archives of arrays of NumPy: a zip file with a `.npy` for each.

use std::io::{Cursor, Write};

use anyhow::{Context, Result, ensure};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::arrays::Arrays;
use crate::format::Options;
use crate::head::Found;
use crate::npy::{self, Header};

/// The head among the arrays of an archive.
pub(crate) fn head(bytes: &[u8], options: &Options) -> Result<Found> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("it is no .npz file, a zip archive of arrays")?;
    let (mut infos, mut places) = (Vec::new(), Vec::new());
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).context("it is damaged")?;
        let name = file.name().context("the name of an array is no text")?.into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        let header = Header::read(&mut file).with_context(|| format!("array `{name}`"))?;
        infos.push(header.info(name));
        places.push(place);
    }
    ensure!(!infos.is_empty(), "it holds no array");
    // Only what the head is made of is decompressed, as far as its shape says.
    let mut read = |at: usize| {
        let mut file = archive.by_index(places[at]).context("it is damaged")?;
        Header::read(&mut file)?.elements(file)
    };
    Arrays { infos, read: &mut read }.head(options)
}

/// An archive of arrays, uncompressed.
pub(crate) fn write(arrays: &[crate::format::Array]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for array in arrays {
        archive.start_file(format!("{}.npy", array.name), stored)?;
        archive.write_all(&npy::write(array.elements.numpy(), &array.shape, &array.elements.bytes()))?;
    }
    Ok(archive.finish()?.into_inner())
}
