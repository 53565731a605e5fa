"""The heads of the core as scikit-learn estimators: their common part, and the linear head."""

import functools
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from gradient_decay._core import BetaSchedule, FineTuner, Head

# Why an answer is not a class, as the core counts the reasons.
_REASONS = np.array(["", "between", "far"])


_Method = TypeVar("_Method", bound=Callable[..., Any])


def _all_or_nothing(method: _Method) -> _Method:
    """A method after whose error the estimator is as it was, the number of features included, which scikit-learn sets first."""

    @functools.wraps(method)
    def whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return whole  # type: ignore[return-value]


class Answers(NamedTuple):
    """The answers of a device for n samples."""

    labels: npt.NDArray[Any]
    """The label of the most probable class, of shape (n,), whether or not it is the answer."""
    probabilities: npt.NDArray[np.float32]
    """Its probability under the temperature, of shape (n,)."""
    reasons: npt.NDArray[np.str_]
    """Why a sample is unknown, of shape (n,): "between", since the probability does not reach the threshold; "far", since the sample is far from
    every class, which only a discriminant with `novelty` tells; "" if it is known."""


class _CoreClassifier(ClassifierMixin, BaseEstimator):
    """The part that all estimators share: labels, the read-out, checkpoints."""

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The logits.

        Args:
            X: n samples, of shape (n, n_features_in_).

        Returns:
            Of shape (n, K); with two classes of shape (n,), the second class's logit less the first's.

        Raises:
            ValueError: if a feature is NaN or infinite, or there are not as many as the head has.
        """
        logits = self._head().logits(self._features(X))
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The label of each sample: `unknown` where that is given and `answer` has a reason.

        Args:
            X: n samples, of shape (n, n_features_in_).

        Raises:
            ValueError: as `decision_function`; if temperature, threshold or deviations are out of their range.
        """
        labels, _, reasons = self.answer(X)
        is_unknown = reasons != ""
        if self.unknown is None or not is_unknown.any():
            return labels
        other = np.asarray(self.unknown)
        same_kind = other.dtype.kind == labels.dtype.kind
        labels = labels.astype(np.result_type(labels, other) if same_kind else object)
        labels[is_unknown] = self.unknown
        return labels

    def answer(self, X: npt.ArrayLike) -> Answers:
        """The answer of a device: the most probable class, its probability, and why a sample is unknown.

        Args:
            X: n samples, of shape (n, n_features_in_).

        Raises:
            ValueError: as `predict`.
        """
        head, X = self._head(), self._features(X)
        classes, probabilities, reasons = head.answers(X, *self._reading())
        return Answers(self.classes_[classes], probabilities, _REASONS[reasons])

    def checkpoint(self) -> bytes:
        """The head as the core's versioned checkpoint with a CRC, which firmware reads with `checkpoint::read`."""
        return self._head().checkpoint()

    def restore(self, checkpoint: bytes) -> "_CoreClassifier":
        """Takes over a checkpoint of a head of the same shape, such as one that a device has saved.

        The labels and the settings stay. A part that is not in it, such as kept samples in that of a discriminant, is as new.

        Raises:
            ValueError: if it is damaged, another head's, or of another trained head; nothing is then changed.
        """
        self._head().restore(checkpoint)
        return self

    def _reading(self) -> "tuple[float, ...]":
        """The arguments by which the core reads answers."""
        return self.temperature, self.threshold

    def _head(self) -> Any:
        check_is_fitted(self, "head_")
        return self.head_

    def _features(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        # The core finds what is NaN or infinite, as an f64 beyond f32 becomes.
        with np.errstate(over="ignore"):
            return validate_data(self, X, reset=False, dtype=np.float32, order="C", ensure_all_finite=False)

    def _samples(
        self, X: npt.ArrayLike, y: npt.ArrayLike, reset: bool, least: int = 1
    ) -> "tuple[npt.NDArray[np.float32], npt.NDArray[Any]]":
        with np.errstate(over="ignore"):
            X, y = validate_data(
                self, X, y, reset=reset, dtype=np.float32, order="C", ensure_all_finite=False, ensure_min_samples=least
            )
        check_classification_targets(y)
        return X, y

    def _partial_samples(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: Optional[npt.ArrayLike], least: int = 1
    ) -> "tuple[npt.NDArray[np.float32], npt.NDArray[Any], npt.NDArray[Any]]":
        """Features and labels of so many samples at least, and all classes, which the first call names."""
        first = not hasattr(self, "head_")
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        if not first and classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(f"classes are {classes}, but must be those of the first call, {self.classes_}")
        X, y = self._samples(X, y, first, least)
        return X, y, unique_labels(classes) if first else self.classes_


def _indices(y: npt.NDArray[Any], classes: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """The place of each label among the classes, which are sorted."""
    index = np.searchsorted(classes, y)
    found = np.take(classes, index, mode="clip") == y
    if not np.all(found):
        raise ValueError(f"y has the label {y[~found][0]!r}, but must have labels among the classes, {classes}")
    return index.astype(np.uint32)


class HeadClassifier(_CoreClassifier):
    """The linear head of the device, trained by the gradient-decay loss, one sample at a time.

    The core itself learns and answers, so that the bits are those of a device that gets the same samples in the same order. Features are
    taken as f32, in place where they are contiguous and of that type, and want a mean of 0 and a deviation of 1: put a ``StandardScaler``
    in front.

    Args:
        beta: the gradient decay coefficient, in (0, 1e6]; 1 is cross-entropy.
        schedule: beta at each step, in place of `beta`, which then stays at 1.
        learning_rate: in (0, 1e6].
        momentum: in [0, 1).
        nesterov: whether momentum looks ahead.
        weight_decay: in [0, 1 / learning_rate].
        clip_norm: the norm in [1e-6, 1e6] that a step's gradient is clipped to; None to leave it.
        label_smoothing: the share of a label that is spread evenly over all classes, in [0, 1].
        class_weight: a weight in [0, 1e6] for each class by its label, "balanced", which makes classes count alike, or None. For
            `partial_fit` a dictionary or None.
        max_iter: how often `fit` goes through the samples, at least 1.
        shuffle: whether `fit` goes through them in a new order each time.
        random_state: the seed of these orders.
        temperature: in [0.01, 100]; the logits are divided by it before they become probabilities.
        threshold: in [0, 1]; a sample whose largest probability does not reach it is unknown.
        unknown: the label that `predict` gives to unknown samples; None, the most probable class.
        consistent: whether `predict_proba` undoes the bias that a beta other than 1 gives to softmax, by the beta at the last step. Then the
            temperature takes no part in it.

    Attributes:
        classes_: the labels, sorted.
        coef_: the weights, of shape (K, n_features_in_): a row a class.
        intercept_: the biases, of shape (K,).
        n_features_in_: the features of a sample.
        n_iter_: the passes of the last `fit`.
        steps_: the steps taken: the position in the schedule.
    """

    def __init__(
        self,
        beta: float = 1.0,
        *,
        schedule: Optional[BetaSchedule] = None,
        learning_rate: float = 0.05,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm: Optional[float] = None,
        label_smoothing: float = 0.0,
        class_weight: Union[None, str, "dict[Any, float]"] = None,
        max_iter: int = 20,
        shuffle: bool = True,
        random_state: Union[None, int, np.random.RandomState] = None,
        temperature: float = 1.0,
        threshold: float = 0.0,
        unknown: Any = None,
        consistent: bool = False,
    ) -> None:
        self.beta = beta
        self.schedule = schedule
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.temperature = temperature
        self.threshold = threshold
        self.unknown = unknown
        self.consistent = consistent

    @_all_or_nothing
    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "HeadClassifier":
        """Trains a new head, by `max_iter` passes.

        Args:
            X: n samples, of shape (n, F): finite numbers.
            y: n labels.

        Raises:
            ValueError: if a setting, a shape or a number is not what it may be, or a step could leave the range of f32.
        """
        if self.max_iter < 1:
            raise ValueError(f"max_iter is {self.max_iter}, but must be at least 1")
        X, y = self._samples(X, y, reset=True)
        classes = unique_labels(y)
        tuner = self._tuner(classes, y)
        head = Head(len(classes), X.shape[1], self.momentum > 0)
        random = check_random_state(self.random_state)
        labels = _indices(y, classes)
        for _ in range(self.max_iter):
            order = random.permutation(len(y)).astype(np.uint32) if self.shuffle else None
            head.learn(tuner, X, labels, order)
        self.classes_, self.head_, self.n_iter_ = classes, head, self.max_iter
        return self

    @_all_or_nothing
    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: Optional[npt.ArrayLike] = None
    ) -> "HeadClassifier":
        """Takes one step on each sample, in their order, as a device does.

        Args:
            X: n samples, of shape (n, F).
            y: n labels among the classes.
            classes: all labels that there will be; needed at the first call.

        Raises:
            ValueError: as `fit`; if a label is not among the classes. The head is then as before.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight is {self.class_weight!r}, but must be a dictionary or None for partial_fit, which does not see all labels"
            )
        X, y, classes = self._partial_samples(X, y, classes)
        labels, tuner = _indices(y, classes), self._tuner(classes, y)
        head = self.head_ if hasattr(self, "head_") else Head(len(classes), X.shape[1], self.momentum > 0)
        head.learn(tuner, X, labels, None)
        self.classes_, self.head_ = classes, head
        return self

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The probability of each class, of shape (n, K), in the order of `classes_`.

        Args:
            X: n samples, of shape (n, n_features_in_).

        Raises:
            ValueError: as `predict`.
        """
        head, X = self._head(), self._features(X)
        beta = self._schedule()(head.steps) if self.consistent else None
        return head.probabilities(X, self.temperature, beta)

    @property
    def coef_(self) -> npt.NDArray[np.float32]:
        return self._head().parameters[: -len(self.classes_)].reshape(len(self.classes_), -1)

    @property
    def intercept_(self) -> npt.NDArray[np.float32]:
        return self._head().parameters[-len(self.classes_) :]

    @property
    def steps_(self) -> int:
        return self._head().steps

    def _schedule(self) -> BetaSchedule:
        if self.schedule is None:
            return BetaSchedule.constant(self.beta)
        if not isinstance(self.schedule, BetaSchedule):
            raise TypeError(f"the schedule is a {type(self.schedule).__name__}, but must be a BetaSchedule")
        if self.beta != 1.0:
            raise ValueError(f"beta is {self.beta}, but must be left at 1 where a schedule says what it is")
        return self.schedule

    def _tuner(self, classes: npt.NDArray[Any], y: npt.NDArray[Any]) -> FineTuner:
        weights = None
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=classes, y=y).astype(np.float32).tolist()
        return FineTuner(
            self._schedule(),
            self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            clip_norm=self.clip_norm,
            label_smoothing=self.label_smoothing,
            class_weights=weights,
        )
