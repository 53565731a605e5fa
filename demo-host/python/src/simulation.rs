//! Simulated devices, and settings tuned for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use simulation::adaptation::{self, Figures, Outcome};
use simulation::learner::{Contender, Settings};
use simulation::rivals::rivals;
use simulation::samples::{LabelledFeatures, Samples};
use simulation::scenarios::Scenario;
use simulation::tasks::own::{Own, TrainedHead};
use simulation::tasks::{Task as _, Units};
use simulation::tuning::cost::Target;
use simulation::tuning::{self, Budget, Candidate, Recommendation, Tuned, firmware};
use simulation::{NAMES, ours};

use crate::arguments::refused_sentence;
use crate::batch::contiguous;
use crate::export::HeadFile;
use crate::watched::watched;

/// The groups of samples: a number for each, and the name of each number.
type Groups = (Vec<usize>, Vec<String>);

/// The user's own labelled features.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct Table {
    data: Arc<LabelledFeatures>,
}

#[pymethods]
impl Table {
    #[new]
    #[pyo3(signature = (x, y, classes, groups=None, streamed=None))]
    fn new(
        x: PyReadonlyArray2<'_, f32>,
        y: Vec<usize>,
        classes: Vec<String>,
        groups: Option<Groups>,
        streamed: Option<Vec<bool>>,
    ) -> PyResult<Self> {
        let (values, width) = (contiguous(x.as_slice())?, x.shape()[1]);
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let (sample, feature) = (at / width, at % width);
            let sentence = format!("sample {sample}: feature {feature} is {}, but must be finite", values[at]);
            return Err(PyValueError::new_err(sentence));
        }
        let samples = Samples { width, features: values.to_vec(), labels: y };
        Ok(Table { data: Arc::new(LabelledFeatures { samples, classes, groups, streamed }) })
    }
}

/// A table as the task that devices learn, with the knowledge of a host.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct Task {
    own: Own,
}

#[pymethods]
impl Task {
    #[new]
    #[pyo3(signature = (name, table, standardize, base=None, head=None))]
    fn new(
        name: &str,
        table: &Table,
        standardize: usize,
        base: Option<&Table>,
        head: Option<&HeadFile>,
    ) -> PyResult<Self> {
        let base = base.map(|base| Arc::clone(&base.data));
        let head = head.map(|file| {
            let units = file.head().standardization.as_ref().map(|units| units.units());
            TrainedHead { parameters: file.head().parameters().to_vec(), units }
        });
        let units = if standardize == 0 { Units::Raw } else { Units::First(standardize) };
        let own = Own::new(name, Arc::clone(&table.data), base, head, units).map_err(refused_sentence)?;
        Ok(Task { own })
    }

    /// The reason why there is no course of a scenario.
    fn lacks(&self, scenario: &str) -> PyResult<Option<String>> {
        Ok(self.own.lacks(named(scenario)?))
    }

    /// The results of learners; `None` if the table does not have the data for the scenario.
    #[pyo3(signature = (scenario, learners, settings, orders, progress))]
    fn study<'py>(
        &self,
        py: Python<'py>,
        scenario: &str,
        learners: Vec<String>,
        settings: Option<&Tuning>,
        orders: u64,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Study<'py>>> {
        let scenario = named(scenario)?;
        let tuned = settings.map(|tuning| tuning.tuned.contender(self.own.shape())).transpose();
        let mut contenders: Vec<Contender> = tuned.map_err(refused_sentence)?.into_iter().collect();
        contenders
            .extend(ours().into_iter().chain(rivals()).filter(|own| learners.iter().any(|name| name == own.name)));
        let work = |watch: &dyn simulation::Watch| adaptation::study(&self.own, scenario, &contenders, orders, watch);
        let Some(study) = watched(py, progress, work)? else { return Ok(None) };
        let outcomes: PyResult<_> = study.outcomes.iter().map(|outcome| Learned::new(py, outcome)).collect();
        Ok(Some((PyArray1::from_iter(py, study.points.iter().map(|labels| *labels as i64)), outcomes?)))
    }

    /// The learner and the settings that are best within a budget.
    #[pyo3(signature = (scenario, orders, ram, instructions, target, c, progress))]
    #[expect(clippy::too_many_arguments)]
    fn tune(
        &self,
        py: Python<'_>,
        scenario: &str,
        orders: u64,
        ram: Option<usize>,
        instructions: Option<u64>,
        target: &str,
        c: bool,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Tuning> {
        let target = Target::ALL.into_iter().find(|own| own.name() == target).ok_or_else(|| {
            let names = Target::ALL.map(Target::name).join(", ");
            PyValueError::new_err(format!("the target is {target:?}, but must be one of {names}"))
        })?;
        let (scenario, budget) = (named(scenario)?, Budget { ram, instructions, target, c });
        let work = |watch: &dyn simulation::Watch| tuning::tune(&self.own, scenario, orders, &budget, watch);
        let found = watched(py, progress, work)?;
        let tuned = found.candidate.tuned.clone();
        let units = self.own.host_units(tuned.units, found.based);
        Ok(Tuning { tuned, recommendation: Some((found, units)) })
    }
}

/// The numbers of labels after which learners were measured, and the results of each.
type Study<'py> = (Bound<'py, PyArray1<i64>>, Vec<Learned>);

