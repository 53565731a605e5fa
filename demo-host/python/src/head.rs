//! The linear head.

use gradient_decay::{
    Error, GradientDecay, Head as _, Learner, LinearView, PairView, Parts, Saved, Sgd, State, Target, TargetOptions,
    Train, checkpoint,
};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments::{readout, refused, refused_sample};
use crate::batch::{self, Answers, Batch, OfSample, contiguous, into_answers, into_array, labels};
use crate::settings::FineTuner;

/// The linear head of the core, all of whose classes are in use. A new one is all zeros.
#[pyclass(module = "gradient_decay._core")]
#[derive(Clone)]
pub struct Head {
    /// The weights row by row, then the biases.
    parameters: Vec<f32>,
    /// Of each parameter, and the bound that the core keeps of them.
    velocity: Option<(Vec<f32>, f32)>,
    classes: usize,
    features: usize,
    steps: u32,
}

/// Work on a head over slices and its state, whatever the head's type.
trait Work {
    type Output;

    fn run<'a, H>(self, head: H, state: State<PairView<'a, f32>>) -> (Self::Output, u32)
    where
        H: Train<Features = [f32], Number = f32, Optimizer = Sgd, Work = PairView<'a, f32>> + Saved;
}

/// Steps on samples, in an order.
struct Learn<'a> {
    tuner: &'a gradient_decay::FineTuner,
    options: Option<TargetOptions<'a>>,
    batch: Batch<'a>,
    labels: &'a [u32],
    order: Option<&'a [u32]>,
}

impl Work for Learn<'_> {
    type Output = Result<(), (usize, Error)>;

    fn run<'a, H>(self, mut head: H, mut state: State<PairView<'a, f32>>) -> (Self::Output, u32)
    where
        H: Train<Features = [f32], Number = f32, Optimizer = Sgd, Work = PairView<'a, f32>> + Saved,
    {
        let Learn { tuner, options, batch, labels, order } = self;
        let mut step = |sample: usize| {
            // An index behind the last sample has no label.
            let (Some(row), Some(class)) = (batch.row(sample), labels.get(sample)) else { return Ok(()) };
            let class = *class as usize;
            let step = match &options {
                None => tuner.step(&mut head, &mut state, row, class),
                Some(options) => tuner.step(&mut head, &mut state, row, Target::Class(class).with(options)),
            };
            step.map(drop).map_err(|error| (sample, error))
        };
        let result = match order {
            None => (0..labels.len()).try_for_each(&mut step),
            Some(order) => order.iter().try_for_each(|sample| step(*sample as usize)),
        };
        (result, state.steps())
    }
}

/// The checkpoint's bytes.
struct Write;

impl Work for Write {
    type Output = Result<Vec<u8>, Error>;

    fn run<'a, H>(self, head: H, state: State<PairView<'a, f32>>) -> (Self::Output, u32)
    where
        H: Train<Features = [f32], Number = f32, Optimizer = Sgd, Work = PairView<'a, f32>> + Saved,
    {
        let learner = Learner::with_state(head, state, Parts::NONE);
        (batch::written(&learner), learner.steps())
    }
}

/// A checkpoint that takes the head's place.
struct Read<'a>(&'a [u8]);

impl Work for Read<'_> {
    type Output = Result<(), Error>;

    fn run<'a, H>(self, head: H, state: State<PairView<'a, f32>>) -> (Self::Output, u32)
    where
        H: Train<Features = [f32], Number = f32, Optimizer = Sgd, Work = PairView<'a, f32>> + Saved,
    {
        let mut learner = Learner::with_state(head, state, Parts::NONE);
        let result = checkpoint::read(self.0, &mut learner);
        (result, learner.steps())
    }
}

impl Head {
    fn with<W: Work>(&mut self, work: W) -> Result<W::Output, Error> {
        let Head { parameters, velocity, classes, features, steps } = self;
        let mut scratch = vec![0.0; 2 * *classes];
        let head = LinearView::new(parameters, *classes, *features)?;
        let mut state = State::with_work(PairView::new(&mut scratch, *classes)?);
        state.set_steps(*steps);
        let (output, after) = match velocity {
            Some((velocity, bound)) => work.run(head.with_velocity(velocity, bound)?, state),
            None => work.run(head, state),
        };
        *steps = after;
        Ok(output)
    }

