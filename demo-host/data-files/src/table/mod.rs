//! Tables of features with a label, and perhaps a group, for each sample: arrays of NumPy, or CSV.
//!
//! Everything is read in one pass in pieces, so that a file of a gigabyte needs no more memory than its numbers in f32. Messages name the row,
//! counted from 0 as in NumPy, or the line of a CSV file, counted from 1.

pub mod csv;
pub mod npy;

use anyhow::{Result, ensure};

/// Finite numbers, a row a sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The numbers of a row.
    pub columns: usize,
    /// Row after row.
    pub values: Vec<f32>,
}

/// One value for each sample: a label, or the person that the sample is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Whole numbers.
    Numbers(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
}

impl Table {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or_default()
    }
}

impl Column {
    /// The number of values.
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(numbers) => numbers.len(),
            Column::Texts(texts) => texts.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as labels `0..K`, with the name of each: texts are numbered in sorted order, numbers keep theirs.
    ///
    /// # Errors
    /// If numbers are not `0..K`, each with a sample.
    pub fn labels(&self) -> Result<(Vec<usize>, Vec<String>)> {
        let Column::Numbers(numbers) = self else { return Ok(self.numbered()) };
        let largest = numbers.iter().copied().max().unwrap_or_default();
        let (labels, names) = self.numbered();
        if let Some(row) = numbers.iter().position(|number| *number < 0) {
            anyhow::bail!("row {row} has the label {}, but labels are numbers from 0, or texts", numbers[row]);
        }
        let missing = (0..=largest).zip(&names).find(|(number, name)| number.to_string() != **name);
        ensure!(
            missing.is_none() && largest + 1 == names.len() as i64,
            "there is a label {largest}, but no sample of the label {}: number the classes 0 to {} without a gap, or give texts",
            missing.map_or(names.len() as i64, |(number, _)| number),
            names.len() - 1
        );
        Ok((labels, names))
    }

    /// The values numbered in sorted order, and what each number stands for.
    pub fn numbered(&self) -> (Vec<usize>, Vec<String>) {
        fn of<T: Ord + Clone + ToString>(values: &[T]) -> (Vec<usize>, Vec<String>) {
            let mut sorted = values.to_vec();
            sorted.sort();
            sorted.dedup();
            let number = |value| sorted.binary_search(value).unwrap_or_default();
            (values.iter().map(number).collect(), sorted.iter().map(ToString::to_string).collect())
        }
        match self {
            Column::Numbers(numbers) => of(numbers),
            Column::Texts(texts) => of(texts),
        }
    }
}

/// A number as f32.
///
/// # Errors
/// If it is not finite, or beyond the range of f32.
fn narrow(value: f64) -> Result<f32> {
    ensure!(value.is_finite(), "is {value}, but must be a finite number");
    let narrow = value as f32;
    ensure!(narrow.is_finite(), "is {value:e}, beyond the range of f32");
    Ok(narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_in_sorted_order_and_numbers_keep_theirs() {
        let texts = Column::Texts(["up", "left", "up", "down"].map(str::to_owned).to_vec());
        let (labels, names) = texts.labels().unwrap();
        assert_eq!((labels, names), (vec![2, 1, 2, 0], ["down", "left", "up"].map(str::to_owned).to_vec()));
        let (labels, names) = Column::Numbers(vec![2, 0, 1, 10, 3, 4, 5, 6, 7, 8, 9]).labels().unwrap();
        assert_eq!((labels[3], names[10].as_str()), (10, "10"));
        assert_eq!(
            Column::Numbers(vec![70, -3, 70]).numbered(),
            (vec![1, 0, 1], vec!["-3".to_owned(), "70".to_owned()])
        );
        for (numbers, part) in [
            (vec![0, 1, -1], "row 2 has the label -1"),
            (vec![0, 2, 3], "no sample of the label 1"),
            (vec![1, 2], "no sample of the label 0: number the classes 0 to 1"),
        ] {
            let message = Column::Numbers(numbers).labels().unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
