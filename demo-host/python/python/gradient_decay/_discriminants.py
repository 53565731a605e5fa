"""The discriminant of the core, alone and with kept samples on top, a trained head mixed in or not, as scikit-learn estimators."""

from typing import Any, Optional

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import unique_labels

from gradient_decay._core import Discriminant, StreamingLda
from gradient_decay._estimators import _all_or_nothing, _CoreClassifier, _indices
from gradient_decay._trained import Trained


class DiscriminantClassifier(_CoreClassifier):
    """The discriminant of the device: streaming linear discriminant analysis, which learns the most from few labels.

    The core itself learns and answers, so that the bits are those of a device that gets the same samples. It forgets nothing, does not mind
    the order of samples, and takes a wrong label back. Features are taken as f32 in [-1e6, 1e6], in place where they are contiguous and
    of that type, and want a mean of 0 and a deviation of 1: put a ``StandardScaler`` in front. Its memory grows with the square of the
    features.

    With `head` it is the learner of a device that starts from a trained head, the core's ``MixedHead``: the trained head's logits are added to the
    discriminant's with a weight that fades with the labels. A label that the head was not trained on is a new class. Give it the training set as well
    if you have it, ``fit(X_train, y_train).discount(64, 3)``: without, the labels gain little before there are some of each class.
    Before the first label the answers are the trained head's: after ``partial_fit(X[:0], y[:0])``, which takes `classes` unless the head knows its
    own. Features are those that the head takes; with a pipeline those that its ``StandardScaler`` takes, which standardises them as on a device.

    Args:
        head: the trained head, of 2 to 254 classes, as `export` takes or returns it; None for none. A model of scikit-learn knows the labels of its
            rows. It is not fitted anew, and a clone has the same. It must be set before the first sample.
        head_classes: the label of each row of a head that does not know them, such as two arrays. By default row k is class k of the `classes` of
            ``partial_fit``, which must then be sorted.
        prior_samples: the samples that the prior weighs as much as, in [1e-3, 1e6].
        prior_variance: the variance of the prior in every direction, in [1e-6, 1e6].
        ridge: the variance that a label adds to every feature, in [0, 1].
        most: the samples of a class from which on the last ones weigh more, so that its mean follows a user who changes; None for never.
        temperature: in [0.01, 100]; the logits are divided by it before they become probabilities.
        threshold: in [0, 1]; a sample whose largest probability does not reach it is unknown.
        unknown: the label that `predict` gives to unknown samples; None, the most probable class.
        novelty: whether a sample that is far from every class is unknown, however probable its class: the core's ``Novelty``, which learns from
            the labels what is far. It must be set before the first sample. A sample that is given to a class which only the trained head knows
            is not far: distances are those from the labels learned here.
        deviations: with `novelty`, the standard deviations above the mean of the known samples' scores beyond which a sample is unknown, in
            [-3, 30]; a smaller number refuses more.

    Attributes:
        classes_: the labels, sorted, those of the trained head among them. One that has no sample yet, and that no trained head knows, has the
            probability 0.
        counts_: the samples learned of each class, of shape (K,).
        n_features_in_: the features of a sample.
    """

    def __init__(
        self,
        *,
        head: Any = None,
        head_classes: Optional[npt.ArrayLike] = None,
        prior_samples: float = 16.0,
        prior_variance: float = 0.5,
        ridge: float = 1e-3,
        most: Optional[int] = None,
        temperature: float = 1.0,
        threshold: float = 0.0,
        unknown: Any = None,
        novelty: bool = False,
        deviations: float = 0.5,
    ) -> None:
        self.head = head
        self.head_classes = head_classes
        self.prior_samples = prior_samples
        self.prior_variance = prior_variance
        self.ridge = ridge
        self.most = most
        self.temperature = temperature
        self.threshold = threshold
        self.unknown = unknown
        self.novelty = novelty
        self.deviations = deviations

    @_all_or_nothing
    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "DiscriminantClassifier":
        """Learns the samples from nothing, in their order. The classes are the labels of `y` and those of the trained head.

        Args:
            X: n samples, of shape (n, F): finite numbers in [-1e6, 1e6].
            y: n labels.

        Raises:
            ValueError: if a setting, a shape or a number is not what it may be.
        """
        trained = Trained.of(self.head, self.head_classes)
        X, y = self._samples(X, y, reset=True)
        classes = unique_labels(y) if trained is None else trained.with_labels_of(y)
        return self._learned(self._new(X, classes, trained), X, y, classes)

    @_all_or_nothing
    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: Optional[npt.ArrayLike] = None
    ) -> "DiscriminantClassifier":
        """Learns further samples, in their order.

        Args:
            X: n samples, of shape (n, F); with a trained head n may be 0.
            y: n labels among the classes.
            classes: all labels that there will be, those of the trained head among them; needed at the first call, unless the trained head
                knows its own, and there will be no other.

        Raises:
            ValueError: as `fit`; if a label is not among the classes, or a setting that makes the head has changed since the first call. The
                head is then as before.
        """
        trained = Trained.of(self.head, self.head_classes)
        if trained is not None and classes is None and not hasattr(self, "head_"):
            classes = trained.labels
        given = classes
        X, y, classes = self._partial_samples(X, y, classes, least=1 if trained is None else 0)
        if not hasattr(self, "head_"):
            if trained is not None:
                trained.check_classes(given, classes)
            return self._learned(self._new(X, classes, trained), X, y, classes)
        *_, keeping, novelty, mixed_in = self.head_.kind
        if mixed_in != (None if trained is None else (trained.file, trained.places(classes))):
            raise ValueError("head is another than at the first sample, but must stay: fit makes a new head")
        for name, value in {**dict(zip(("slots", "quantized", "seed"), keeping or ())), "novelty": novelty}.items():
            if getattr(self, name) != value:
                raise ValueError(f"{name} is {getattr(self, name)}, but must stay {value}, as at the first sample: fit makes a new head")
        return self._learned(self.head_, X, y, classes)

    def unlearn(self, X: npt.ArrayLike, y: npt.ArrayLike) -> "DiscriminantClassifier":
        """Takes back samples that were learned with these labels; the head is then as if they had not been learned, except for rounding
        and, of every sixteenth label, a small ridge.

        Args:
            X: n samples, of shape (n, n_features_in_).
            y: the labels that they were learned with.

        Raises:
            ValueError: if one cannot have been learned so; nothing is then changed.
        """
        head = self._head()
        X, y = self._samples(X, y, reset=False)
        head.unlearn(self._lda(), X, _indices(y, self.classes_), self.temperature)
        return self

    def discount(self, samples: float, most: int) -> "DiscriminantClassifier":
        """Keeps what was learned, but with less weight: for example the training set's statistics, before a device learns its user.

        A trained head regains its weight. The distances of `novelty` are forgotten: they belonged to the user before.

        Args:
            samples: the weight of all that was learned, in samples, in [1e-3, 1e6].
            most: the samples that a class counts for at most, at least 1.

        Raises:
            ValueError: if one is out of its range; nothing is then changed.
        """
        self._head().discount(samples, most)
        return self

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The probability of each class, of shape (n, K), in the order of `classes_`.

        Args:
            X: n samples, of shape (n, n_features_in_).

        Raises:
            ValueError: as `predict`.
        """
        head, X = self._head(), self._features(X)
        return head.probabilities(X, self.temperature)

    def checkpoint(self) -> bytes:
        """The head as the core's versioned checkpoint with a CRC, which firmware reads with `checkpoint::read`.

        With `novelty` it is that of a learner with a ``Novelty``: distances, temperature and threshold are in it, `deviations` are not. Of a trained
        head there is a CRC in it and which class is which, by which `restore` refuses another's, but not the units of a ``StandardScaler``.

        Raises:
            ValueError: if temperature or threshold is out of its range.
        """
        return self._head().checkpoint(self.temperature, self.threshold)

    @property
    def counts_(self) -> npt.NDArray[np.uint32]:
        return self._head().counts

    def _reading(self) -> "tuple[float, ...]":
        return self.temperature, self.threshold, self.deviations

    def __sklearn_clone__(self) -> "DiscriminantClassifier":
        """A clone keeps the trained head, which scikit-learn would take for a part to be fitted anew."""
        copy = super().__sklearn_clone__()
        copy.head = self.head
        return copy

    def _new(self, X: npt.NDArray[np.float32], classes: npt.NDArray[Any], trained: Optional[Trained]) -> Discriminant:
        """A head without a sample."""
        features = X.shape[1]
        if trained is not None and trained.file.shape[1] != features:
            raise ValueError(f"X has {features} features, but must have {trained.file.shape[1]}, as the trained head has")
        mixed_in = None if trained is None else (trained.file, trained.places(classes))
        return Discriminant(len(classes), features, *self._kind(), mixed_in)

    def _kind(self) -> "tuple[Optional[tuple[int, bool, int]], bool]":
        """How samples are kept, and whether the head knows distances."""
        return None, self.novelty

    def _learned(
        self, head: Discriminant, X: npt.NDArray[np.float32], y: npt.NDArray[Any], classes: npt.NDArray[Any]
    ) -> "DiscriminantClassifier":
        head.learn(self._lda(), X, _indices(y, classes), self.temperature)
        self.classes_, self.head_ = classes, head
        return self

    def _lda(self) -> StreamingLda:
        return StreamingLda(
            prior_samples=self.prior_samples, prior_variance=self.prior_variance, ridge=self.ridge, most=self.most
        )


class NeighboursClassifier(DiscriminantClassifier):
    """Nearest neighbours on top of the discriminant of the device: for classes that no plane divides.

    Some samples of each class are kept, a uniform random choice of all that were learned. To the discriminant's logits comes the distance
    from the nearest kept sample of each class. How much each of the two counts is learned from their answers before each label, so that no
    sample must be held out. The bits are those of the core's ``Neighbours`` on a device that gets the same samples.

    Kept samples are a person's data, and lie in checkpoints and pickles. `unlearn` overwrites a sample if it is kept; `discount` forgets all of
    them, and what was learned of the weights. Features are as for ``DiscriminantClassifier``.

    Args:
        slots: the samples kept of each class, in [1, 4294967295]: slots x n_features_in_ numbers of RAM a class, and as many
            multiply-adds an answer.
        quantized: whether kept samples are int8, with a scale for each sample, or float32.
        seed: the seed of the choice of samples, in [0, 4294967295].
        head: as of ``DiscriminantClassifier``, and so are those that follow.
        head_classes: see there.
        prior_samples: see there.
        prior_variance: see there.
        ridge: see there.
        most: see there.
        temperature: see there.
        threshold: see there.
        unknown: see there.
        novelty: see there.
        deviations: see there.

    Attributes:
        classes_: the labels, sorted, those of the trained head among them. One that has no sample yet, and that no trained head knows, has the
            probability 0.
        counts_: the samples learned of each class, of shape (K,).
        weights_: the weight of the discriminant's logits, in [1/16, 16], and that of the kept samples', in [0, 16]; of shape (2,).
        n_features_in_: the features of a sample.
    """

    def __init__(
        self,
        *,
        slots: int = 10,
        quantized: bool = True,
        seed: int = 0,
        head: Any = None,
        head_classes: Optional[npt.ArrayLike] = None,
        prior_samples: float = 16.0,
        prior_variance: float = 0.5,
        ridge: float = 1e-3,
        most: Optional[int] = None,
        temperature: float = 1.0,
        threshold: float = 0.0,
        unknown: Any = None,
        novelty: bool = False,
        deviations: float = 0.5,
    ) -> None:
        super().__init__(
            head=head,
            head_classes=head_classes,
            prior_samples=prior_samples,
            prior_variance=prior_variance,
            ridge=ridge,
            most=most,
            temperature=temperature,
            threshold=threshold,
            unknown=unknown,
            novelty=novelty,
            deviations=deviations,
        )
        self.slots = slots
        self.quantized = quantized
        self.seed = seed

    @property
    def weights_(self) -> npt.NDArray[np.float32]:
        return self._head().weights

    def _kind(self) -> "tuple[Optional[tuple[int, bool, int]], bool]":
        for name, value, least in (("slots", self.slots, 1), ("seed", self.seed, 0)):
            if not least <= value < 2**32:
                raise ValueError(f"{name} is {value}, but must be in [{least}, 4294967295]")
        return (self.slots, self.quantized, self.seed), self.novelty
