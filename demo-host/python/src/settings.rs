//! Settings of learning.

use gradient_decay::{FineTuner as Tuner, Sgd, StreamingLda as Lda, TargetOptions};
use pyo3::prelude::*;

use crate::arguments::{Count, refused};
use crate::schedule::BetaSchedule;

/// How a linear head learns: a beta schedule, SGD, and how targets are read.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct FineTuner {
    pub(crate) tuner: Tuner,
    label_smoothing: f32,
    class_weights: Option<Vec<f32>>,
}

impl FineTuner {
    /// How targets are read, unless each is simply a class.
    pub(crate) fn options(&self) -> PyResult<Option<TargetOptions<'_>>> {
        if self.label_smoothing == 0.0 && self.class_weights.is_none() {
            return Ok(None);
        }
        let options = TargetOptions::new().try_with_label_smoothing(self.label_smoothing).map_err(refused)?;
        let options = match &self.class_weights {
            Some(weights) => options.try_with_class_weights(weights).map_err(refused)?,
            None => options,
        };
        Ok(Some(options))
    }
}

#[pymethods]
impl FineTuner {
    #[new]
    #[pyo3(signature = (schedule, learning_rate, *, momentum=0.0, nesterov=false, weight_decay=0.0, clip_norm=None, label_smoothing=0.0, class_weights=None))]
    #[expect(clippy::too_many_arguments)]
    fn new(
        schedule: &BetaSchedule,
        learning_rate: f32,
        momentum: f32,
        nesterov: bool,
        weight_decay: f32,
        clip_norm: Option<f32>,
        label_smoothing: f32,
        class_weights: Option<Vec<f32>>,
    ) -> PyResult<Self> {
        let sgd = Sgd::try_new(learning_rate).and_then(|sgd| sgd.try_with_momentum(momentum));
        let mut sgd = sgd.and_then(|sgd| sgd.try_with_weight_decay(weight_decay)).map_err(refused)?;
        if nesterov {
            sgd = sgd.with_nesterov();
        }
        if let Some(norm) = clip_norm {
            sgd = sgd.try_with_clip_norm(norm).map_err(refused)?;
        }
        let new = FineTuner { tuner: Tuner::new(schedule.schedule, sgd), label_smoothing, class_weights };
        new.options()?;
        Ok(new)
    }
}

/// How a discriminant learns: its prior, its ridge, and how long a mean remembers.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct StreamingLda {
    pub(crate) lda: Lda,
}

#[pymethods]
impl StreamingLda {
    #[new]
    #[pyo3(signature = (*, prior_samples, prior_variance, ridge, most=None))]
    fn new(prior_samples: f32, prior_variance: f32, ridge: f32, most: Option<Count>) -> PyResult<Self> {
        let lda = Lda::new().try_with_prior(prior_samples, prior_variance).and_then(|lda| lda.try_with_ridge(ridge));
        let lda = lda.map_err(refused)?;
        Ok(StreamingLda { lda: most.map_or(lda, |most| lda.with_most(most.0)) })
    }
}
