//! Arguments that Python passes, and errors that it gets.

use gradient_decay::error::Slice;
use gradient_decay::{Error, Readout};
use pyo3::exceptions::{PyMemoryError, PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// The core's sentence as a `ValueError`.
pub fn refused(error: Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The same, of a sample of a batch.
pub fn refused_sample((sample, error): (usize, Error)) -> PyErr {
    PyValueError::new_err(format!("sample {sample}: {error}"))
}

/// An error of the host program's packages, as a `ValueError`.
pub fn refused_sentence(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{error:#}"))
}

/// `Ok` if a slice has the expected length.
pub fn check_length(slice: Slice, expected: usize, actual: usize) -> PyResult<()> {
    if actual == expected { Ok(()) } else { Err(refused(Error::Length { slice, expected, actual })) }
}

/// A read-out, unless temperature or threshold is out of its range.
pub fn readout(temperature: f32, threshold: f32) -> PyResult<Readout> {
    let readout = Readout::new().try_with_temperature(temperature);
    readout.and_then(|readout| readout.try_with_threshold(threshold)).map_err(refused)
}

/// So many zeros.
pub fn zeros<T: Clone + Default>(count: usize) -> PyResult<Vec<T>> {
    let mut numbers = Vec::new();
    let reserved = numbers.try_reserve_exact(count);
    reserved.map_err(|_| PyMemoryError::new_err(format!("{count} numbers do not fit into memory")))?;
    numbers.resize(count, T::default());
    Ok(numbers)
}

/// A number of things, in [0, 2^32). One out of range is a `ValueError`, where that of PyO3 is an `OverflowError`.
pub struct Count(pub u32);

impl<'a, 'py> FromPyObject<'a, 'py> for Count {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<u32>().map(Count).map_err(|error: PyErr| {
            if error.is_instance_of::<PyOverflowError>(object.py()) {
                PyValueError::new_err(format!("a count is {}, but must be in [0, 4294967295]", *object))
            } else {
                error
            }
        })
    }
}
