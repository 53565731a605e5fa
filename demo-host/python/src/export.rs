//! Heads and priors as what firmware includes, by the host program's writers.

use std::path::Path;
use std::sync::Arc;

use head_files::{Format, Head, Prior, PriorSettings, Source, Standardization, write};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{Count, refused_sentence};
use crate::batch::{contiguous, into_array};
use crate::settings::StreamingLda;

/// The arguments that make a head.
type New<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f32>>, String, Option<Vec<f32>>, Option<Vec<f32>>);

/// The content of a file whose name ends like this.
fn content<'py>(py: Python<'py>, source: Source<'_>, ending: &str, made_of: &str) -> PyResult<Bound<'py, PyBytes>> {
    let format = Format::of(&Path::new("head").with_extension(ending)).map_err(refused_sentence)?;
    let bytes = write(source, format, made_of).map_err(refused_sentence)?;
    Ok(PyBytes::new(py, &bytes))
}

/// A linear head, its standardisation with it. Equal are those whose heads are.
#[pyclass(frozen, eq, module = "gradient_decay._core")]
#[derive(Clone)]
pub struct HeadFile {
    head: Arc<Head>,
    made_of: String,
}

impl PartialEq for HeadFile {
    fn eq(&self, other: &Self) -> bool {
        self.head == other.head
    }
}

impl HeadFile {
    /// The head.
    pub fn head(&self) -> &Head {
        &self.head
    }
}

#[pymethods]
impl HeadFile {
    #[new]
    #[pyo3(signature = (weights, bias, made_of, mean=None, deviation=None))]
    fn new(
        weights: PyReadonlyArray2<'_, f32>,
        bias: PyReadonlyArray1<'_, f32>,
        made_of: String,
        mean: Option<Vec<f32>>,
        deviation: Option<Vec<f32>>,
    ) -> PyResult<Self> {
        let (weights, bias) = (contiguous(weights.as_slice())?, contiguous(bias.as_slice())?);
        let features = weights.len().checked_div(bias.len()).unwrap_or_default();
        let mut head = Head::new(weights.to_vec(), bias, features).map_err(refused_sentence)?;
        if let (Some(mean), Some(deviation)) = (mean, deviation) {
            let standardization = Standardization::new(mean, deviation);
            head = standardization.and_then(|it| head.with_standardization(it)).map_err(refused_sentence)?;
        }
        Ok(HeadFile { head: Arc::new(head), made_of })
    }

    /// The classes and the features of a sample.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.head.classes(), self.head.features())
    }

    /// The content of a file whose name ends like this.
    fn content<'py>(&self, py: Python<'py>, ending: &str) -> PyResult<Bound<'py, PyBytes>> {
        content(py, Source::Head(&self.head), ending, &self.made_of)
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> PyResult<New<'py>> {
        let Head { standardization, .. } = &*self.head;
        let units = standardization.as_ref().map(|units| (units.mean().to_vec(), units.deviation().to_vec())).unzip();
        let weights = into_array(py, self.head.weights().to_vec(), self.head.features())?;
        Ok((weights, PyArray1::from_slice(py, self.head.bias()), self.made_of.clone(), units.0, units.1))
    }
}

/// The prior of a discriminant, of a table of labelled features.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct PriorFile {
    prior: Prior,
    made_of: String,
}

#[pymethods]
impl PriorFile {
    #[new]
    #[expect(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        x: PyReadonlyArray2<'_, f32>,
        y: Vec<usize>,
        made_of: String,
        lda: &StreamingLda,
        samples: f32,
        most: Count,
        standardize: bool,
    ) -> PyResult<Self> {
        let table = contiguous(x.as_slice())?;
        let features = table.len().checked_div(y.len()).unwrap_or_default();
        let settings = PriorSettings { samples, most: most.0, lda: lda.lda, standardize };
        let prior = py.detach(|| Prior::of_table(table, features, &y, &settings)).map_err(refused_sentence)?;
        Ok(PriorFile { prior, made_of })
    }

    /// The content of a file whose name ends like this.
    fn content<'py>(&self, py: Python<'py>, ending: &str) -> PyResult<Bound<'py, PyBytes>> {
        content(py, Source::Prior(&self.prior), ending, &self.made_of)
    }
}
