//! The loss and its probabilities, of batches of logits.

use gradient_decay::GradientDecay;
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::arguments::{refused, refused_sample};
use crate::batch::{Batch, into_array, labels};

/// Raises `ValueError` with the core's sentence if beta is not in (0, 1e6].
#[pyfunction]
pub fn check_beta(beta: f32) -> PyResult<()> {
    GradientDecay::try_new(beta).map(drop).map_err(refused)
}

/// The probabilities that the loss with this beta is consistent with, of each row of logits.
#[pyfunction]
pub fn consistent_probabilities<'py>(
    py: Python<'py>,
    logits: PyReadonlyArray2<'py, f32>,
    beta: f32,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let loss = GradientDecay::try_new(beta).map_err(refused)?;
    let classes = logits.shape()[1].max(1);
    let batch = Batch::new(&logits, classes)?;
    let values = py.detach(|| {
        let mut values = vec![0.0; batch.rows().len() * classes];
        for (sample, (row, to)) in batch.rows().zip(values.chunks_exact_mut(classes)).enumerate() {
            loss.consistent_probabilities(row, to).map_err(|error| (sample, error))?;
        }
        Ok(values)
    });
    into_array(py, values.map_err(refused_sample)?, classes)
}

/// The loss and its gradient of a batch.
type Losses<'py> = (Bound<'py, PyArray1<f32>>, Bound<'py, PyArray2<f32>>);

/// The loss of each row of logits, and its gradient with respect to them.
#[pyfunction]
pub fn loss_and_gradient<'py>(
    py: Python<'py>,
    logits: PyReadonlyArray2<'py, f32>,
    targets: PyReadonlyArray1<'py, u32>,
    beta: f32,
) -> PyResult<Losses<'py>> {
    let loss = GradientDecay::try_new(beta).map_err(refused)?;
    let classes = logits.shape()[1].max(1);
    let batch = Batch::new(&logits, classes)?;
    let targets = labels(&targets, &batch)?;
    let values = py.detach(|| {
        let mut gradient = vec![0.0; batch.rows().len() * classes];
        let rows = batch.rows().zip(gradient.chunks_exact_mut(classes)).zip(targets).enumerate();
        let losses = rows.map(|(sample, ((row, to), target))| {
            loss.loss_and_gradient(row, *target as usize, to).map_err(|error| (sample, error))
        });
        let losses = losses.collect::<Result<Vec<f32>, _>>()?;
        Ok((losses, gradient))
    });
    let (losses, gradient) = values.map_err(refused_sample)?;
    Ok((PyArray1::from_vec(py, losses), into_array(py, gradient, classes)?))
}
