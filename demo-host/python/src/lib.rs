//! gradient-decay for Python: the module `gradient_decay._core`, which the package `gradient_decay` wraps.
//!
//! The core itself does the work, over arrays whose shape is known at run time, so the bits are those of a device. Samples are rows of a
//! contiguous NumPy array of f32, read in place; results are arrays that NumPy takes over without a copy; the interpreter is released
//! while the core works. Bad input raises `ValueError` with the core's sentence, and changes nothing.

mod arguments;
mod batch;
mod discriminant;
mod export;
mod head;
mod learner;
mod objective;
mod schedule;
mod settings;
mod simulation;
mod watched;

use pyo3::prelude::*;

/// The core of gradient-decay: what the package `gradient_decay` is made of. Private.
#[pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::discriminant::Discriminant;
    #[pymodule_export]
    use crate::export::{HeadFile, PriorFile};
    #[pymodule_export]
    use crate::head::Head;
    #[pymodule_export]
    use crate::objective::{check_beta, consistent_probabilities, loss_and_gradient};
    #[pymodule_export]
    use crate::schedule::BetaSchedule;
    #[pymodule_export]
    use crate::settings::{FineTuner, StreamingLda};
    #[pymodule_export]
    use crate::simulation::{Learned, Table, Task, Tuning, simulated};

    /// The version of the package, that of its manifest.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