    /// Asks the core's head, over a copy of the parameters, since others may read these meanwhile.
    fn ask<T: Send>(&self, py: Python<'_>, then: impl FnOnce(LinearView<'_>) -> OfSample<T> + Send) -> PyResult<T> {
        let found = py.detach(|| {
            let mut parameters = self.parameters.clone();
            LinearView::new(&mut parameters, self.classes, self.features).map(then)
        });
        found.map_err(refused)?.map_err(refused_sample)
    }
}

#[pymethods]
impl Head {
    #[new]
    #[pyo3(signature = (classes, features, momentum=false))]
    fn new(classes: usize, features: usize, momentum: bool) -> PyResult<Self> {
        let mut parameters = vec![0.0; classes.saturating_mul(features.saturating_add(1))];
        LinearView::new(&mut parameters, classes, features).map_err(refused)?;
        let velocity = momentum.then(|| (parameters.clone(), 0.0));
        Ok(Head { parameters, velocity, classes, features, steps: 0 })
    }

    /// The weights row by row, a row being a class, then the biases.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, &self.parameters)
    }

    /// Takes over as many parameters, which must be finite; steps and velocity stay.
    #[setter]
    fn set_parameters(&mut self, parameters: PyReadonlyArray1<'_, f32>) -> PyResult<()> {
        let values = contiguous(parameters.as_slice())?;
        LinearView::new(&mut self.parameters, self.classes, self.features)
            .and_then(|mut head| head.import(values))
            .map_err(refused)
    }

    /// The steps taken: the position in the schedule.
    #[getter]
    fn steps(&self) -> u32 {
        self.steps
    }

    /// A step on each sample, in the order of the samples or in this one.
    #[pyo3(signature = (tuner, x, y, order=None))]
    fn learn(
        &mut self,
        py: Python<'_>,
        tuner: &FineTuner,
        x: PyReadonlyArray2<'_, f32>,
        y: PyReadonlyArray1<'_, u32>,
        order: Option<PyReadonlyArray1<'_, u32>>,
    ) -> PyResult<()> {
        let batch = Batch::new(&x, self.features)?;
        let labels = labels(&y, &batch)?;
        let order = order.as_ref().map(|order| contiguous(order.as_slice())).transpose()?;
        let learn = Learn { tuner: &tuner.tuner, options: tuner.options()?, batch, labels, order };
        // An error at a later sample takes back the steps before it.
        let mut next = self.clone();
        py.detach(|| next.with(learn)).map_err(refused)?.map_err(refused_sample)?;
        *self = next;
        Ok(())
    }

    /// The logits of each sample.
    fn logits<'py>(&self, py: Python<'py>, x: PyReadonlyArray2<'py, f32>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let batch = Batch::new(&x, self.features)?;
        into_array(py, self.ask(py, |head| batch::logits(&head, batch))?, self.classes)
    }

    /// The probabilities of each sample: softmax under a temperature, or those that a loss with this beta is consistent with.
    #[pyo3(signature = (x, temperature=1.0, beta=None))]
    fn probabilities<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
        beta: Option<f32>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let batch = Batch::new(&x, self.features)?;
        let readout = readout(temperature, 0.0)?;
        let loss = beta.map(GradientDecay::try_new).transpose().map_err(refused)?;
        let found = self.ask(py, |head| batch::probabilities(&head, batch, &readout, loss.as_ref()))?;
        into_array(py, found, self.classes)
    }

    /// The most probable class of each sample, its probability, and the reason why it is unknown.
    fn answers<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f32>,
        temperature: f32,
        threshold: f32,
    ) -> PyResult<Answers<'py>> {
        let batch = Batch::new(&x, self.features)?;
        let readout = readout(temperature, threshold)?;
        let found = self.ask(py, |head| {
            let mut logits = vec![0.0; head.room()];
            batch::answers(batch, |row| readout.answer(&head, row, &mut logits))
        })?;
        Ok(into_answers(py, &found))
    }

    /// Head, velocity and steps as the core's checkpoint.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.clone().with(Write).and_then(|bytes| bytes).map_err(refused)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Takes over a checkpoint of a head of the same shape.
    fn restore(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.with(Read(bytes)).and_then(|result| result).map_err(refused)
    }

    fn __getnewargs__(&self) -> (usize, usize, bool) {
        (self.classes, self.features, self.velocity.is_some())
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.checkpoint(py)
    }

    fn __setstate__(&mut self, bytes: &[u8]) -> PyResult<()> {
        self.restore(bytes)
    }
}
