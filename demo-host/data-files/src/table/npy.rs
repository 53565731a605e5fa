//! Arrays of NumPy: `.npy`, and those of an `.npz` by name. Integers, booleans and floats of 32 or 64 bits, of either byte order, in C or Fortran order;
//! labels and groups also as texts.

use std::io::{Read, Seek};

use anyhow::{Context, Result, bail, ensure};
use npyz::{DType, NpyFile, Order, TypeChar};
use zip::ZipArchive;

use super::{Column, Table, narrow};

/// As many numbers are asked for at once, whatever a header says.
const PIECE: usize = 1 << 20;

/// Reads features: an array `[samples, features]` of an `.npy` file.
///
/// # Errors
/// If it is not such an array, is cut short, or holds a number that is not finite or beyond f32; the message names the row and the column.
pub fn features(mut reader: impl Read) -> Result<Table> {
    table(open(&mut reader)?)
}

/// Reads a label or a group for each sample: an array `[samples]` or `[samples, 1]` of an `.npy` file.
///
/// # Errors
/// If it is not such an array, is cut short, or holds a value that is neither a whole number nor a text; the message names the row.
pub fn column(mut reader: impl Read) -> Result<Column> {
    values(open(&mut reader)?)
}

/// The arrays of an `.npz` file.
pub struct Archive<R: Read + Seek>(ZipArchive<R>);

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents.
    ///
    /// # Errors
    /// If it is no archive.
    pub fn new(reader: R) -> Result<Self> {
        Ok(Archive(ZipArchive::new(reader).context("it is no .npz file, a zip archive of arrays")?))
    }

    /// The names of all arrays, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.0.file_names().filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned())).collect();
        names.sort();
        names
    }

    /// As [`features()`], of an array.
    ///
    /// # Errors
    /// As there; if there is no array of this name.
    pub fn features(&mut self, name: &str) -> Result<Table> {
        self.read(name, table)
    }

    /// As [`column()`], of an array.
    ///
    /// # Errors
    /// As there; if there is no array of this name.
    pub fn column(&mut self, name: &str) -> Result<Column> {
        self.read(name, values)
    }

    fn read<T>(&mut self, name: &str, read: fn(NpyFile<&mut dyn Read>) -> Result<T>) -> Result<T> {
        let names = self.names();
        // A file within the archive is decompressed a little at a time.
        let found = self.0.by_name(&format!("{name}.npy")).ok();
        let found = found.with_context(|| format!("there is no array {name}, but there are {}", names.join(", ")))?;
        let mut reader = std::io::BufReader::with_capacity(PIECE, found);
        open(&mut reader).and_then(read).with_context(|| format!("array {name}"))
    }
}

fn open(reader: &mut dyn Read) -> Result<NpyFile<&mut dyn Read>> {
    NpyFile::new(reader).context("it is no array of NumPy")
}

/// The kind of an element, and its bytes.
fn kind(dtype: &DType) -> Result<(TypeChar, u64)> {
    match dtype {
        DType::Plain(plain) if plain.type_char() == TypeChar::Object => {
            bail!(
                "it holds Python objects: convert it, as by array.astype(str) or array.astype(numpy.float32), and save it again"
            )
        }
        DType::Plain(plain) => Ok((plain.type_char(), plain.size_field())),
        other => bail!("its elements are of the type {}, but must be numbers", other.descr()),
    }
}

