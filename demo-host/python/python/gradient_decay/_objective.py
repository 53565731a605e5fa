"""The loss and its probabilities over NumPy arrays, by the core."""

import numpy as np
import numpy.typing as npt

from gradient_decay import _core


def _logits(logits: npt.ArrayLike) -> npt.NDArray[np.float32]:
    array = np.ascontiguousarray(logits, dtype=np.float32)
    if array.ndim != 2:
        raise ValueError(f"logits have {array.ndim} dimensions, but must have 2: a row of logits for each sample")
    return array


def consistent_probabilities(logits: npt.ArrayLike, beta: float) -> npt.NDArray[np.float32]:
    """The class probabilities that the loss with this beta is consistent with.

    A head that was trained with a beta other than 1 has a biased softmax: too sure for a small beta, not sure enough for a large one. With
    ``p`` the softmax, ``p_k (1 + (beta - 1) p_k) / sum_j p_j (1 + (beta - 1) p_j)`` undoes that bias; what overfitting adds it leaves. The
    order of the classes stays, and at beta 1 this is the softmax.

    Args:
        logits: finite numbers of shape (n, K), K >= 1; taken as f32.
        beta: the coefficient that the head was trained with, in (0, 1e6], or one fitted on held-out samples.

    Returns:
        Probabilities of shape (n, K), each row of which sums to 1.

    Raises:
        ValueError: if beta is out of its range, a logit is NaN or infinite, or the shape is another.
    """
    return _core.consistent_probabilities(_logits(logits), beta)


def loss_and_gradient(
    logits: npt.ArrayLike, targets: npt.ArrayLike, beta: float = 1.0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The gradient-decay loss of each sample, and its gradient with respect to the logits, with the bits of a device.

    ``L(z, c; beta) = -ln(beta e^{z_c} / (sum_{i != c} e^{z_i} + beta e^{z_c}))``, which is never negative and has the infimum 0 for every
    beta. At beta 1 it is cross-entropy.

    Args:
        logits: finite numbers of shape (n, K), K >= 1; taken as f32.
        targets: the class of each sample, n whole numbers in [0, K).
        beta: in (0, 1e6].

    Returns:
        The losses, of shape (n,), and the gradient, of shape (n, K), whose elements are in [-1, 1].

    Raises:
        ValueError: if beta or a target is out of its range, a logit is NaN or infinite, or a shape is another.
        TypeError: if the targets are not whole numbers.
    """
    classes = np.asarray(targets)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"targets are of type {classes.dtype}, but must be whole numbers")
    if classes.ndim != 1:
        raise ValueError(f"targets have {classes.ndim} dimensions, but must have 1: a class for each sample")
    if classes.size and (classes.min() < 0 or classes.max() > 0xFFFF_FFFF):
        wrong = classes[(classes < 0) | (classes > 0xFFFF_FFFF)][0]
        raise ValueError(f"the target is {wrong}, but must be a class, in [0, K)")
    return _core.loss_and_gradient(_logits(logits), classes.astype(np.uint32), beta)
