//! Arrays of NumPy, format 1.0 to 3.0 (`numpy.lib.format`): a header of a Python dictionary, then the elements.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use crate::arrays::{Arrays, Info, Kind};
use crate::format::Options;
use crate::head::{Found, check_size};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header: six times what NumPy itself reads.
const HEADER: usize = 1 << 16;

/// The header before the elements.
pub(crate) struct Header {
    pub shape: Vec<usize>,
    pub kind: Kind,
    pub type_name: String,
    by_column: bool,
    big_endian: bool,
}

impl Header {
    pub(crate) fn read(reader: &mut impl Read) -> Result<Self> {
        let mut front = [0; 8];
        reader.read_exact(&mut front).context("it ends within its header")?;
        ensure!(front.starts_with(MAGIC), "it is no array of NumPy");
        let length = match front[6] {
            1 => u32::from(u16::from_le_bytes(chunk(reader)?)),
            2 | 3 => u32::from_le_bytes(chunk(reader)?),
            version => bail!("it has version {version} of NumPy's format, but 1 to 3 are read"),
        } as usize;
        ensure!(length <= HEADER, "its header says to be {length} bytes long, but {HEADER} at most are read");
        let mut text = vec![0; length];
        reader.read_exact(&mut text).context("it ends within its header")?;
        let text = String::from_utf8(text).context("its header is no text")?;
        let value = |key: &str| {
            let behind = text.split_once(&format!("'{key}':")).map(|(_, behind)| behind.trim_start());
            behind.with_context(|| format!("its header has no {key}"))
        };
        let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let shape = shape.context("its header has no shape like (3, 4)")?.0;
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape: Vec<usize> =
            sizes.map(str::parse).collect::<Result<_, _>>().with_context(|| format!("its shape ({shape}) is none"))?;
        let by_column = value("fortran_order")?.starts_with("True");
        let descr = value("descr")?;
        let name =
            descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or("a structure", |(name, _)| name);
        let kind = match name.trim_start_matches(['<', '>', '|', '=']) {
            "f2" => Kind::F16,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            "i1" => Kind::I8,
            "i4" => Kind::I32,
            "i8" => Kind::I64,
            _ => Kind::Other,
        };
        let type_name = match kind {
            Kind::F16 => "float16".to_owned(),
            Kind::F32 => "float32".to_owned(),
            Kind::F64 => "float64".to_owned(),
            _ => name.to_owned(),
        };
        Ok(Header { shape, kind, type_name, by_column, big_endian: name.starts_with('>') })
    }

    /// The elements behind it, in C order, little-endian.
    pub(crate) fn elements(&self, reader: impl Read) -> Result<Vec<u8>> {
        let (count, size) = (check_size(&self.shape)?, self.kind.bytes());
        let mut bytes = Vec::new();
        // What is there decides how much room is asked for, and not what the header says.
        reader.take((count * size) as u64).read_to_end(&mut bytes).context("it is damaged")?;
        ensure!(bytes.len() == count * size, "it ends after {} of {count} elements", bytes.len() / size);
        if self.big_endian {
            bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        match self.shape.as_slice() {
            [rows, columns] if self.by_column => {
                let element = |at: usize| {
                    let start = (at % columns * rows + at / columns) * size;
                    bytes[start..start + size].iter().copied()
                };
                Ok((0..count).flat_map(element).collect())
            }
            shape => {
                ensure!(!self.by_column || shape.len() < 2, "it is in Fortran order with {} dimensions", shape.len());
                Ok(bytes)
            }
        }
    }

    pub(crate) fn info(&self, name: &str) -> Info {
        Info { name: name.to_owned(), shape: self.shape.clone(), kind: self.kind, type_name: self.type_name.clone() }
    }
}

fn chunk<const N: usize>(reader: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).context("it ends within its header")?;
    Ok(bytes)
}

/// An array as a file: its type as NumPy writes it, as in `<f4`, its shape and its elements in C order.
pub(crate) fn write(type_name: &str, shape: &[usize], elements: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size},")).collect();
    let mut header = format!("{{'descr': '{type_name}', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Elements begin at a multiple of 64 bytes; the header ends with a new line.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [MAGIC.as_slice(), &[1, 0], &length, header.as_bytes(), elements].concat()
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
        infos.push(header.info(name));
        places.push((header, rest));
    }
    ensure!(infos[0].shape.len() == 2, "its shape is {:?}, but a head is a matrix", infos[0].shape);
    Arrays { infos, read: &mut |at| places[at].0.elements(places[at].1) }.head(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of a matrix, and its numbers row by row.
    fn numbers(bytes: &[u8]) -> Result<(usize, Vec<f32>)> {
        let mut rest = bytes;
        let header = Header::read(&mut rest)?;
        let &[_, columns] = header.shape.as_slice() else {
            bail!("its shape is {:?}, but must be [samples, features]", header.shape)
        };
        let mut read = |_| header.elements(rest);
        let numbers = Arrays { infos: vec![header.info("features")], read: &mut read }.floats(0, &mut Vec::new())?;
        Ok((columns, numbers))
    }

    #[test]
    fn what_is_written_is_read_in_any_order_of_axes_and_bytes() {
        let elements: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let bytes = write("<f4", &[2, 3], &elements);
        assert_eq!(bytes.len() % 64, 24);
        assert_eq!(numbers(&bytes).unwrap(), (3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        let text = |from: &str, to: &str| {
            let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            let mut other = bytes.clone();
            other.splice(at..at + from.len(), to.bytes());
            other
        };
        assert_eq!(numbers(&text("False", "True ")).unwrap(), (3, vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0]));
        let swapped: Vec<u8> = [1.0_f32, 2.0].iter().flat_map(|x| x.to_be_bytes()).collect();
        assert_eq!(numbers(&write(">f4", &[1, 2], &swapped)).unwrap(), (2, vec![1.0, 2.0]));
        for (wrong, part) in [
            (text("(2,3,)", "(2,9,)"), "it ends after 6 of 18 elements"),
            (text("(2,3,)", "(2,x,)"), "is none"),
            (text("(2,3,)", "(6,)  "), "must be [samples, features]"),
            (text("<f4", "<c8"), "is of the type <c8"),
            (text("shape", "shade"), "has no shape"),
            (bytes[..40].to_vec(), "ends within its header"),
            (write("<f4", &[1 << 40, 1 << 40], &elements), "its shape is"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "says to be 4294967295 bytes"),
            (write("<f4", &[1, 2], &[0, 0, 128, 63, 0, 0, 192, 127]), "row 0, column 1 is NaN"),
        ] {
            let message = format!("{:#}", numbers(&wrong).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }
}