/// Calls `see` with each number of an array, in the order in which they are stored.
fn each_number(file: NpyFile<&mut dyn Read>, mut see: impl FnMut(f64) -> Result<()>) -> Result<()> {
    macro_rules! all {
        ($number:ty, $to:expr) => {{
            let numbers = file.data::<$number>().map_err(|error| anyhow::anyhow!("its elements: {error}"))?;
            let count = numbers.len();
            for (index, number) in numbers.enumerate() {
                let number = number.with_context(|| format!("it ends after {index} of {count} elements"))?;
                see($to(number))?;
            }
        }};
    }
    let dtype = file.dtype();
    match kind(&dtype)? {
        (TypeChar::Float, 4) => all!(f32, f64::from),
        (TypeChar::Float, 8) => all!(f64, f64::from),
        (TypeChar::Int, 1) => all!(i8, f64::from),
        (TypeChar::Int, 2) => all!(i16, f64::from),
        (TypeChar::Int, 4) => all!(i32, f64::from),
        (TypeChar::Int, 8) => all!(i64, |number| number as f64),
        (TypeChar::Uint, 1) => all!(u8, f64::from),
        (TypeChar::Uint, 2) => all!(u16, f64::from),
        (TypeChar::Uint, 4) => all!(u32, f64::from),
        (TypeChar::Uint, 8) => all!(u64, |number| number as f64),
        (TypeChar::Bool, _) => all!(bool, |truth| f64::from(u8::from(truth))),
        _ => bail!(
            "its elements are of the type {}, but must be integers, booleans, or floats of 32 or 64 bits",
            dtype.descr()
        ),
    }
    Ok(())
}

fn table(file: NpyFile<&mut dyn Read>) -> Result<Table> {
    kind(&file.dtype())?;
    let &[rows, columns] = file.shape() else {
        bail!("its shape is {:?}, but must be [samples, features]", file.shape());
    };
    let (rows, columns) = (usize::try_from(rows)?, usize::try_from(columns)?);
    ensure!(rows > 0 && columns > 0, "its shape is [{rows}, {columns}]: it is empty");
    let count = rows.checked_mul(columns).context("its shape is too large")?;
    let by_column = file.order() == Order::Fortran;
    let mut values = Vec::with_capacity(count.min(PIECE));
    each_number(file, |value| {
        let index = values.len();
        let (row, column) = if by_column { (index % rows, index / rows) } else { (index / columns, index % columns) };
        values.push(narrow(value).with_context(|| format!("row {row}, column {column}"))?);
        Ok(())
    })?;
    if by_column {
        values = (0..count).map(|index| values[index % columns * rows + index / columns]).collect();
    }
    Ok(Table { columns, values })
}

