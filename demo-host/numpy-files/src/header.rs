//! The header of an array, and the elements behind it.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use crate::element::{Element, half};

pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header: six times what NumPy itself reads.
const HEADER: usize = 1 << 16;

/// The bytes that are read at once, or one element.
const PIECE: usize = 1 << 16;

/// The header before the elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sizes of the axes.
    pub shape: Vec<usize>,
    /// The type of the elements.
    pub element: Element,
    /// The type as NumPy names it, as in `<f4`.
    pub type_name: String,
    /// Whether elements are stored with the first axis varying fastest, in Fortran order.
    pub by_column: bool,
    big_endian: bool,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// If there is none, it is cut short, longer than 65,536 bytes, of another version than 1 to 3, or has no shape, order or type.
    pub fn read(reader: &mut impl Read) -> Result<Self> {
        let mut front = [0; 8];
        let mut filled = 0;
        while filled < front.len() {
            match reader.read(&mut front[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        ensure!(front.starts_with(MAGIC), "it is no array of NumPy");
        ensure!(filled == front.len(), "it ends within its header");
        let length = match front[6] {
            1 => u32::from(u16::from_le_bytes(chunk(reader)?)),
            2 | 3 => u32::from_le_bytes(chunk(reader)?),
            version => bail!("it has version {version} of NumPy's format, but 1 to 3 are read"),
        } as usize;
        ensure!(length <= HEADER, "its header says to be {length} bytes long, but {HEADER} at most are read");
        let mut text = vec![0; length];
        reader.read_exact(&mut text).context("it ends within its header")?;
        Self::parse(&String::from_utf8(text).context("its header is no text")?)
    }

    fn parse(text: &str) -> Result<Self> {
        let value = |key: &str| {
            let behind = text.split_once(&format!("'{key}':")).map(|(_, behind)| behind.trim_start());
            behind.with_context(|| format!("its header has no {key}"))
        };
        let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let shape = shape.context("its header has no shape like (3, 4)")?.0;
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape: Vec<usize> = sizes
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("its shape is ({shape}), but must be of whole numbers"))?;
        let by_column = value("fortran_order")?.starts_with("True");
        let descr = value("descr")?;
        let name =
            descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or("a structure", |(name, _)| name);
        let element = Element::named(name.trim_start_matches(['<', '>', '|', '=']));
        Ok(Header { shape, element, type_name: name.to_owned(), by_column, big_endian: name.starts_with('>') })
    }

    /// The number of elements.
    ///
    /// # Errors
    /// If it, or its bytes, are beyond the range of a machine.
    pub fn count(&self) -> Result<usize> {
        let count = self.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
        let bytes = count.and_then(|count| count.checked_mul(self.element.bytes().unwrap_or(1)));
        bytes.with_context(|| format!("its shape is {:?}, which no machine has room for", self.shape))?;
        Ok(count.unwrap_or_default())
    }

    /// Calls `see` with the bytes of each element, little-endian, in the order in which they are stored.
    fn each(&self, mut reader: impl Read, mut see: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let count = self.count()?;
        let size = self.element.bytes().with_context(|| format!("its elements are of the type {}", self.type_name))?;
        let at_once = (PIECE / size).max(1).min(count);
        let mut piece = vec![0; at_once * size];
        let mut seen = 0;
        while seen < count {
            let wanted = at_once.min(count - seen) * size;
            let mut filled = 0;
            while filled < wanted {
                match reader.read(&mut piece[filled..wanted]) {
                    Ok(0) => break,
                    Ok(more) => filled += more,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => (),
                    Err(error) => return Err(error).context("it is damaged"),
                }
            }
            if self.big_endian {
                piece[..filled].chunks_exact_mut(self.element.swapped()).for_each(<[u8]>::reverse);
            }
            piece[..filled].chunks_exact(size).try_for_each(&mut see)?;
            seen += filled / size;
            ensure!(filled == wanted, "it ends after {seen} of {count} elements");
        }
        Ok(())
    }

    /// Calls `see` with each number of the elements behind the header, in the order in which they are stored; integers of 64 bits are rounded.
    ///
    /// # Errors
    /// If the elements are no numbers, the array ends early, or `see` fails.
    pub fn numbers(&self, reader: impl Read, mut see: impl FnMut(f64) -> Result<()>) -> Result<()> {
        macro_rules! all {
            ($number:ty, $to:expr) => {
                self.each(reader, |bytes| match bytes.try_into() {
                    Ok(bytes) => see($to(<$number>::from_le_bytes(bytes))),
                    Err(_) => Ok(()),
                })
            };
        }
        match self.element {
            Element::F32 => all!(f32, f64::from),
            Element::F64 => all!(f64, f64::from),
            Element::I8 => all!(i8, f64::from),
            Element::I16 => all!(i16, f64::from),
            Element::I32 => all!(i32, f64::from),
            Element::I64 => all!(i64, |number| number as f64),
            Element::U8 => all!(u8, f64::from),
            Element::U16 => all!(u16, f64::from),
            Element::U32 => all!(u32, f64::from),
            Element::U64 => all!(u64, |number| number as f64),
            Element::Bool => all!(u8, |truth| f64::from(u8::from(truth != 0))),
            Element::F16 => self.each(reader, |bytes| match bytes.try_into() {
                Ok(bytes) => see(f64::from(half(u16::from_le_bytes(bytes)))),
                Err(_) => Ok(()),
            }),
            Element::Object => bail!(
                "it holds Python objects: convert it, as by array.astype(str) or array.astype(numpy.float32), and save it again"
            ),
            _ => bail!(
                "its elements are of the type {}, but must be numbers: integers, booleans, or floats of 16, 32 or 64 bits",
                self.type_name
            ),
        }
    }

    /// Calls `see` with each text of the elements behind the header, without the zeros at its end.
    ///
    /// # Errors
    /// If the elements are no texts, the array ends early, or `see` fails; the message names the element that is no text.
    pub fn texts(&self, reader: impl Read, mut see: impl FnMut(String) -> Result<()>) -> Result<()> {
        let is_wide = match self.element {
            Element::Unicode(_) => true,
            Element::Bytes(_) => false,
            _ => bail!("its elements are of the type {}, but must be texts", self.type_name),
        };
        let mut place = 0_usize;
        self.each(reader, |bytes| {
            let text = if is_wide {
                let (characters, _) = bytes.as_chunks::<4>();
                characters.iter().map(|bytes| char::from_u32(u32::from_le_bytes(*bytes))).collect()
            } else {
                str::from_utf8(bytes).ok().map(str::to_owned)
            };
            let text: String = text.with_context(|| format!("row {place} is no text"))?;
            place += 1;
            see(text.trim_end_matches('\0').to_owned())
        })
    }

    /// The elements behind the header as bytes: little-endian, in C order.
    ///
    /// # Errors
    /// If the array ends early, is of a type that is not read, or is in Fortran order with more than two axes.
    pub fn bytes(&self, reader: impl Read) -> Result<Vec<u8>> {
        let (count, size) = (self.count()?, self.element.bytes().unwrap_or(1));
        let mut bytes = Vec::new();
        self.each(reader, |element| {
            bytes.extend_from_slice(element);
            Ok(())
        })?;
        match self.shape.as_slice() {
            [rows, columns] if self.by_column => {
                let element = |at: usize| {
                    let start = (at % columns * rows + at / columns) * size;
                    bytes[start..start + size].iter().copied()
                };
                Ok((0..count).flat_map(element).collect())
            }
            shape => {
                ensure!(!self.by_column || shape.len() < 2, "it is in Fortran order with {} axes", shape.len());
                Ok(bytes)
            }
        }
    }
}

fn chunk<const N: usize>(reader: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).context("it ends within its header")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write;

    fn numbers(file: &[u8]) -> Result<(Vec<usize>, Vec<f64>)> {
        let mut rest = file;
        let header = Header::read(&mut rest)?;
        let mut numbers = Vec::new();
        header.numbers(rest, |number| {
            numbers.push(number);
            Ok(())
        })?;
        Ok((header.shape, numbers))
    }

    fn texts(file: &[u8]) -> Result<Vec<String>> {
        let mut rest = file;
        let header = Header::read(&mut rest)?;
        let mut texts = Vec::new();
        header.texts(rest, |text| {
            texts.push(text);
            Ok(())
        })?;
        Ok(texts)
    }

    fn all<T, const N: usize>(numbers: &[T], to: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
        numbers.iter().flat_map(to).collect()
    }

    #[test]
    fn what_is_written_is_read_in_every_type_and_order_of_bytes() {
        let rows = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        for (name, data) in [
            ("<f4", all(&rows, |x| x.to_le_bytes())),
            (">f4", all(&rows, |x| x.to_be_bytes())),
            ("<f8", all(&rows, |x| f64::from(*x).to_le_bytes())),
            (">i2", all(&rows, |x| (*x as i16).to_be_bytes())),
            ("<i4", all(&rows, |x| (*x as i32).to_le_bytes())),
            (">i8", all(&rows, |x| (*x as i64).to_be_bytes())),
            ("<u2", all(&rows, |x| (*x as u16).to_le_bytes())),
            ("<u4", all(&rows, |x| (*x as u32).to_le_bytes())),
            ("<u8", all(&rows, |x| (*x as u64).to_le_bytes())),
            ("|u1", vec![1, 2, 3, 4, 5, 6]),
            ("|i1", vec![1, 2, 3, 4, 5, 6]),
            (
                ">f2",
                [0x3c00_u16, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600].iter().flat_map(|x| x.to_be_bytes()).collect(),
            ),
        ] {
            let file = write(name, &[2, 3], &data);
            assert_eq!(file.len() % 64, data.len() % 64, "{name}");
            assert_eq!(numbers(&file).unwrap(), (vec![2, 3], rows.map(f64::from).to_vec()), "{name}");
        }
        assert_eq!(numbers(&write("|b1", &[3], &[0, 1, 1])).unwrap().1, [0.0, 1.0, 1.0]);
        let wide: Vec<u8> = "upé\0".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        assert_eq!(texts(&write(">U2", &[2], &wide)).unwrap(), ["up", "é"]);
        assert_eq!(texts(&write("|S3", &[2], b"up\0no\0")).unwrap(), ["up", "no"]);
        assert_eq!(texts(&write("|S1", &[2], &[0, 0])).unwrap(), ["", ""]);
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        let mut file = write("<f4", &[2, 3], &all(&[1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0], |x| x.to_le_bytes()));
        let at = file.windows(5).position(|window| window == b"False").unwrap();
        file.splice(at..at + 5, *b"True ");
        let mut rest = file.as_slice();
        let header = Header::read(&mut rest).unwrap();
        let expected = all(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], |x| x.to_le_bytes());
        assert_eq!(header.bytes(rest).unwrap(), expected);
    }

    #[test]
    fn more_than_a_piece_is_read_and_what_is_missing_is_counted() {
        let many: Vec<u16> = (0..20_000).collect();
        let data = all(&many, |x| x.to_le_bytes());
        let (_, found) = numbers(&write("<u2", &[200, 100], &data)).unwrap();
        assert!(found.iter().zip(&many).all(|(found, number)| *found == f64::from(*number)) && found.len() == 20_000);
        let message = numbers(&write("<u2", &[200, 100], &data[..39_999])).unwrap_err().to_string();
        assert_eq!(message, "it ends after 19999 of 20000 elements");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = write("<f4", &[2, 3], &[0; 24]);
        let text = |from: &str, to: &str| {
            let at = good.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            let mut other = good.clone();
            other.splice(at..at + from.len(), to.bytes());
            other
        };
        for (wrong, part) in [
            (text("(2,3,)", "(2,9,)"), "it ends after 6 of 18 elements"),
            (text("(2,3,)", "(2,x,)"), "must be of whole numbers"),
            (text("<f4", "<c8"), "of the type <c8"),
            (text("'<f4'", "[('')"), "a structure"),
            (text("<f4", "|O8"), "Python objects"),
            (text("shape", "shade"), "has no shape"),
            (text("descr", "descs"), "has no descr"),
            (good[..40].to_vec(), "ends within its header"),
            (good[..7].to_vec(), "ends within its header"),
            (b"PK".to_vec(), "no array of NumPy"),
            // Each product is within the range of a machine but for the bytes.
            (write("<f4", &[1 << 31, 1 << 31], &[0; 8]), "no machine has room"),
            (write("<f4", &[1 << 40, 1 << 40], &[0; 8]), "no machine has room"),
            (write("<f4", &[1 << 30, 1 << 30], &[0; 8]), "it ends after 2 of"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "says to be 4294967295 bytes"),
            (b"\x93NUMPY\x09\x00\xff\xff\xff\xff".to_vec(), "version 9"),
        ] {
            let message = format!("{:#}", numbers(&wrong).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
        assert!(texts(&good).unwrap_err().to_string().contains("must be texts"));
        assert!(texts(&write("|S2", &[2], b"ab\xff\xff")).unwrap_err().to_string().contains("row 1 is no text"));
    }
}
