"""Trained heads as what firmware includes."""

from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from gradient_decay._core import HeadFile, PriorFile, StreamingLda

_Floats = npt.NDArray[np.float32]


class Exported:
    """The form that firmware includes of a head: a linear one, or the prior of a discriminant, with the standardisation of its features if there is one.

    Each form is made when it is asked for, by the writers of `demo-host export`.
    """

    def __init__(self, file: Union[HeadFile, PriorFile], classes: Any = None) -> None:
        self._file = file
        # The label of each row, of a model that knows it.
        self._classes = classes

    @property
    def bytes(self) -> bytes:
        """The parameters as little-endian f32, the weights row by row (a row is a class), then the biases, for `LinearHead::from_le_bytes`.

        Raises:
            ValueError: if there is a standardisation, which these bytes have no room for, or it is a prior.
        """
        return self._file.content("bin")

    @property
    def checkpoint(self) -> bytes:
        """The core's checkpoint, the standardisation with it, for `checkpoint::read` and for a device's flash."""
        return self._file.content("ckpt")

    @property
    def rust(self) -> str:
        """A module of Rust: constants that compile with the core alone."""
        return self._file.content("rs").decode()

    @property
    def c(self) -> str:
        """A header of C, for the C library."""
        return self._file.content("h").decode()

    def save(self, path: Union[str, Path]) -> None:
        """Writes the form that the name's ending says: .rs, .h, .ckpt, .bin, .npz or .safetensors.

        Raises:
            ValueError: if the ending is none of these, or its form does not hold this.
            OSError: if the file cannot be written.
        """
        path = Path(path)
        path.write_bytes(self._file.content(path.suffix.removeprefix(".") or "?"))


def export(model: Any, *, scaler: Any = None, made_of: Optional[str] = None) -> Exported:
    """A trained classifier's last layer as what firmware includes.

    Args:
        model: one of

            - a ``torch.nn.Linear``
            - a Keras ``Dense`` layer, with no activation or softmax
            - a fitted linear model of scikit-learn (``LogisticRegression``, ``SGDClassifier``, ``LinearSVC``, ...) or a ``HeadClassifier``;
              of two classes with one row of coefficients it becomes a head of two classes, whose softmax is the sigmoid
            - a pipeline of a ``StandardScaler`` and such a model
            - a pair of arrays: the weights, of shape (K, F), a row a class, and the biases, of shape (K,)
        scaler: the fitted ``StandardScaler`` in front of the model, whose means and deviations go with the head.
        made_of: what the comments of source code say that it was made of; by default the type of the model.

    Raises:
        TypeError: if the model or the scaler is of no such type.
        ValueError: if a shape does not fit, or a number is NaN or infinite in f32.
    """
    made_of = made_of if made_of is not None else f"a {type(model).__name__}"
    if hasattr(model, "named_steps") and hasattr(model, "steps"):
        *before, (_, model) = model.steps
        scalers = [step for _, step in before if step not in (None, "passthrough")]
        if scaler is not None or len(scalers) > 1:
            raise ValueError("there is more than one step in front of the model, but there must be one StandardScaler at most")
        scaler = scalers[0] if scalers else None
    weights, bias = _layer(model)
    mean, deviation = (None, None) if scaler is None else _statistics(scaler, weights.shape[1])
    return Exported(HeadFile(weights, bias, made_of, mean, deviation), getattr(model, "classes_", None))


def linear_head(head: Any) -> Exported:
    """A trained head in any form that `export` takes, or as it returns it.

    Raises:
        TypeError: if it is a prior; as `export`.
        ValueError: as `export`.
    """
    exported = head if isinstance(head, Exported) else export(head)
    if not isinstance(exported._file, HeadFile):
        raise TypeError("the head is the prior of a discriminant, but must be a linear head")
    return exported