fn values(file: NpyFile<&mut dyn Read>) -> Result<Column> {
    let (kind, _) = kind(&file.dtype())?;
    let shape = file.shape();
    ensure!(
        matches!(shape, [_] | [_, 1]),
        "its shape is {shape:?}, but must be [samples]{}",
        if shape.len() == 2 { ": one-hot rows become labels by array.argmax(1)" } else { "" }
    );
    if matches!(kind, TypeChar::UnicodeStr | TypeChar::ByteStr) {
        let texts = file.data::<String>().map_err(|error| anyhow::anyhow!("its elements: {error}"))?;
        let text =
            |(row, text): (usize, std::io::Result<String>)| text.with_context(|| format!("row {row} is no text"));
        return Ok(Column::Texts(texts.enumerate().map(text).collect::<Result<_>>()?));
    }
    let mut numbers = Vec::new();
    each_number(file, |value| {
        let whole = value.fract() == 0.0 && value.abs() < 9e15;
        ensure!(whole, "row {} is {value}, but must be a whole number or a text", numbers.len());
        numbers.push(value as i64);
        Ok(())
    })?;
    Ok(Column::Numbers(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An `.npy` file as NumPy writes it, version 1.
    fn file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
        header.extend(std::iter::repeat_n(' ', 63 - (10 + header.len()) % 64));
        header.push('\n');
        let length = (header.len() as u16).to_le_bytes();
        [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), data].concat()
    }

    fn bytes<T, const N: usize>(numbers: &[T], to: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
        numbers.iter().flat_map(to).collect()
    }

    #[test]
    fn every_order_and_type_gives_the_same_table() {
        let expected = Table { columns: 3, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let rows = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let by_column = [1.0_f64, 4.0, 2.0, 5.0, 3.0, 6.0];
        for (descr, fortran, data) in [
            ("'<f4'", false, bytes(&rows, |x| x.to_le_bytes())),
            ("'>f4'", false, bytes(&rows, |x| x.to_be_bytes())),
            ("'<f8'", true, bytes(&by_column, |x| x.to_le_bytes())),
            ("'>i2'", false, bytes(&rows, |x| (*x as i16).to_be_bytes())),
            ("'<i8'", false, bytes(&rows, |x| (*x as i64).to_le_bytes())),
            ("'|u1'", false, vec![1, 2, 3, 4, 5, 6]),
        ] {
            assert_eq!(features(&*file(descr, fortran, "(2, 3)", &data)).unwrap(), expected, "{descr}");
        }
    }

    #[test]
    fn labels_are_whole_numbers_or_texts() {
        let found = |descr, shape, data: &[u8]| column(&*file(descr, false, shape, data));
        assert_eq!(found("'|u1'", "(3,)", &[2, 0, 1]).unwrap(), Column::Numbers(vec![2, 0, 1]));
        assert_eq!(found("'<f4'", "(1, 1)", &3.0_f32.to_le_bytes()).unwrap(), Column::Numbers(vec![3]));
        let text: Vec<u8> = "upno".chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
        let texts = Column::Texts(vec!["up".to_owned(), "no".to_owned()]);
        assert_eq!(found("'<U2'", "(2,)", &text).unwrap(), texts);
        assert_eq!(found("'|S2'", "(2,)", b"upno").unwrap(), texts);
        let message = found("'<f4'", "(1,)", &0.5_f32.to_le_bytes()).unwrap_err().to_string();
        assert!(message.contains("row 0 is 0.5"), "{message}");
        let message = found("'|u1'", "(1, 3)", &[0, 1, 0]).unwrap_err().to_string();
        assert!(message.contains("[1, 3]") && message.contains("argmax"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let nan = bytes(&[1.0_f32, 2.0, 3.0, f32::NAN], |x| x.to_le_bytes());
        let large = bytes(&[1e300_f64], |x| x.to_le_bytes());
        for (array, part) in [
            (file("'<f4'", false, "(2, 2)", &nan), "row 1, column 1: is NaN"),
            (file("'<f4'", true, "(2, 2)", &nan), "row 1, column 1: is NaN"),
            (file("'<f8'", false, "(1, 1)", &large), "beyond the range of f32"),
            (file("'<f4'", false, "(2, 3)", &[0; 17]), "it ends after 4 of 6 elements"),
            (file("'<f4'", false, "(4,)", &nan), "must be [samples, features]"),
            (file("'<f4'", false, "(0, 4)", &[]), "it is empty"),
            (file("'|O'", false, "(2, 2)", &[]), "Python objects"),
            (file("'<c8'", false, "(2, 1)", &nan), "must be integers"),
            (file("[('a', '<f4')]", false, "(4, 1)", &nan), "must be numbers"),
            (b"PK".to_vec(), "no array of NumPy"),
        ] {
            let message = format!("{:#}", features(&*array).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn arrays_of_an_archive_are_read_by_name() {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file("features.npy", zip::write::SimpleFileOptions::default()).unwrap();
        let data = bytes(&[1.5_f32, -2.0], |x| x.to_le_bytes());
        std::io::Write::write_all(&mut archive, &file("'<f4'", false, "(2, 1)", &data)).unwrap();
        let bytes = archive.finish().unwrap();
        let mut archive = Archive::new(std::io::Cursor::new(bytes.into_inner())).unwrap();
        assert_eq!(archive.names(), ["features"]);
        assert_eq!(archive.features("features").unwrap(), Table { columns: 1, values: vec![1.5, -2.0] });
        let message = archive.column("labels").unwrap_err().to_string();
        assert!(message.contains("no array labels, but there are features"), "{message}");
        assert!(format!("{:#}", archive.column("features").unwrap_err()).contains("array features: row 0 is 1.5"));
        assert!(Archive::new(std::io::Cursor::new(vec![1, 2])).is_err());
    }
}
