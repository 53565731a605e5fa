//! Measurement of a finished run.

use anyhow::Result;

use super::row::{Calibrated, Fitted, Row, Versions};
use crate::compute::Compute;
use crate::data::Parts;
use crate::evaluation::{Outputs, ReadOut, fit_coefficient, fit_temperature};
use crate::training::History;

/// The outputs of a trained model.
pub struct Trained {
    /// For the test images.
    pub test: Outputs,
    /// For the held-out images; none without such images.
    pub held_out: Option<Outputs>,
}

impl Row {
    /// Measures a run that is done.
    ///
    /// # Errors
    /// If the training has diverged.
    pub fn measure(
        experiment: &str,
        history: &History,
        trained: &Trained,
        data: &Parts,
        device: Compute,
        versions: Versions,
    ) -> Result<Self> {
        let Trained { test, held_out } = trained;
        let labels = &data.test.labels;
        let fitted = |value: f32, read_out: fn(f32) -> ReadOut| -> Result<Fitted> {
            Ok(Fitted { value, evaluation: test.evaluate(labels, read_out(value))? })
        };
        let fit = |fit: fn(&Outputs, &[usize]) -> Result<f32>, read_out: fn(f32) -> ReadOut| {
            let outputs = held_out.as_ref();
            outputs.map(|outputs| fitted(fit(outputs, &data.validation.labels)?, read_out)).transpose()
        };
        let validation =
            held_out.as_ref().map(|outputs| outputs.evaluate(&data.validation.labels, ReadOut::Softmax)).transpose()?;
        let History { settings, epochs, curriculum } = history.clone();
        Ok(Row {
            experiment: experiment.to_owned(),
            settings,
            versions,
            device,
            seconds: epochs.iter().map(|epoch| epoch.seconds).sum(),
            validation: validation.map(|evaluation| evaluation.metrics),
            test: Calibrated {
                softmax: test.evaluate(labels, ReadOut::Softmax)?,
                consistent: test.evaluate(labels, ReadOut::Consistent(history.final_beta()))?,
                temperature: fit(fit_temperature, ReadOut::Temperature)?,
                coefficient: fit(fit_coefficient, ReadOut::Consistent)?,
            },
            epochs,
            curriculum,
        })
    }
}

impl Versions {
    /// The versions that this program was built with; it trains by burn.
    pub fn of_this_program() -> Self {
        Versions {
            demo_host: env!("CARGO_PKG_VERSION").to_owned(),
            torch: None,
            burn: env!("DEMO_HOST_BURN").to_owned(),
            rustc: env!("DEMO_HOST_RUSTC").to_owned(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}
