//! CSV: each column is a feature, except columns that are asked for by the names in the first line.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};

use super::{Column, Table, narrow};

/// The content of a CSV file.
#[derive(Clone, Debug, PartialEq)]
pub struct CsvTable {
    /// The columns that were not asked for by name.
    pub features: Table,
    /// The columns that were, in that order; `None` if there is none of the name.
    pub columns: Vec<Option<Column>>,
}

/// Reads a CSV file, with the columns of these names apart. The first line has the names of the columns, unless all its cells are numbers.
///
/// # Errors
/// If a line has more or fewer cells than the first, or a cell of a feature is empty or no finite number; the message names line and column.
pub fn read(reader: impl Read, named: &[&str]) -> Result<CsvTable> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).trim(::csv::Trim::All).from_reader(reader);
    let mut record = ::csv::StringRecord::new();
    ensure!(next(&mut reader, &mut record)?, "it is empty");
    // The byte order mark that Windows programs put in front of a text.
    let header: Vec<String> = record.iter().map(|cell| cell.trim_start_matches('\u{feff}').to_owned()).collect();
    let names = if header.iter().all(|cell| cell.parse::<f64>().is_ok()) { Vec::new() } else { header };
    if let Some(name) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)).map(|(_, name)| name) {
        bail!("two columns are called {name}");
    }
    let width = record.len();
    let places: Vec<Option<usize>> = named.iter().map(|name| names.iter().position(|own| own == name)).collect();
    let taken: Vec<Option<usize>> = (0..width).map(|at| places.iter().position(|place| *place == Some(at))).collect();
    let mut texts: Vec<Vec<String>> = vec![Vec::new(); named.len()];
    let mut features = Table { columns: taken.iter().filter(|taken| taken.is_none()).count(), values: Vec::new() };
    let mut more = names.is_empty() || next(&mut reader, &mut record)?;
    while more {
        let line = record.position().map_or(0, ::csv::Position::line);
        for (at, cell) in record.iter().enumerate() {
            let place = || match names.get(at) {
                Some(name) => format!("line {line}, column {name}"),
                None => format!("line {line}, column {}", at + 1),
            };
            ensure!(!cell.is_empty(), "{} is empty", place());
            match taken.get(at).copied().flatten() {
                Some(column) => texts[column].push(cell.to_owned()),
                None => {
                    let number = cell.parse().ok().with_context(|| format!("{} is `{cell}`, no number", place()))?;
                    features.values.push(narrow(number).with_context(place)?);
                }
            }
        }
        more = next(&mut reader, &mut record)?;
    }
    let columns = texts.into_iter().zip(places).map(|(texts, place)| place.map(|_| column(texts))).collect();
    Ok(CsvTable { features, columns })
}

/// Reads a CSV file of labels or groups alone: one column, with its name in the first line or without.
///
/// # Errors
/// If there are more columns, or a cell is empty.
pub fn read_column(reader: impl Read, name: &str) -> Result<Column> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).trim(::csv::Trim::All).from_reader(reader);
    let (mut record, mut texts) = (::csv::StringRecord::new(), Vec::new());
    while next(&mut reader, &mut record)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        ensure!(
            record.len() == 1,
            "line {line} has {} cells, but a file of labels or groups has one column",
            record.len()
        );
        ensure!(!record[0].is_empty(), "line {line} is empty");
        texts.push(record[0].trim_start_matches('\u{feff}').to_owned());
    }
    // A header: by its name, or the one text over numbers.
    let number = |text: &String| text.parse::<i64>().is_ok();
    if let [first, rest @ ..] = texts.as_slice()
        && (first == name || !number(first) && !rest.is_empty() && rest.iter().all(number))
    {
        texts.remove(0);
    }
    Ok(column(texts))
}

/// Whole numbers if all are.
fn column(texts: Vec<String>) -> Column {
    match texts.iter().map(|text| text.parse().ok()).collect::<Option<Vec<i64>>>() {
        Some(numbers) => Column::Numbers(numbers),
        None => Column::Texts(texts),
    }
}

fn next<R: Read>(reader: &mut ::csv::Reader<R>, record: &mut ::csv::StringRecord) -> Result<bool> {
    reader.read_record(record).map_err(|error| match error.kind() {
        ::csv::ErrorKind::UnequalLengths { pos: Some(position), expected_len, len } => {
            anyhow::anyhow!("line {} has {len} cells, but the first has {expected_len}", position.line())
        }
        ::csv::ErrorKind::Utf8 { pos: Some(position), .. } => {
            anyhow::anyhow!("line {} is not text in UTF-8", position.line())
        }
        _ => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_columns_stand_apart_from_features() {
        let text = "group,x,label,y\nann,1,up,2.5\nbob, -3 ,down,4e2\n";
        let table = read(text.as_bytes(), &["label", "group", "other"]).unwrap();
        assert_eq!((table.features.columns, table.features.values.as_slice()), (2, &[1.0, 2.5, -3.0, 400.0][..]));
        let texts = |texts: [&str; 2]| Some(Column::Texts(texts.map(str::to_owned).to_vec()));
        assert_eq!(table.columns, [texts(["up", "down"]), texts(["ann", "bob"]), None]);
        let table = read("1,2\n3,4\n".as_bytes(), &["label"]).unwrap();
        assert_eq!((table.features.rows(), table.columns.as_slice()), (2, &[None][..]));
        let table = read("\u{feff}label,x\n1,2\n0,4\n".as_bytes(), &["label"]).unwrap();
        assert_eq!(table.columns, [Some(Column::Numbers(vec![1, 0]))]);
    }

    #[test]
    fn a_file_of_labels_alone() {
        for text in ["label\n1\n0\n", "1\n0\n", "class\n1\n0\n"] {
            assert_eq!(read_column(text.as_bytes(), "label").unwrap(), Column::Numbers(vec![1, 0]), "{text}");
        }
        assert_eq!(read_column("up\ndown\n".as_bytes(), "label").unwrap().len(), 2);
        assert!(read_column("1,2\n".as_bytes(), "label").unwrap_err().to_string().contains("one column"));
    }

    #[test]
    fn bad_cells_are_named() {
        for (text, part) in [
            ("", "it is empty"),
            ("x,y\n1,\n", "line 2, column y is empty"),
            ("x,y\n1,2\n3,NaN\n", "line 3, column y: is NaN"),
            ("x,y\n1,2\n3,inf\n", "is inf"),
            ("1,2\n3,1e39\n", "line 2, column 2: is 1e39, beyond"),
            ("x,y\n1,2\n3\n", "line 3 has 1 cells, but the first has 2"),
            ("x,y\n1,oak\n", "line 2, column y is `oak`, no number"),
            ("x,x\n1,2\n", "two columns are called x"),
            ("label,x\n,2\n", "line 2, column label is empty"),
        ] {
            let message = format!("{:#}", read(text.as_bytes(), &["label"]).unwrap_err());
            assert!(message.contains(part), "{message}");
        }
    }
}
