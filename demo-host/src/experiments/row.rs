//! The record of a finished run: everything that was measured, and everything needed to run it again.

use serde::{Deserialize, Serialize};

use crate::compute::Compute;
use crate::evaluation::{Curriculum, Evaluation, Metrics};
use crate::training::{EpochRecord, Settings};

/// A finished run: one line of a file of results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The experiment that asked for it.
    pub experiment: String,
    /// Everything that determines it.
    pub settings: Settings,
    /// The versions that it was trained with.
    pub versions: Versions,
    /// The kind of device that it was trained on.
    pub device: Compute,
    /// The seconds that training took, without measurements.
    pub seconds: f32,
    /// The measurements after each epoch.
    pub epochs: Vec<EpochRecord>,
    /// The metrics on the held-out images, by softmax; none without such images.
    pub validation: Option<Metrics>,
    /// The metrics on the test images, by every read-out.
    pub test: Calibrated,
    /// The epochs at which the first training images were learned.
    pub curriculum: Curriculum,
}

/// The programs that a run was trained with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// This program.
    pub demo_host: String,
    /// burn, which draws the first parameters even where it does not train.
    pub burn: String,
    /// PyTorch and its device, where it trained in place of burn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torch: Option<String>,
    /// The compiler.
    pub rustc: String,
    /// Processor architecture and operating system.
    pub target: String,
}

/// The evaluation of a split by every read-out of the probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// By the softmax.
    pub softmax: Evaluation,
    /// By the probabilities that the loss with its last beta is consistent with.
    pub consistent: Evaluation,
    /// By the softmax after temperature scaling, fitted on the held-out images; none without such images.
    pub temperature: Option<Fitted>,
    /// By the consistent probabilities for a beta fitted on the held-out images; none without such images.
    pub coefficient: Option<Fitted>,
}

/// The read-outs of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibrator {
    /// None: the softmax as it is.
    Softmax,
    /// The closed form, with the beta of the loss.
    Consistent,
    /// A fitted temperature.
    Temperature,
    /// The closed form, with a fitted beta.
    Coefficient,
}

impl Calibrator {
    /// All of them.
    pub const ALL: [Calibrator; 4] =
        [Calibrator::Softmax, Calibrator::Consistent, Calibrator::Temperature, Calibrator::Coefficient];

    /// Its name in tables.
    pub fn label(self) -> &'static str {
        match self {
            Calibrator::Softmax => "softmax",
            Calibrator::Consistent => "consistent",
            Calibrator::Temperature => "temperature",
            Calibrator::Coefficient => "fitted beta",
        }
    }
}

impl Calibrated {
    /// By one of the read-outs; `None` if it needs held-out images and there were none.
    pub fn by(&self, calibrator: Calibrator) -> Option<&Evaluation> {
        match calibrator {
            Calibrator::Softmax => Some(&self.softmax),
            Calibrator::Consistent => Some(&self.consistent),
            Calibrator::Temperature => self.temperature.as_ref().map(|fitted| &fitted.evaluation),
            Calibrator::Coefficient => self.coefficient.as_ref().map(|fitted| &fitted.evaluation),
        }
    }

    /// Its expected calibration error over 15 bins, in per cent.
    pub fn ece(&self, calibrator: Calibrator) -> Option<f64> {
        self.by(calibrator).map(|evaluation| 100.0 * f64::from(evaluation.metrics.ece))
    }
}

/// A read-out with the number that was fitted for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The temperature or beta.
    pub value: f32,
    /// The evaluation with it.
    pub evaluation: Evaluation,
}

impl Row {
    /// The row without the times, which differ between runs, and without the name of the experiment.
    pub fn without_times(&self) -> Row {
        let mut row = Row { experiment: String::new(), seconds: 0.0, ..self.clone() };
        row.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
        row
    }
}
