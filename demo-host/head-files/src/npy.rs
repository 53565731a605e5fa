//! The head among arrays of NumPy, in `.npy` and `.npz` files.

use std::io::Cursor;

use anyhow::{Context, Result, ensure};
use numpy_files::{Archive, Element, Header, write_archive};

use crate::arrays::{Arrays, Info, Kind};
use crate::format::{Array, Options};
use crate::head::Found;

/// The array behind a header.
fn info(name: &str, header: &Header) -> Info {
    let (kind, type_name) = match header.element {
        Element::F16 => (Kind::F16, "float16"),
        Element::F32 => (Kind::F32, "float32"),
        Element::F64 => (Kind::F64, "float64"),
        Element::I8 => (Kind::I8, "int8"),
        Element::I32 => (Kind::I32, "int32"),
        Element::I64 => (Kind::I64, "int64"),
        _ => (Kind::Other, header.type_name.as_str()),
    };
    Info { name: name.to_owned(), shape: header.shape.clone(), kind, type_name: type_name.to_owned() }
}

/// The head of a matrix, whose bias, if there is one, is another file.
pub(crate) fn head(bytes: &[u8], options: &Options) -> Result<Found> {
    let mut files = vec![("matrix", bytes)];
    files.extend(options.bias.as_deref().map(|bias| ("bias", bias)));
    let mut infos = Vec::new();
    let mut places = Vec::new();
    for (name, file) in files {
        let mut rest = file;
        let header = Header::read(&mut rest).with_context(|| format!("the file of the {name}"))?;
        infos.push(info(name, &header));
        places.push((header, rest));
    }
    ensure!(infos[0].shape.len() == 2, "its shape is {:?}, but a head is a matrix", infos[0].shape);
    Arrays { infos, read: &mut |at| places[at].0.bytes(places[at].1) }.head(options)
}

/// The head among the arrays of an archive.
pub(crate) fn head_of_archive(bytes: &[u8], options: &Options) -> Result<Found> {
    let mut archive = Archive::new(Cursor::new(bytes))?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    ensure!(!names.is_empty(), "it holds no array");
    let mut infos = Vec::new();
    for name in &names {
        let (header, _) = archive.array(name).with_context(|| format!("array `{name}`"))?;
        infos.push(info(name, &header));
    }
    // Only what the head is made of is decompressed, as far as its shape says.
    let mut read = |at: usize| {
        let (header, reader) = archive.array(&names[at])?;
        header.bytes(reader)
    };
    Arrays { infos, read: &mut read }.head(options)
}

/// An archive of arrays, uncompressed.
pub(crate) fn write(arrays: &[Array]) -> Result<Vec<u8>> {
    write_archive(arrays.iter().map(|array| {
        let file = numpy_files::write(array.elements.numpy(), &array.shape, &array.elements.bytes());
        (array.name.to_owned(), file)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let numbers = |numbers: &[f32]| numbers.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let good = numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        for (file, part) in [
            (numpy_files::write("<f4", &[6], &good), "a head is a matrix"),
            (numpy_files::write("<f4", &[2, 9], &good), "it ends after 6 of 18 elements"),
            (numpy_files::write("<c8", &[2, 3], &good), "of floats among its arrays: `matrix` [2, 3] <c8"),
            (numpy_files::write("<f4", &[1 << 13, 1 << 13], &good), "numbers at most"),
            (numpy_files::write("<f4", &[1, 2], &numbers(&[1.0, f32::NAN])), "row 0, column 1 is NaN"),
        ] {
            let options = Options { orientation: Some(crate::Orientation::ClassesFirst), ..Options::default() };
            let message = format!("{:#}", head(&file, &options).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }
}
