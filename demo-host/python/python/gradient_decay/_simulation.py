"""Simulated devices that learn from labelled features, and settings tuned for them."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from gradient_decay import _core
from gradient_decay._export import _matrix, linear_head

_Progress = Union[bool, Callable[[int, int], object]]


@dataclass(frozen=True)
class Candidate:
    """A learner with its settings, and its cost on the device."""

    learner: str
    """The name of the learner."""
    settings: dict[str, float]
    """Its settings by name."""
    standardize: int
    """The first samples that fix the units of features, where no host does; 0: features as they are."""
    ram_bytes: int
    """The bytes of RAM."""
    label_instructions: float
    """The instructions of a label, its rehearsals among them."""
    answer_instructions: float
    """The instructions of an answer."""
    error: float
    """The largest relative error of these instructions on shapes that the model of cost was not fitted to."""


@dataclass(frozen=True)
class Recommendation:
    """The learner and the settings that `tune` recommends. ``print`` it to read all of it."""

    candidate: Candidate
    """The recommended learner, its settings and its cost."""
    is_plain: bool
    """Whether it has the settings that nobody tuned, since they do as well."""
    is_based: bool
    """Whether the learner starts from what a host knows."""
    accuracies: dict[int, float]
    """The expected accuracy, in [0, 1], after each number of labels, of people who had no part in the choice."""
    gain: float
    """The accuracy of what was tuned less that of plain settings, a mean over all numbers of labels."""
    gain_interval: float
    """Half the paired 95 % interval of the gain."""
    plain: Candidate
    """The plain learner."""
    chosen: tuple[Candidate, ...]
    """The settings that were chosen for each half of the groups on the other half."""
    within_budget: tuple[int, int]
    """The settings that are within the budget, and all that there are."""
    classes: tuple[Any, ...]
    """The label of each class of the device."""
    toml: str = field(repr=False)
    """The file that `demo-host adapt --settings` and `simulate(settings=...)` read."""
    rust: str = field(repr=False)
    """A module of Rust: the type of the learner and its settings."""
    c: Optional[str] = field(repr=False)
    """A header of C; None where the C library does not have the learner."""
    text: str = field(repr=False)
    """The recommendation in words."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Outcome:
    """How a learner fared in a scenario. Each figure has a row for each order, and a column for each number of labels; NaN beyond the data."""

    learner: str
    """The name of the learner."""
    ours: bool
    """Whether it runs the core's own code, as on the device."""
    accuracy: npt.NDArray[np.float64] = field(repr=False)
    """The share of right answers, in [0, 1]."""
    nll: npt.NDArray[np.float64] = field(repr=False)
    """The negative log-likelihood, in nats."""
    ece: npt.NDArray[np.float64] = field(repr=False)
    """The expected calibration error over 15 bins, in [0, 1]."""
    ram_bytes: int
    """The bytes that it keeps on a device."""
    multiply_adds: int
    """The multiply-adds of a label."""
    settings: tuple[dict[str, float], ...]
    """Its settings, those of each fold of users."""


@dataclass(frozen=True)
class Study:
    """How all learners fared in a scenario. ``print`` it for a table."""

    scenario: str
    """The scenario."""
    labels: npt.NDArray[np.int64]
    """The numbers of labels after which learners were measured."""
    outcomes: dict[str, Outcome] = field(repr=False)
    """Each learner by its name."""

    def __str__(self) -> str:
        means = {name: _mean(outcome.accuracy) for name, outcome in self.outcomes.items()}
        shown = [point for point in range(len(self.labels)) if any(mean[point] == mean[point] for mean in means.values())]
        width = max(len(name) for name in means)
        lines = [f"{self.scenario}: accuracy in % after so many labels", " " * width + "".join(f"{self.labels[point]:7}" for point in shown)]
        for name, mean in means.items():
            cells = ("" if mean[point] != mean[point] else f"{100 * mean[point]:.1f}" for point in shown)
            lines.append(f"{name:{width}}" + "".join(f"{cell:>7}" for cell in cells))
        return "\n".join(lines)


@dataclass(frozen=True)
class Simulation:
    """How learners fared in each scenario. ``print`` it for tables."""

    studies: dict[str, Study]
    """Each scenario by its name."""
    left_out: dict[str, str]
    """The scenarios that the data do not allow, each with the reason."""
    classes: tuple[Any, ...]
    """The label of each class of the device."""

    def __str__(self) -> str:
        left_out = [f"{scenario} is left out: {reason}" for scenario, reason in self.left_out.items()]
        return "\n\n".join([*map(str, self.studies.values()), *left_out])