/// The results of a learner.
#[pyclass(frozen, get_all, module = "gradient_decay._core")]
pub struct Learned {
    learner: &'static str,
    ours: bool,
    accuracy: Py<PyArray2<f64>>,
    nll: Py<PyArray2<f64>>,
    ece: Py<PyArray2<f64>>,
    ram_bytes: usize,
    multiply_adds: u64,
    settings: Vec<BTreeMap<&'static str, f64>>,
}

impl Learned {
    fn new(py: Python<'_>, outcome: &Outcome) -> PyResult<Self> {
        let array = |figure: fn(&Figures) -> f64| -> PyResult<Py<PyArray2<f64>>> {
            let points = outcome.orders.first().map_or(0, Vec::len);
            let values: Vec<f64> =
                outcome.orders.iter().flatten().map(|figures| figures.as_ref().map_or(f64::NAN, figure)).collect();
            Ok(PyArray1::from_vec(py, values).reshape([outcome.orders.len(), points])?.unbind())
        };
        Ok(Learned {
            learner: outcome.name,
            ours: outcome.ours,
            accuracy: array(|figures| figures.accuracy)?,
            nll: array(|figures| figures.nll)?,
            ece: array(|figures| figures.ece)?,
            ram_bytes: outcome.ram_bytes,
            multiply_adds: outcome.multiply_adds,
            settings: outcome.settings.iter().map(by_name).collect(),
        })
    }
}

/// Settings of a learner: those of a file, or recommended ones with their measurements.
#[pyclass(frozen, module = "gradient_decay._core")]
pub struct Tuning {
    tuned: Tuned,
    recommendation: Option<(Recommendation, firmware::HostUnits)>,
}

/// A candidate in numbers: its learner, its settings, the samples that fix units, bytes of RAM, instructions of a label and of an answer, and the
/// relative error of these.
type Described = (&'static str, BTreeMap<&'static str, f64>, usize, usize, f64, f64, f64);

#[pymethods]
impl Tuning {
    /// Reads the text of a file.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        Ok(Tuning { tuned: Tuned::parse(text).map_err(refused_sentence)?, recommendation: None })
    }

    /// The samples that fix the units of features; 0: features as they are.
    #[getter]
    fn standardize(&self) -> usize {
        units(self.tuned.units)
    }

    /// The recommended candidate, the plain one, and those chosen for each fold.
    fn candidates(&self) -> PyResult<(Described, Described, Vec<Described>)> {
        let (found, _) = self.recommended()?;
        Ok((described(&found.candidate), described(&found.plain.0), found.chosen.iter().map(described).collect()))
    }

    /// Whether the settings are plain, whether the learner starts from the knowledge of a host, the gain over plain settings and half its 95 %
    /// interval, the number of settings within the budget, and the number of all settings.
    fn verdict(&self) -> PyResult<(bool, bool, f64, f64, usize, usize)> {
        let (found, _) = self.recommended()?;
        let (gain, (within, all)) = (&found.plain.1, found.counts);
        Ok((found.is_plain, found.based, gain.mean, gain.interval, within, all))
    }

    /// The mean accuracy after each number of labels.
    fn accuracies(&self) -> PyResult<Vec<(usize, f64)>> {
        Ok(self.recommended()?.0.accuracies())
    }

    /// The recommendation in words.
    fn text(&self) -> PyResult<String> {
        Ok(self.recommended()?.0.to_string())
    }

    /// The file that `demo-host adapt --settings` reads.
    fn toml(&self) -> PyResult<String> {
        Ok(self.tuned.to_text(&self.recommended()?.0.comment(PROGRAM)))
    }

    /// The Rust module.
    fn rust(&self) -> PyResult<String> {
        let (found, units) = self.recommended()?;
        Ok(firmware::rust(&self.tuned, units, found.based, &found.comment(PROGRAM)))
    }

    /// The C header; `None` for a learner that the C library does not have.
    fn c(&self) -> PyResult<Option<String>> {
        let (found, units) = self.recommended()?;
        let is_in_c = tuning::is_in_c(self.tuned.learner);
        Ok(is_in_c.then(|| firmware::c(&self.tuned, units, found.based, &found.comment(PROGRAM))))
    }
}

/// The program that source code names as its author.
const PROGRAM: &str = "gradient_decay.tune";

impl Tuning {
    fn recommended(&self) -> PyResult<&(Recommendation, firmware::HostUnits)> {
        self.recommendation.as_ref().ok_or_else(|| PyValueError::new_err("the settings are of a file"))
    }
}

/// The names of all scenarios, and of all learners: ours, then rivals.
#[pyfunction]
pub fn simulated() -> (Vec<String>, Vec<&'static str>) {
    let names = NAMES.into_iter().chain(rivals().into_iter().map(|rival| rival.name));
    (Scenario::ALL.map(|scenario| scenario.to_string()).to_vec(), names.collect())
}

fn named(name: &str) -> PyResult<Scenario> {
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.to_string() == name);
    found.ok_or_else(|| {
        let names = Scenario::ALL.map(|scenario| scenario.to_string()).join(", ");
        PyValueError::new_err(format!("the scenario is {name:?}, but must be one of {names}"))
    })
}

fn by_name(settings: &Settings) -> BTreeMap<&'static str, f64> {
    settings.0.iter().copied().collect()
}

fn units(units: Units) -> usize {
    match units {
        Units::Raw => 0,
        Units::First(count) => count,
    }
}

fn described(candidate: &Candidate) -> Described {
    let (tuned, cost) = (&candidate.tuned, &candidate.cost);
    let settings = by_name(&tuned.settings);
    (tuned.learner, settings, units(tuned.units), cost.ram, cost.label, cost.answer, cost.error)
}
