//! Tables in arrays of NumPy: `.npy`, and those of an `.npz` by name. Integers, booleans and floats of either byte order, in C or Fortran order; labels and
//! groups also as texts.

use std::io::{Read, Seek};

use anyhow::{Context, Result, bail, ensure};
use numpy_files::{Element, Header};

use super::{Column, Table, narrow};

/// Room for as many numbers is asked for at once, whatever a header says.
const PIECE: usize = 1 << 20;

/// Reads features: an array `[samples, features]` of an `.npy` file.
///
/// # Errors
/// If it is not such an array, is cut short, or holds a number that is not finite or beyond f32; the message names the row and the column.
pub fn features(mut reader: impl Read) -> Result<Table> {
    table(&Header::read(&mut reader)?, reader)
}

/// Reads a label or a group for each sample: an array `[samples]` or `[samples, 1]` of an `.npy` file.
///
/// # Errors
/// If it is not such an array, is cut short, or holds a value that is neither a whole number nor a text; the message names the row.
pub fn column(mut reader: impl Read) -> Result<Column> {
    values(&Header::read(&mut reader)?, reader)
}

/// The arrays of an `.npz` file.
pub struct Archive<R: Read + Seek>(numpy_files::Archive<R>);

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents.
    ///
    /// # Errors
    /// If it is no archive.
    pub fn new(reader: R) -> Result<Self> {
        Ok(Archive(numpy_files::Archive::new(reader)?))
    }

    /// The names of all arrays, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.names().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// As [`features()`], of an array.
    ///
    /// # Errors
    /// As there; if there is no array of this name.
    pub fn features(&mut self, name: &str) -> Result<Table> {
        let (header, reader) = self.0.array(name)?;
        table(&header, reader).with_context(|| format!("array {name}"))
    }

    /// As [`column()`], of an array.
    ///
    /// # Errors
    /// As there; if there is no array of this name.
    pub fn column(&mut self, name: &str) -> Result<Column> {
        let (header, reader) = self.0.array(name)?;
        values(&header, reader).with_context(|| format!("array {name}"))
    }
}

fn table(header: &Header, reader: impl Read) -> Result<Table> {
    let &[rows, columns] = header.shape.as_slice() else {
        bail!("its shape is {:?}, but must be [samples, features]", header.shape);
    };
    ensure!(rows > 0 && columns > 0, "its shape is [{rows}, {columns}]: it is empty");
    let count = header.count()?;
    let place = |index: usize| match header.by_column {
        true => (index % rows, index / rows),
        false => (index / columns, index % columns),
    };
    let mut values = Vec::with_capacity(count.min(PIECE));
    header.numbers(reader, |value| {
        let narrow = narrow(value).with_context(|| {
            let (row, column) = place(values.len());
            format!("row {row}, column {column}")
        })?;
        values.push(narrow);
        Ok(())
    })?;
    if header.by_column {
        values = (0..count).map(|index| values[index % columns * rows + index / columns]).collect();
    }
    Ok(Table { columns, values })
}

fn values(header: &Header, reader: impl Read) -> Result<Column> {
    let shape = &header.shape;
    ensure!(
        matches!(shape.as_slice(), [_] | [_, 1]),
        "its shape is {shape:?}, but must be [samples]{}",
        if shape.len() == 2 { ": one-hot rows become labels by array.argmax(1)" } else { "" }
    );
    if matches!(header.element, Element::Unicode(_) | Element::Bytes(_)) {
        let mut texts = Vec::new();
        header.texts(reader, |text| {
            texts.push(text);
            Ok(())
        })?;
        return Ok(Column::Texts(texts));
    }
    let mut numbers = Vec::new();
    header.numbers(reader, |value| {
        let whole = value.fract() == 0.0 && value.abs() < 9e15;
        ensure!(whole, "row {} is {value}, but must be a whole number or a text", numbers.len());
        numbers.push(value as i64);
        Ok(())
    })?;
    Ok(Column::Numbers(numbers))
}