def export_prior(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    samples: float = 64.0,
    most: int = 3,
    standardize: bool = True,
    prior_samples: float = 16.0,
    prior_variance: float = 0.5,
    ridge: float = 1e-3,
    made_of: str = "a table of features",
) -> Exported:
    """The prior of a discriminant, which a device knows before its first label: a table of labelled features, of the training set, say.

    Args:
        X: the features of n samples, of shape (n, F): those that the device's extractor makes.
        y: the class of each, n whole numbers in [0, K), each class at least once.
        samples: the samples that the table weighs as much as on the device, in [1e-3, 1e6].
        most: the samples that each class weighs as much as, at most; at least 1.
        standardize: whether the device brings features to the table's mean 0 and deviation 1.
        prior_samples: as of ``DiscriminantClassifier``.
        prior_variance: as of ``DiscriminantClassifier``.
        ridge: as of ``DiscriminantClassifier``.
        made_of: what the comments of source code say that it was made of.

    Raises:
        ValueError: if a shape, a number or a setting is not what it may be.
        TypeError: if the classes are not whole numbers.
    """
    X, classes = _matrix(X, "the features"), np.asarray(y)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"y is of type {classes.dtype}, but must be whole numbers, the classes 0 to K - 1")
    if classes.shape != X.shape[:1] or classes.size == 0:
        raise ValueError(f"y has the shape {classes.shape}, but must have a class for each of {X.shape[0]} samples")
    if classes.min() < 0:
        raise ValueError(f"y has the class {classes.min()}, but classes are 0 to K - 1")
    lda = StreamingLda(prior_samples=prior_samples, prior_variance=prior_variance, ridge=ridge)
    return Exported(PriorFile(X, classes.tolist(), made_of, lda, samples, most, standardize))


def _layer(model: Any) -> "tuple[_Floats, _Floats]":
    """Weights, a row a class, and biases."""
    if isinstance(model, (tuple, list)) and len(model) == 2:
        weights, bias = _matrix(model[0], "the weights"), _numbers(model[1], "the biases")
    elif hasattr(model, "in_features") and hasattr(model, "weight"):
        weights = _matrix(_of_tensor(model.weight), "the weights")
        bias = np.zeros(len(weights), np.float32) if model.bias is None else _numbers(_of_tensor(model.bias), "the biases")
    elif hasattr(model, "get_weights") and hasattr(model, "units"):
        activation = getattr(getattr(model, "activation", None), "__name__", "linear")
        if activation not in ("linear", "softmax"):
            raise ValueError(f"the layer's activation is {activation}, but must be none or softmax: a head gives logits")
        kernel, *rest = model.get_weights()
        weights = _matrix(np.transpose(kernel), "the weights")
        bias = _numbers(rest[0], "the biases") if rest else np.zeros(len(weights), np.float32)
    elif hasattr(model, "coef_") and hasattr(model, "intercept_") and hasattr(model, "classes_"):
        weights = _matrix(model.coef_, "the coefficients")
        bias = np.broadcast_to(_numbers(np.atleast_1d(model.intercept_), "the intercepts"), len(weights)).copy()
        if len(weights) == 1:
            weights = np.concatenate([np.zeros_like(weights), weights])
            bias = np.concatenate([np.zeros_like(bias), bias])
        elif hasattr(model, "support_vectors_") or len(weights) != len(model.classes_):
            raise ValueError(
                f"the model is a {type(model).__name__} that compares classes in pairs, but must have a row of coefficients for each class, as "
                "a LinearSVC has"
            )
    else:
        raise TypeError(
            f"the model is a {type(model).__name__}, but must be a torch.nn.Linear, a Keras Dense, a fitted linear classifier of scikit-learn or a "
            "pair of arrays: of a network give its last layer"
        )
    if len(weights) != len(bias):
        raise ValueError(f"the weights have the shape {weights.shape}, but must have a row for each of {len(bias)} biases")
    return weights, bias


def _statistics(scaler: Any, features: int) -> "tuple[list[float], list[float]]":
    """Means and deviations of a StandardScaler."""
    if not (hasattr(scaler, "with_mean") and hasattr(scaler, "scale_")):
        raise TypeError(f"the scaler is a {type(scaler).__name__}, but must be a fitted StandardScaler")
    mean = np.zeros(features) if not scaler.with_mean or scaler.mean_ is None else scaler.mean_
    deviation = np.ones(features) if scaler.scale_ is None else scaler.scale_
    return _numbers(mean, "the means").tolist(), _numbers(deviation, "the deviations").tolist()


def _of_tensor(tensor: Any) -> Any:
    # By lists: PyTorch 1 cannot make an array of NumPy 2.
    return tensor.detach().cpu().float().tolist()


def _numbers(values: Any, name: str) -> _Floats:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, dtype=np.float32)
    if array.ndim != 1:
        raise ValueError(f"{name} have {array.ndim} dimensions, but must have 1")
    return array


def _matrix(values: Any, name: str) -> _Floats:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(values, dtype=np.float32)
    if array.ndim != 2:
        raise ValueError(f"{name} have {array.ndim} dimensions, but must have 2")
    return array
