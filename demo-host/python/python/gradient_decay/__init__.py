"""gradient-decay for Python.

- ``gradient_decay.torch``: the loss for PyTorch, a drop-in for its ``CrossEntropyLoss``; only this module needs torch
- ``HeadClassifier``, ``DiscriminantClassifier``, ``NeighboursClassifier``: the heads of the device as scikit-learn estimators, to the same bits
- ``export``, ``export_prior``: a trained head, or the prior of a discriminant, as Rust, C, bytes and checkpoints
- ``simulate``, ``tune``: how a device would learn from labelled features, and the settings that suit it within a budget
- ``BetaSchedule``: beta over the steps of a training
- ``consistent_probabilities``: probabilities that mean what they say, for any beta
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradient_decay._core import BetaSchedule, __version__
from gradient_decay._export import Exported, export, export_prior
from gradient_decay._objective import consistent_probabilities, loss_and_gradient
from gradient_decay._simulation import Candidate, Outcome, Recommendation, Simulation, Study, simulate, tune

if TYPE_CHECKING:
    from gradient_decay._discriminants import DiscriminantClassifier, NeighboursClassifier
    from gradient_decay._estimators import Answers, HeadClassifier

__all__ = [
    "Answers",
    "BetaSchedule",
    "Candidate",
    "DiscriminantClassifier",
    "Exported",
    "HeadClassifier",
    "NeighboursClassifier",
    "Outcome",
    "Recommendation",
    "Simulation",
    "Study",
    "__version__",
    "consistent_probabilities",
    "export",
    "export_prior",
    "loss_and_gradient",
    "simulate",
    "tune",
]

_ESTIMATORS = {
    "Answers": "_estimators",
    "DiscriminantClassifier": "_discriminants",
    "HeadClassifier": "_estimators",
    "NeighboursClassifier": "_discriminants",
}


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, which whoever wants only the loss need not wait for.
    if name in _ESTIMATORS:
        return getattr(import_module(f"gradient_decay.{_ESTIMATORS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