#[cfg(test)]
mod tests {
    use numpy_files::{write, write_archive};

    use super::*;

    /// An `.npy` file in Fortran order.
    fn by_column(mut file: Vec<u8>) -> Vec<u8> {
        if let Some(at) = file.windows(5).position(|window| window == b"False") {
            file.splice(at..at + 5, *b"True ");
        }
        file
    }

    fn bytes<T, const N: usize>(numbers: &[T], to: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
        numbers.iter().flat_map(to).collect()
    }

    #[test]
    fn every_order_gives_the_same_table() {
        let expected = Table { columns: 3, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let rows = bytes(&[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0], |x| x.to_le_bytes());
        assert_eq!(features(&*write("<f4", &[2, 3], &rows)).unwrap(), expected);
        let columns = bytes(&[1.0_f64, 4.0, 2.0, 5.0, 3.0, 6.0], |x| x.to_le_bytes());
        assert_eq!(features(&*by_column(write("<f8", &[2, 3], &columns))).unwrap(), expected);
    }

    #[test]
    fn labels_are_whole_numbers_or_texts() {
        let found = |name, shape: &[usize], data: &[u8]| column(&*write(name, shape, data));
        assert_eq!(found("|u1", &[3], &[2, 0, 1]).unwrap(), Column::Numbers(vec![2, 0, 1]));
        assert_eq!(found("<f4", &[1, 1], &3.0_f32.to_le_bytes()).unwrap(), Column::Numbers(vec![3]));
        let texts = Column::Texts(vec!["up".to_owned(), "no".to_owned()]);
        assert_eq!(found("|S2", &[2], b"upno").unwrap(), texts);
        let message = found("<f4", &[1], &0.5_f32.to_le_bytes()).unwrap_err().to_string();
        assert!(message.contains("row 0 is 0.5"), "{message}");
        let message = found("|u1", &[1, 3], &[0, 1, 0]).unwrap_err().to_string();
        assert!(message.contains("[1, 3]") && message.contains("argmax"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let nan = bytes(&[1.0_f32, 2.0, 3.0, f32::NAN], |x| x.to_le_bytes());
        let large = bytes(&[1e300_f64], |x| x.to_le_bytes());
        for (array, part) in [
            (write("<f4", &[2, 2], &nan), "row 1, column 1: is NaN"),
            (by_column(write("<f4", &[2, 2], &nan)), "row 1, column 1: is NaN"),
            (write("<f8", &[1, 1], &large), "beyond the range of f32"),
            (write("<f4", &[2, 3], &[0; 17]), "it ends after 4 of 6 elements"),
            (write("<f4", &[4], &nan), "must be [samples, features]"),
            (write("<f4", &[0, 4], &[]), "it is empty"),
            (write("|O", &[2, 2], &[]), "Python objects"),
            (write("<c8", &[2, 1], &nan), "must be numbers"),
            (b"PK".to_vec(), "no array of NumPy"),
        ] {
            let message = format!("{:#}", features(&*array).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn arrays_of_an_archive_are_read_by_name() {
        let data = bytes(&[1.5_f32, -2.0], |x| x.to_le_bytes());
        let bytes = write_archive([("features".to_owned(), write("<f4", &[2, 1], &data))]).unwrap();
        let mut archive = Archive::new(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(archive.names(), ["features"]);
        assert_eq!(archive.features("features").unwrap(), Table { columns: 1, values: vec![1.5, -2.0] });
        let message = archive.column("labels").unwrap_err().to_string();
        assert!(message.contains("no array labels, but there are features"), "{message}");
        assert!(format!("{:#}", archive.column("features").unwrap_err()).contains("array features: row 0 is 1.5"));
        assert!(Archive::new(std::io::Cursor::new(vec![1, 2])).is_err());
    }
}