def simulate(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    groups: Optional[npt.ArrayLike] = None,
    split: Optional[npt.ArrayLike] = None,
    base: Optional[tuple[npt.ArrayLike, npt.ArrayLike]] = None,
    head: Any = None,
    scenarios: Union[str, Sequence[str], None] = None,
    learners: Union[str, Sequence[str], None] = None,
    settings: Union[Recommendation, str, Path, None] = None,
    standardize: int = 16,
    orders: int = 46,
    name: str = "features",
    progress: _Progress = False,
) -> Simulation:
    """How devices would learn: the core's own learners, to the bits of a device, beside eight rivals in f64 that are tuned on other people.

    Args:
        X: the features of n samples, of shape (n, F), F at most 1,024: those that the device's extractor makes.
        y: the label of each sample, numbers or texts; a device's classes are the labels in sorted order. At least 4 samples each.
        groups: who each sample is from. With it, figures are of people whom neither the host's head nor any setting has seen. At least 6
            samples each; three groups for a new user, four for users who change.
        split: "stream" (or "train") for samples that a device may learn from, "test" for those that it is measured on. Give it where samples
            overlap, as windows of one recording do.
        base: the features that the host's head was trained on, and their labels; by default those of the other groups.
        head: the trained head, as `export` takes it or as it returns it, with a row for each class; by default a softmax regression on what the host
            knows.
        scenarios: one or several of "new-user", "from-nothing", "class-by-class", "new-class", "wrong-labels", "user-changes"; by default all
            that the data allow.
        learners: one or several; by default all, which takes minutes: "discriminant", "discriminant+residual", "discriminant+neighbours", "sgd",
            "sgd-replay", "warm-up" are the core's, "sgd-tuned", "sgd-rehearsal-4", "sgd-rehearsal-32", "adagrad", "nearest-mean", "nearest-neighbours",
            "recursive-least-squares", "logistic-refit" the rivals.
        settings: what `tune` recommended, the text of its file or the path of it: takes part as "tuned".
        standardize: the first samples that fix the units of features, where no host does; 0: features as they are. With `settings` theirs hold.
        orders: the orders in which labels come, in [2, 10000].
        name: the name of the data in comments.
        progress: True for a line on stderr, or a callable that takes the runs done and those expected. What it raises stops the simulation.

    Raises:
        ValueError: if a shape, a number, a label or a name is not what it may be.
        TypeError: if the head or the settings are of no such type.
    """
    known, all_learners = _core.simulated()
    chosen = _names(scenarios, known, "scenario")
    taking_part = _names(learners, all_learners, "learner")
    tuned = _tuning(settings)
    task, classes = _task(X, y, groups, split, base, head, tuned.standardize if tuned else standardize, name)
    _check_orders(orders)
    studies, left_out = {}, {}
    for scenario in chosen:
        reason = task.lacks(scenario)
        if reason is None:
            with _Told(progress, scenario) as told:
                study = task.study(scenario, taking_part, tuned, orders, told)
            if study is not None:
                labels, learned = study
                studies[scenario] = Study(scenario, labels, {one.learner: _outcome(one) for one in learned})
                continue
            reason = "the data have not got what it is about"
        left_out[scenario] = reason
    return Simulation(studies, left_out, classes)


def tune(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    groups: Optional[npt.ArrayLike] = None,
    split: Optional[npt.ArrayLike] = None,
    base: Optional[tuple[npt.ArrayLike, npt.ArrayLike]] = None,
    head: Any = None,
    scenario: Optional[str] = None,
    ram: Optional[int] = None,
    instructions: Optional[int] = None,
    target: str = "m4f",
    c: bool = False,
    orders: int = 46,
    name: str = "features",
    progress: _Progress = False,
) -> Recommendation:
    """The learner and its settings that suit a device best, within a budget.

    Settings are chosen for each half of the groups on the other half, so the accuracy that is told is that of people who had no part in it. If plain
    settings do as well, they are recommended.

    Args:
        X: as of `simulate`.
        y: as of `simulate`.
        groups: as of `simulate`.
        split: as of `simulate`.
        base: as of `simulate`.
        head: as of `simulate`.
        scenario: what is tuned for; by default "new-user" where a host knows something, else "from-nothing".
        ram: the bytes of RAM that the learner may take.
        instructions: the instructions that a label may take, its rehearsals among them.
        target: the core, one of "m4f", "m0", "m33", "m7", "riscv32imc".
        c: whether only learners that the C library has take part.
        orders: as of `simulate`.
        name: as of `simulate`.
        progress: as of `simulate`.

    Raises:
        ValueError: if nothing is within the budget; as of `simulate`.
        TypeError: as of `simulate`.
    """
    task, classes = _task(X, y, groups, split, base, head, 16, name)
    _check_orders(orders)
    for value, what in ((ram, "the bytes of RAM"), (instructions, "the instructions of a label")):
        if value is not None and not 1 <= value <= 1 << 40:
            raise ValueError(f"{what} are {value}, but must be from 1 to {1 << 40}")
    if scenario is None:
        scenario = "new-user" if task.lacks("new-user") is None else "from-nothing"
    with _Told(progress, scenario) as told:
        tuning = task.tune(scenario, orders, ram, instructions, target, c, told)
    best, plain, chosen = tuning.candidates()
    is_plain, is_based, gain, interval, within, of_all = tuning.verdict()
    return Recommendation(
        candidate=Candidate(*best),
        is_plain=is_plain,
        is_based=is_based,
        accuracies=dict(tuning.accuracies()),
        gain=gain,
        gain_interval=interval,
        plain=Candidate(*plain),
        chosen=tuple(Candidate(*one) for one in chosen),
        within_budget=(within, of_all),
        classes=classes,
        toml=tuning.toml(),
        rust=tuning.rust(),
        c=tuning.c(),
        text=tuning.text().strip(),
    )


