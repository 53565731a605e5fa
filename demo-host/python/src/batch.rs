//! Batches of samples, and what any head says of them.

use gradient_decay::error::Slice;
use gradient_decay::readout::Reason;
use gradient_decay::standardize::UnitsView;
use gradient_decay::{
    Answer, Contents, Error, GradientDecay, Head, Libm, Preprocess as _, Readout, Saved, StandardizerView, checkpoint,
};
use head_files::Standardization;
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arguments::{check_length, refused, refused_sample};

/// Rows of features, one behind the other.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Batch<'a> {
    /// The rows of a contiguous array, each of so many features.
    pub fn new(array: &'a PyReadonlyArray2<'_, f32>, features: usize) -> PyResult<Self> {
        let columns = array.shape()[1];
        check_length(Slice::Features, features, columns)?;
        Ok(Batch { values: contiguous(array.as_slice())?, columns })
    }

    /// The samples in these units, as a device's standardizer has them.
    pub fn in_units<'b>(self, units: &Standardization, into: &'b mut Vec<f32>) -> PyResult<Batch<'b>> {
        let mut numbers = vec![0.0; UnitsView::numbers_of(self.columns)];
        let mut standardizer = StandardizerView::new(&mut numbers, self.columns, 1).map_err(refused)?;
        standardizer.set_statistics(units.mean(), units.deviation()).map_err(refused)?;
        into.reserve_exact(self.values.len());
        for (sample, row) in self.rows().enumerate() {
            let done = standardizer.apply(row, |features: &[f32]| into.extend(features));
            done.map_err(|error| refused_sample((sample, error)))?;
        }
        Ok(Batch { values: into, columns: self.columns })
    }

    /// The samples, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.columns)
    }

    /// One of them.
    pub fn row(&self, index: usize) -> Option<&'a [f32]> {
        self.values.get(index.checked_mul(self.columns)?..)?.get(..self.columns)
    }
}

/// The classes of a batch, as many as it has samples.
pub fn labels<'a>(array: &'a PyReadonlyArray1<'_, u32>, batch: &Batch<'_>) -> PyResult<&'a [u32]> {
    check_length(Slice::Targets, batch.rows().len(), array.len())?;
    contiguous(array.as_slice())
}

/// The numbers of a contiguous array.
pub fn contiguous<T, E>(slice: Result<&[T], E>) -> PyResult<&[T]> {
    slice.map_err(|_| PyValueError::new_err("an array must be contiguous in C order: use numpy.ascontiguousarray"))
}

/// Numbers as an array of `columns` columns, without a copy.
pub fn into_array(py: Python<'_>, values: Vec<f32>, columns: usize) -> PyResult<Bound<'_, PyArray2<f32>>> {
    let rows = values.len() / columns;
    PyArray1::from_vec(py, values).reshape([rows, columns])
}

/// An error, and the sample that it is of.
pub type OfSample<T> = Result<T, (usize, Error)>;

/// A row of `columns` numbers for each sample, which `fill` writes.
fn fill_rows(
    batch: Batch<'_>,
    columns: usize,
    mut fill: impl FnMut(&[f32], &mut [f32]) -> Result<(), Error>,
) -> OfSample<Vec<f32>> {
    let mut values = vec![0.0; batch.rows().len() * columns];
    for (sample, (row, to)) in batch.rows().zip(values.chunks_exact_mut(columns)).enumerate() {
        fill(row, to).map_err(|error| (sample, error))?;
    }
    Ok(values)
}

/// A head of the core that reads slices.
pub trait AnyHead: Head<Features = [f32], Number = f32, Math = Libm> {}
impl<H: Head<Features = [f32], Number = f32, Math = Libm>> AnyHead for H {}

/// The logits of each sample.
pub fn logits(head: &impl AnyHead, batch: Batch<'_>) -> OfSample<Vec<f32>> {
    fill_rows(batch, head.room(), |row, logits| head.logits(row, logits))
}

/// The probabilities of each sample: those of a read-out, or those that a loss is consistent with.
pub fn probabilities(
    head: &impl AnyHead,
    batch: Batch<'_>,
    readout: &Readout,
    loss: Option<&GradientDecay>,
) -> OfSample<Vec<f32>> {
    let mut logits = vec![0.0; head.room()];
    fill_rows(batch, head.room(), |row, probabilities| {
        if let Some(loss) = loss {
            head.logits(row, &mut logits)?;
            loss.consistent_probabilities(&logits, probabilities)
        } else {
            head.logits(row, probabilities)?;
            readout.answer_logits(probabilities).map(drop)
        }
    })
}

/// The answer for each sample.
pub fn answers(batch: Batch<'_>, mut answer: impl FnMut(&[f32]) -> Result<Answer, Error>) -> OfSample<Vec<Answer>> {
    batch.rows().enumerate().map(|(sample, row)| answer(row).map_err(|error| (sample, error))).collect()
}

/// The classes of samples, their probabilities, and why they are unknown: 0 if they are not, 1 between classes, 2 far from all.
pub type Answers<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<u8>>);

/// Answers as arrays.
pub fn into_answers<'py>(py: Python<'py>, answers: &[Answer]) -> Answers<'py> {
    let predictions = || answers.iter().map(|answer| answer.prediction());
    let reasons = answers.iter().map(|answer| match answer {
        Answer::Class(_) => 0,
        Answer::Unknown(_, Reason::Between) => 1,
        Answer::Unknown(_, Reason::Far) => 2,
    });
    (
        PyArray1::from_iter(py, predictions().map(|prediction| prediction.class as u32)),
        PyArray1::from_iter(py, predictions().map(|prediction| prediction.probability)),
        PyArray1::from_iter(py, reasons),
    )
}

/// The checkpoint of a head or a learner.
pub fn written(saved: &impl Saved) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; checkpoint::size(saved, Contents::ALL)];
    checkpoint::write(saved, Contents::ALL, &mut bytes).map(|_| bytes)
}
