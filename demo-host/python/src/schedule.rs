//! Beta over the steps of a training.

use gradient_decay::{BetaSchedule as Schedule, GradientDecay};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::arguments::{Count, refused};

/// Beta at every step of a training: a function of the step, without state. Called with a step, it returns the beta that holds there:
/// `start` at step 0 and `end` from step `steps` on, both to the bit.
///
/// Args:
///     shape: "linear", from start to end in equal increments, or "geometric", by equal factors.
///     start: beta at step 0, in (0, 1e6].
///     end: beta from step `steps` on, in (0, 1e6].
///     steps: the steps between them, in [0, 2^32); 0 is the constant `end`.
///
/// Raises:
///     ValueError: if a beta is out of its range, the shape is neither, or the shape is geometric and one beta is more than 1e37 times the
///         other.
#[pyclass(frozen, eq, module = "gradient_decay")]
#[derive(PartialEq)]
pub struct BetaSchedule {
    shape: &'static str,
    start: f32,
    end: f32,
    pub(crate) schedule: Schedule,
}

#[pymethods]
impl BetaSchedule {
    #[new]
    fn new(shape: &str, start: f32, end: f32, steps: Count) -> PyResult<Self> {
        let (shape, schedule) = match shape {
            "linear" => ("linear", Schedule::try_linear(start, end, steps.0)),
            "geometric" => ("geometric", Schedule::try_geometric(start, end, steps.0)),
            _ => {
                let sentence = format!("the shape of a schedule is {shape:?}, but must be \"linear\" or \"geometric\"");
                return Err(PyValueError::new_err(sentence));
            }
        };
        Ok(BetaSchedule { shape, start, end, schedule: schedule.map_err(refused)? })
    }

    /// The same beta, in (0, 1e6], at every step.
    #[classmethod]
    fn constant(_: &Bound<'_, PyType>, beta: f32) -> PyResult<Self> {
        Self::new("linear", beta, beta, Count(0))
    }

    /// From `start` to `end` in equal increments over `steps` steps.
    #[classmethod]
    fn linear(_: &Bound<'_, PyType>, start: f32, end: f32, steps: Count) -> PyResult<Self> {
        Self::new("linear", start, end, steps)
    }

    /// From `start` to `end` by equal factors over `steps` steps: linear in the margin, -ln(beta).
    #[classmethod]
    fn geometric(_: &Bound<'_, PyType>, start: f32, end: f32, steps: Count) -> PyResult<Self> {
        Self::new("geometric", start, end, steps)
    }

    /// "linear" or "geometric"; a constant is linear.
    #[getter]
    fn shape(&self) -> &'static str {
        self.shape
    }

    /// Beta at step 0.
    #[getter]
    fn start(&self) -> f32 {
        self.start
    }

    /// Beta from step `steps` on.
    #[getter]
    fn end(&self) -> f32 {
        self.end
    }

    /// The steps between them.
    #[getter]
    fn steps(&self) -> u32 {
        self.schedule.steps()
    }

    fn __call__(&self, step: Count) -> f32 {
        let loss: GradientDecay = self.schedule.at(step.0);
        loss.beta()
    }

    fn __getnewargs__(&self) -> (&'static str, f32, f32, u32) {
        (self.shape, self.start, self.end, self.steps())
    }

    fn __hash__(&self) -> u64 {
        u64::from(self.start.to_bits()) << 32 ^ u64::from(self.end.to_bits()) ^ u64::from(self.steps())
    }

    fn __repr__(&self) -> String {
        format!("BetaSchedule({:?}, {}, {}, {})", self.shape, self.start, self.end, self.steps())
    }
}
