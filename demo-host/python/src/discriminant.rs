//! The discriminant, with what may stand on top of it and behind it.

use gradient_decay::{Answer, Error, Readout, StreamingLda as Lda, checkpoint};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{Count, refused, refused_sample};
use crate::batch::{self, Answers, Batch, OfSample, into_answers, into_array, labels};
use crate::export::HeadFile;
use crate::learner::{AnyDiscriminant, AnyReadout, Keeping, Numbers, Reading, Taught, Trained, Work};
use crate::settings::StreamingLda;

/// The discriminant of the core, all of whose classes are in use; each takes part once it has a sample. With `keeping`, (the samples of a class,
/// whether as bytes, the seed), nearest neighbours stand on top; with `novelty` it knows the distances from its classes; with `trained`, (a head, for
/// each class its class in that or 255), that is mixed in, and samples are first brought to its units if it has some.
#[pyclass(module = "gradient_decay._core")]
#[derive(Clone)]
pub struct Discriminant {
    numbers: Numbers,
}

/// The arguments that make a discriminant of the same kind.
type Kind = (usize, usize, Option<Keeping>, bool, Option<(HeadFile, Vec<u8>)>);

/// Learns each sample of a batch with its class, or takes it back.
struct Each<'a> {
    lda: &'a Lda,
    batch: Batch<'a>,
    labels: &'a [u32],
    is_unlearned: bool,
}

impl Work for Each<'_> {
    type Output = OfSample<()>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        let Each { lda, batch, labels, is_unlearned } = self;
        batch.rows().zip(labels).enumerate().try_for_each(|(sample, (row, class))| {
            let class = *class as usize;
            let done =
                if is_unlearned { learner.unlearn(lda, row, class) } else { learner.learn(lda, row, class).map(drop) };
            done.map_err(|error| (sample, error))
        })
    }
}

/// The logits of each sample.
struct Logits<'a>(Batch<'a>);

impl Work for Logits<'_> {
    type Output = OfSample<Vec<f32>>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        batch::logits(learner.head(), self.0)
    }
}

/// The probabilities of each sample.
struct Probabilities<'a>(Batch<'a>, Readout);

impl Work for Probabilities<'_> {
    type Output = OfSample<Vec<f32>>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        batch::probabilities(learner.head(), self.0, &self.1, None)
    }
}

/// The answer for each sample.
struct Answering<'a>(Batch<'a>);

impl Work for Answering<'_> {
    type Output = OfSample<Vec<Answer>>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        batch::answers(self.0, |row| learner.answer(row))
    }
}

/// The checkpoint's bytes: of the head, or of the learner with its read-out.
struct Write {
    with_readout: bool,
}

impl Work for Write {
    type Output = Result<Vec<u8>, Error>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        if self.with_readout { batch::written(learner) } else { batch::written(learner.head()) }
    }
}

/// A checkpoint that takes the learner's place.
struct Read<'a>(&'a [u8]);

impl Work for Read<'_> {
    type Output = Result<(), Error>;

    fn run<H: AnyDiscriminant, A: AnyReadout>(self, learner: &mut Taught<H, A>) -> Self::Output {
        checkpoint::read(self.0, learner)
    }
}

impl Discriminant {
    /// Does work on each sample and its class; an error takes back what was done before it.
    fn each(
        &mut self,
        py: Python<'_>,
        (lda, temperature): (&StreamingLda, f32),
        x: &PyReadonlyArray2<'_, f32>,
        y: &PyReadonlyArray1<'_, u32>,
        is_unlearned: bool,
    ) -> PyResult<()> {
        let mut room = Vec::new();
        let batch = self.samples(x, &mut room)?;
        let (lda, labels, reading) = (&lda.lda, labels(y, &batch)?, Reading::new(temperature, 0.0, None)?);
        let mut next = self.numbers.clone();
        let done = py.detach(|| next.with(reading, Each { lda, batch, labels, is_unlearned })).map_err(refused)?;
        done.map_err(|(sample, error)| {
            // Where a large feature made the logits before the label overflow, the discriminant alone names the feature.
            let named =
                batch.row(sample).and_then(|row| self.numbers.clone().base(|view| view.learn(lda, row, 0)).err());
            refused_sample((sample, named.unwrap_or(error)))
        })?;
        self.numbers = next;
        Ok(())
    }

    /// The samples as the learner sees them; `room` holds those that are in other units than those that were passed.
    fn samples<'a>(&self, x: &'a PyReadonlyArray2<'_, f32>, room: &'a mut Vec<f32>) -> PyResult<Batch<'a>> {
        let batch = Batch::new(x, self.numbers.features)?;
        let units = self.numbers.trained.as_ref().and_then(|trained| trained.file.head().standardization.as_ref());
        units.map_or(Ok(batch), |units| batch.in_units(units, room))
    }

    /// Asks the learner, over a copy of its numbers, since others may read these meanwhile.
    fn ask<W: Work<Output: Send> + Send>(&self, py: Python<'_>, reading: Reading, work: W) -> PyResult<W::Output> {
        py.detach(|| self.numbers.clone().with(reading, work)).map_err(refused)
    }
}

