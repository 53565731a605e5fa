//! The discriminant.

use gradient_decay::discriminant::Progress;
use gradient_decay::statistics::StatisticsView;
use gradient_decay::{Contents, DiscriminantView, Error, checkpoint};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{Count, refused, refused_sample};
use crate::batch::{self, Answers, Batch, labels};
use crate::settings::StreamingLda;

/// The discriminant of the core, all of whose classes are in use; each takes part once it has a sample.
#[pyclass(module = "gradient_decay._core")]
#[derive(Clone)]
pub struct Discriminant {
    numbers: Vec<f32>,
    counts: Vec<u32>,
    features: usize,
    progress: Progress,
}

impl Discriminant {
    /// Lets the core's discriminant do something, and keeps its progress.
    fn with<T>(&mut self, work: impl FnOnce(&mut DiscriminantView<'_>) -> T) -> Result<T, Error> {
        let Discriminant { numbers, counts, features, progress } = self;
        let mut scratch = vec![0.0; StatisticsView::scratch_of(counts.len(), *features)];
        let view = DiscriminantView::new(numbers, counts, &mut scratch, *features)?;
        let mut view = view.with_progress(*progress)?;
        let output = work(&mut view);
        *progress = view.progress();
        Ok(output)
    }

    /// [`with`](Self::with) for each sample and its class; an error takes back what was done before it.
    fn each(
        &mut self,
        py: Python<'_>,
        x: &PyReadonlyArray2<'_, f32>,
        y: &PyReadonlyArray1<'_, u32>,
        mut work: impl FnMut(&mut DiscriminantView<'_>, &[f32], usize) -> Result<(), Error> + Send,
    ) -> PyResult<()> {
        let batch = Batch::new(x, self.features)?;
        let labels = labels(y, &batch)?;
        let mut next = self.clone();
        let done = py.detach(|| {
            next.with(|view| {
                let mut samples = batch.rows().zip(labels).enumerate();
                samples.try_for_each(|(sample, (row, class))| {
                    work(view, row, *class as usize).map_err(|error| (sample, error))
                })
            })
        });
        done.map_err(refused)?.map_err(refused_sample)?;
        *self = next;
        Ok(())
    }

    /// The core's discriminant, over a copy of the numbers, since others may read these meanwhile.
    fn infer<T>(&self, then: impl FnOnce(DiscriminantView<'_>) -> PyResult<T>) -> PyResult<T> {
        let (mut numbers, mut counts) = (self.numbers.clone(), self.counts.clone());
        let mut scratch = vec![0.0; StatisticsView::scratch_of(counts.len(), self.features)];
        let view = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, self.features);
        then(view.and_then(|view| view.with_progress(self.progress)).map_err(refused)?)
    }
}

#[pymethods]
impl Discriminant {
    #[new]
    fn new(classes: usize, features: usize) -> PyResult<Self> {
        let mut numbers = vec![0.0; StatisticsView::numbers_of(classes, features)];
        let (mut counts, mut scratch) = (vec![0; classes], vec![0.0; StatisticsView::scratch_of(classes, features)]);
        let view = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, features).map_err(refused)?;
        let progress = view.progress();
        Ok(Discriminant { numbers, counts, features, progress })
    }

    /// The samples learned of each class.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        PyArray1::from_slice(py, &self.counts)
    }

    /// The labels learned, less those taken back.
    #[getter]
    fn labels(&self) -> u32 {
        self.progress.labels
    }

    /// Learns each sample, in order.
    fn learn(
        &mut self,
        py: Python<'_>,
        lda: &StreamingLda,
        x: PyReadonlyArray2<'_, f32>,
        y: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<()> {
        self.each(py, &x, &y, |view, row, class| view.learn(&lda.lda, row, class))
    }

    /// Takes each sample back, in order.
    fn unlearn(
        &mut self,
        py: Python<'_>,
        lda: &StreamingLda,
        x: PyReadonlyArray2<'_, f32>,
        y: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<()> {
        self.each(py, &x, &y, |view, row, class| view.unlearn(&lda.lda, row, class))
    }

    /// Keeps what was learned with the weight of so many samples, each class with that of `most` at most.
    fn discount(&mut self, samples: f32, most: Count) -> PyResult<()> {
        self.with(|view| view.discount(samples, most.0)).and_then(|result| result).map_err(refused)
    }

    /// The logits of each sample, minus infinity of a class without a sample.
    fn logits<'py>(&self, py: Python<'py>, x: PyReadonlyArray2<'py, f32>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let batch = Batch::new(&x, self.features)?;
        self.infer(|head| batch::logits(py, head, batch))
    }

    /// The probabilities of each sample under a temperature, 0 of a class without a sample.
    #[pyo3(signature = (x, temperature=1.0))]
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let batch = Batch::new(&x, self.features)?;
        self.infer(|head| batch::probabilities(py, head, batch, temperature, None))
    }

    /// The most probable class of each sample, its probability, and whether that reaches the threshold.
    fn answers<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
        threshold: f32,
    ) -> PyResult<Answers<'py>> {
        let batch = Batch::new(&x, self.features)?;
        self.infer(|head| batch::answers(py, head, batch, temperature, threshold))
    }

    /// All of it as the core's checkpoint.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.clone().with(|view| {
            let mut bytes = vec![0; checkpoint::size(view, Contents::ALL)];
            checkpoint::write(view, Contents::ALL, &mut bytes).map(|_| bytes)
        });
        Ok(PyBytes::new(py, &bytes.and_then(|bytes| bytes).map_err(refused)?))
    }

    /// Takes over a checkpoint of a discriminant of the same shape.
    fn restore(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.with(|view| checkpoint::read(bytes, view)).and_then(|result| result).map_err(refused)
    }

    fn __getnewargs__(&self) -> (usize, usize) {
        (self.counts.len(), self.features)
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.checkpoint(py)
    }

    fn __setstate__(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.restore(bytes)
    }
}