class _Told:
    """The callable that hears of progress, if there is one; a line on stderr is ended with the work."""

    def __init__(self, progress: _Progress, label: str) -> None:
        self._progress, self._label, self._start, self._width = progress, label, time.monotonic(), 0

    def __enter__(self) -> Optional[Callable[[int, int], object]]:
        if self._progress is True:
            return self._line
        return self._progress if callable(self._progress) else None

    def __exit__(self, *_: object) -> None:
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)

    def _line(self, done: int, expected: int) -> None:
        left = (time.monotonic() - self._start) / max(done, 1) * (expected - done)
        text = f"{self._label}: {done} of {expected} runs" + (f", {left:.0f} s left" if done else "")
        self._width = max(self._width, len(text))
        print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)


def _task(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    groups: Optional[npt.ArrayLike],
    split: Optional[npt.ArrayLike],
    base: Optional[tuple[npt.ArrayLike, npt.ArrayLike]],
    head: Any,
    standardize: int,
    name: str,
) -> "tuple[_core.Task, tuple[Any, ...]]":
    if standardize < 0:
        raise ValueError(f"standardize is {standardize}, but must be 0 or more samples")
    features = _matrix(X, "the features")
    table, classes = _table(features, y, groups, split)
    known = None if base is None else _base(base, classes)
    task = _core.Task(name, table, standardize, known, None if head is None else linear_head(head)._file)
    return task, tuple(classes.tolist())


def _table(
    features: npt.NDArray[np.float32],
    y: npt.ArrayLike,
    groups: Optional[npt.ArrayLike],
    split: Optional[npt.ArrayLike],
) -> "tuple[_core.Table, npt.NDArray[Any]]":
    if features.size == 0:
        raise ValueError(f"the features have the shape {features.shape}: they are empty")
    classes, labels = np.unique(_column(y, "label", features), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"all {len(features)} samples are of one class, {classes[0]}: there must be at least 2")
    people, streamed = None, None
    if groups is not None:
        names, numbers = np.unique(_column(groups, "group", features), return_inverse=True)
        people = (numbers.tolist(), [str(group) for group in names])
    if split is not None:
        parts = _column(split, "split", features)
        wrong = ~np.isin(parts, ["stream", "train", "test"])
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(f"the split of sample {at} is {parts[at]!r}, but must be 'stream', 'train' or 'test'")
        streamed = (parts != "test").tolist()
    return _core.Table(features, labels.tolist(), [str(label) for label in classes], people, streamed), classes


def _base(base: Any, classes: npt.NDArray[Any]) -> _core.Table:
    if not isinstance(base, (tuple, list)) or len(base) != 2:
        raise TypeError("the base is no pair of features and labels")
    features = _matrix(base[0], "the features of the base")
    table, known = _table(features, base[1], None, None)
    if known.tolist() != classes.tolist():
        raise ValueError(f"the base has the labels {known.tolist()}, but the samples have {classes.tolist()}")
    return table


def _column(values: Any, name: str, features: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    column = np.asarray(values)
    if column.dtype == object:
        column = column.astype(str)
    if column.shape != features.shape[:1]:
        raise ValueError(f"the {name}s have the shape {column.shape}, but there must be one for each of {len(features)} samples")
    if column.dtype.kind == "f" and (column != np.floor(column)).any():
        raise ValueError(f"the {name}s are fractions or NaN, but must be whole numbers or texts")
    return column


def _names(asked: Union[str, Sequence[str], None], known: Sequence[str], what: str) -> list[str]:
    names = list(known) if asked is None else [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in known:
            raise ValueError(f"the {what} is {name!r}, but must be one of {', '.join(known)}")
    return names


def _tuning(settings: Any) -> Optional[_core.Tuning]:
    if settings is None:
        return None
    if isinstance(settings, Recommendation):
        settings = settings.toml
    elif isinstance(settings, Path):
        settings = settings.read_text()
    if not isinstance(settings, str):
        raise TypeError(f"the settings are a {type(settings).__name__}, but must be a Recommendation, the text of its file or a Path")
    return _core.Tuning.parse(settings)


def _check_orders(orders: int) -> None:
    if not 2 <= orders <= 10_000:
        raise ValueError(f"orders is {orders}, but must be from 2 to 10000")


def _mean(figure: npt.NDArray[np.float64]) -> "list[float]":
    """The mean over all orders at each point; NaN if one order has not got so far."""
    return [float(column.mean()) for column in figure.T]


def _outcome(learned: _core.Learned) -> Outcome:
    return Outcome(
        learned.learner,
        learned.ours,
        learned.accuracy,
        learned.nll,
        learned.ece,
        learned.ram_bytes,
        learned.multiply_adds,
        tuple(learned.settings),
    )