#[pymethods]
impl Discriminant {
    #[new]
    #[pyo3(signature = (classes, features, keeping=None, novelty=false, trained=None))]
    fn new(
        classes: usize,
        features: usize,
        keeping: Option<Keeping>,
        novelty: bool,
        trained: Option<(PyRef<'_, HeadFile>, Vec<u8>)>,
    ) -> PyResult<Self> {
        let trained = trained.map(|(file, map)| Trained { file: file.clone(), map });
        Ok(Discriminant { numbers: Numbers::new(classes, features, keeping, novelty, trained)? })
    }

    /// The samples learned of each class.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        PyArray1::from_slice(py, &self.numbers.counts)
    }

    /// The labels learned, less those taken back.
    #[getter]
    fn labels(&self) -> u32 {
        self.numbers.progress.labels
    }

    /// The weights of the discriminant and of kept samples; `None` if none are kept.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyArray1<f32>>> {
        self.numbers.weights().map(|weights| PyArray1::from_slice(py, &weights))
    }

    /// The arguments that make a new one of the same kind.
    #[getter]
    fn kind(&self) -> Kind {
        let numbers = &self.numbers;
        let trained = numbers.trained.as_ref().map(|Trained { file, map }| (file.clone(), map.clone()));
        (numbers.counts.len(), numbers.features, numbers.keeping(), numbers.has_distances(), trained)
    }

    /// Learns each sample, in order; the temperature is that of the answer before, for distances.
    #[pyo3(signature = (lda, x, y, temperature=1.0))]
    fn learn(
        &mut self,
        py: Python<'_>,
        lda: &StreamingLda,
        x: PyReadonlyArray2<'_, f32>,
        y: PyReadonlyArray1<'_, u32>,
        temperature: f32,
    ) -> PyResult<()> {
        self.each(py, (lda, temperature), &x, &y, false)
    }

    /// Takes each sample back, in order.
    #[pyo3(signature = (lda, x, y, temperature=1.0))]
    fn unlearn(
        &mut self,
        py: Python<'_>,
        lda: &StreamingLda,
        x: PyReadonlyArray2<'_, f32>,
        y: PyReadonlyArray1<'_, u32>,
        temperature: f32,
    ) -> PyResult<()> {
        self.each(py, (lda, temperature), &x, &y, true)
    }

    /// Keeps what the discriminant learned with the weight of so many samples, each class with that of `most` at most; forgets kept samples and
    /// distances.
    fn discount(&mut self, samples: f32, most: Count) -> PyResult<()> {
        self.numbers.base(|view| view.discount(samples, most.0)).map_err(refused)?;
        self.numbers.forget();
        Ok(())
    }

    /// The logits of each sample, minus infinity of a class that has no sample and is not in the trained head.
    fn logits<'py>(&self, py: Python<'py>, x: PyReadonlyArray2<'py, f32>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let mut room = Vec::new();
        let batch = self.samples(&x, &mut room)?;
        let logits = self.ask(py, Reading::new(1.0, 0.0, None)?, Logits(batch))?;
        into_array(py, logits.map_err(refused_sample)?, self.numbers.counts.len())
    }

    /// The probabilities of each sample under a temperature, 0 of a class that has no sample and is not in the trained head.
    #[pyo3(signature = (x, temperature=1.0))]
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let mut room = Vec::new();
        let batch = self.samples(&x, &mut room)?;
        let reading = Reading::new(temperature, 0.0, None)?;
        let probabilities = self.ask(py, reading, Probabilities(batch, reading.readout))?;
        into_array(py, probabilities.map_err(refused_sample)?, self.numbers.counts.len())
    }

    /// The most probable class of each sample, its probability, and the reason why it is unknown; without distances, none is far.
    #[pyo3(signature = (x, temperature, threshold, deviations=None))]
    fn answers<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
        threshold: f32,
        deviations: Option<f32>,
    ) -> PyResult<Answers<'py>> {
        let mut room = Vec::new();
        let batch = self.samples(&x, &mut room)?;
        let answers = self.ask(py, Reading::new(temperature, threshold, deviations)?, Answering(batch))?;
        Ok(into_answers(py, &answers.map_err(refused_sample)?))
    }

    /// All of it as the core's checkpoint: that of the head; with distances that of a learner, which saves temperature and threshold as well.
    #[pyo3(signature = (temperature=1.0, threshold=0.0))]
    fn checkpoint<'py>(&self, py: Python<'py>, temperature: f32, threshold: f32) -> PyResult<Bound<'py, PyBytes>> {
        let write = Write { with_readout: self.numbers.has_distances() };
        let bytes = self.ask(py, Reading::new(temperature, threshold, None)?, write)?;
        Ok(PyBytes::new(py, &bytes.map_err(refused)?))
    }

    /// Takes over a checkpoint of a discriminant of the same kind; its temperature and threshold are not taken.
    fn restore(&mut self, bytes: &[u8]) -> PyResult<()> {
        let (reading, mut next) = (Reading::new(1.0, 0.0, None)?, self.numbers.clone());
        next.with(reading, Read(bytes)).and_then(|result| result).map_err(refused)?;
        if let (Some(own), Some(its)) = (&self.numbers.trained, &next.trained) {
            own.check_map(its)?;
        }
        self.numbers = next;
        Ok(())
    }

    fn __getnewargs__(&self) -> Kind {
        self.kind()
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.checkpoint(py, 1.0, 0.0)
    }

    fn __setstate__(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.restore(bytes)
    }
}
