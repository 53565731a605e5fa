"""The gradient-decay Softmax for PyTorch 1.13 and later.

``GradientDecayLoss`` stands where ``torch.nn.CrossEntropyLoss`` stood: the same arguments, shapes, targets and data types, and one
coefficient more, beta, which sets how fast a sample's gradient fades as its probability grows (S. Zhang, L. Xie, Y. Chen, arXiv 2210.17145).
At beta 1 it is cross-entropy.

With logits ``z`` and target ``c`` the loss is cross-entropy with ``ln(beta)`` added to the target's logit::

    L(z, c; beta) = -ln(beta e^{z_c} / (sum_{i != c} e^{z_i} + beta e^{z_c}))

The paper's ``J`` is ``L + ln(beta)``: the gradient is the same, and ``L`` is never negative and stays comparable while beta changes. A beta
below 1 asks for a large margin, above 1 the gradient fades early. A smaller beta has larger gradients: at 0.01, halve the learning rate of
plain SGD.
"""

import math
from typing import Any, Optional, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradient_decay._core import BetaSchedule, check_beta

__all__ = ["GradientDecayLoss", "consistent_probabilities", "gradient_decay_loss"]

# Beyond it softplus is its argument, to the last bit of a double.
_LINEAR = 40.0

# From 2.4 on torch tells of each device whether it is under autocast.
_ASKS_BY_DEVICE = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 4)


class GradientDecayLoss(nn.Module):
    """The gradient-decay loss, a drop-in for ``torch.nn.CrossEntropyLoss``.

    Shapes are those of cross-entropy: the input, unnormalised logits, is (C), (N, C) or (N, C, d_1, ..., d_K); the target is () or (N) or
    (N, d_1, ..., d_K), class indices in [0, C), or has the shape of the input and holds probabilities. A target of more than one class
    has the sum of its classes' losses, each with its share; so have smoothed ones.

    The result has the type of cross-entropy's: that of the input, and float32 under autocast. In a half type it is computed in float32.

    Example:
        >>> import torch
        >>> from gradient_decay import BetaSchedule
        >>> from gradient_decay.torch import GradientDecayLoss
        >>> criterion = GradientDecayLoss(schedule=BetaSchedule.geometric(0.01, 1.0, steps=1000))
        >>> logits, target = torch.tensor([[2.0, 1.0, -1.0]], requires_grad=True), torch.tensor([0])
        >>> loss = criterion(logits, target)
        >>> loss.backward()
        >>> criterion.step()  # behind optimizer.step()

    Args:
        beta: the gradient decay coefficient, in (0, 1e6]; 1 is cross-entropy.
        schedule: beta at each step, in place of `beta`, which then stays at 1. It begins at step 0; `step` goes on to the next.
        label_smoothing: the share of a target that is spread evenly over all classes, in [0, 1].
        weight: the weight of each class, of shape (C).
        ignore_index: the class index that has no loss and no gradient.
        reduction: "mean", over the weights of the targets, or over the samples where targets are probabilities; "sum"; or "none".

    Raises:
        ValueError: if a number is out of its range, the reduction is none of these, or both beta and a schedule are given.
        TypeError: if the schedule is not a ``BetaSchedule``.
    """

    weight: Optional[Tensor]

    def __init__(
        self,
        beta: float = 1.0,
        schedule: Optional[BetaSchedule] = None,
        label_smoothing: float = 0.0,
        weight: Optional[Tensor] = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        check_beta(beta)
        if schedule is not None and not isinstance(schedule, BetaSchedule):
            raise TypeError(f"the schedule is a {type(schedule).__name__}, but must be a BetaSchedule")
        if schedule is not None and beta != 1.0:
            raise ValueError(f"beta is {beta}, but must be left at 1 where a schedule says what it is")
        _check(label_smoothing, reduction)
        self.schedule = schedule
        self.label_smoothing = label_smoothing
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.register_buffer("weight", weight)
        # A tensor, so that a compiled module is not compiled anew for each beta; no buffer, so that `.half()` leaves it as it is.
        self._ln_beta = torch.tensor(0.0, dtype=torch.float64)
        self._beta = float(beta)
        self._steps = 0
        if schedule is not None:
            self.register_buffer("steps", torch.tensor(0))
        self._set(0)

    @property
    def beta(self) -> float:
        """The beta of the next loss."""
        return self._beta

    def step(self) -> None:
        """Advances the schedule by one step: call it after ``optimizer.step()``. Without a schedule it does nothing."""
        self._set(self._steps + 1)

    def _set(self, steps: int) -> None:
        if self.schedule is not None:
            self._steps = min(steps, 2**32 - 1)
            self.steps.fill_(self._steps)
            self._beta = self.schedule(self._steps)
        self._ln_beta = torch.tensor(math.log(self._beta), dtype=torch.float64)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        if self.schedule is not None:
            self._set(int(self.steps))

    def extra_repr(self) -> str:
        beta = f"schedule={self.schedule!r}" if self.schedule is not None else f"beta={self._beta}"
        return f"{beta}, label_smoothing={self.label_smoothing}, ignore_index={self.ignore_index}, reduction={self.reduction!r}"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        plain = self.schedule is None and self._beta == 1.0
        ln_beta = None if plain else self._ln_beta
        return _loss(input, target, ln_beta, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


def gradient_decay_loss(
    input: Tensor,
    target: Tensor,
    beta: float = 1.0,
    weight: Optional[Tensor] = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """``GradientDecayLoss`` as a function, beside ``torch.nn.functional.cross_entropy``.

    Args and errors: as of ``GradientDecayLoss``.
    """
    _check_beta(beta)
    _check(label_smoothing, reduction)
    ln_beta = None if beta == 1.0 else math.log(beta)
    return _loss(input, target, ln_beta, weight, ignore_index, reduction, label_smoothing)


def consistent_probabilities(logits: Tensor, beta: float, dim: int = -1) -> Tensor:
    """The class probabilities that the loss with this beta is consistent with.

    With ``p`` the softmax of the logits, ``p_k (1 + (beta - 1) p_k) / sum_j p_j (1 + (beta - 1) p_j)``. A network that was trained with a
    beta other than 1 has a biased softmax, too sure for a small beta, not sure enough for a large one; this undoes the bias of the loss,
    and leaves that of overfitting. The order of the classes stays, and at beta 1 it is the softmax.

    Args:
        logits: unnormalised, of any shape, with the classes along `dim`.
        beta: the coefficient of the training, in (0, 1e6], or one fitted on held-out samples like a temperature.
        dim: the dimension of the classes.

    Returns:
        Probabilities of the logits' shape and of the type that softmax has, that of the logits, or float32 under autocast.

    Raises:
        ValueError: if beta is out of its range.
    """
    _check_beta(beta)
    logits, dtype = _widened(logits)
    p = torch.softmax(logits, dim)
    top = _is_top(p, dim)
    # 1 - p without cancellation: only the largest can be near 1.
    others = torch.where(top, torch.zeros_like(p), p).sum(dim, keepdim=True)
    weighted = p * (torch.where(top, others, 1 - p) + beta * p)
    return (weighted / weighted.sum(dim, keepdim=True)).to(dtype)


def _check(label_smoothing: float, reduction: str) -> None:
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label smoothing is {label_smoothing}, but must be in [0, 1]")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"the reduction is {reduction!r}, but must be 'mean', 'sum' or 'none'")


def _loss(
    input: Tensor,
    target: Tensor,
    ln_beta: Union[None, float, Tensor],
    weight: Optional[Tensor],
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    if ln_beta is None:
        return F.cross_entropy(
            input, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
        )
    logits, dtype = _widened(input)
    if weight is not None:
        weight = weight.to(logits.dtype)
    dim = 0 if logits.dim() == 1 else 1
    # Before ln(beta) is added, which large logits would round away.
    if logits.numel() > 0:
        logits = logits - logits.detach().amax(dim, keepdim=True)
    if target.is_floating_point():
        if target.shape != input.shape:
            raise ValueError(
                f"probabilities as the target have the shape {tuple(target.shape)}, but must have that of the input, {tuple(input.shape)}"
            )
        if ignore_index >= 0:
            raise ValueError(f"ignore_index is {ignore_index}, but must be below 0 where targets are probabilities")
        shares = target.to(logits.dtype)
        if label_smoothing > 0.0:
            shares = (1 - label_smoothing) * shares + label_smoothing / logits.shape[dim]
        losses = _expected(logits, shares, weight, ln_beta, dim)
        return _reduced(losses, torch.ones_like(losses), reduction).to(dtype)
    index = target.clamp(0, logits.shape[dim] - 1).unsqueeze(dim).long()
    if label_smoothing == 0.0:
        # The margin on the target's logit. Cross-entropy itself refuses targets that are out of range.
        own = torch.zeros_like(logits).scatter(dim, index, 1.0)
        loss = F.cross_entropy(logits + own * ln_beta, target, weight, ignore_index=ignore_index, reduction=reduction)
        return loss.to(dtype)
    # Cross-entropy refuses targets and shapes that are wrong; its result is the weight of each target.
    known = target != ignore_index
    weights = F.nll_loss(-torch.ones_like(logits), target, weight, ignore_index=ignore_index, reduction="none")
    shares = torch.full_like(logits, label_smoothing / logits.shape[dim])
    shares = shares.scatter(dim, index, 1 - label_smoothing + label_smoothing / logits.shape[dim])
    losses = _expected(logits, shares, weight, ln_beta, dim)
    losses = torch.where(known, losses, torch.zeros_like(losses))
    return _reduced(losses, weights, reduction).to(dtype)


def _expected(
    logits: Tensor, shares: Tensor, weight: Optional[Tensor], ln_beta: Union[float, Tensor], dim: int
) -> Tensor:
    """The sum over the classes of their losses, each with its share and weight.

    ``L_k = softplus(ln(sum_{i != k} e^{z_i}) - z_k - ln(beta))``.
    """
    if logits.shape[dim] == 1:
        return (0 * logits).sum(dim)
    p = torch.softmax(logits, dim)
    top = _is_top(p, dim)
    none = torch.full_like(logits, -math.inf)
    # ln(1 - p) without cancellation: only the largest can be near 1, and its rest is summed.
    rest_of_top = torch.logsumexp(torch.where(top, none, logits), dim, keepdim=True)
    rest = torch.logsumexp(logits, dim, keepdim=True) + torch.log1p(-torch.where(top, torch.zeros_like(p), p))
    losses = F.softplus(torch.where(top, rest_of_top, rest) - logits - ln_beta, threshold=_LINEAR)
    shares = shares if weight is None else shares * weight.reshape([-1] + [1] * (logits.dim() - dim - 1))
    return (shares * losses).sum(dim)


def _reduced(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return losses.sum() / weights.sum()
    return losses.sum() if reduction == "sum" else losses


def _is_top(p: Tensor, dim: int) -> Tensor:
    top = p.argmax(dim, keepdim=True)
    return torch.zeros_like(p, dtype=torch.bool).scatter(dim, top, True)


def _widened(logits: Tensor) -> "tuple[Tensor, torch.dtype]":
    """Logits of a half type as float32, and the type that cross-entropy's result would have."""
    if logits.dtype not in (torch.float16, torch.bfloat16):
        return logits, logits.dtype
    return logits.float(), torch.float32 if _is_autocast(logits.device.type) else logits.dtype


def _is_autocast(device: str) -> bool:
    if _ASKS_BY_DEVICE:
        return torch.is_autocast_enabled(device)
    return torch.is_autocast_cpu_enabled() if device == "cpu" else torch.is_autocast_enabled()


def _check_beta(beta: float) -> None:
    # The core has the sentence. A compiled graph does not call it for a beta that is right.
    if not 0.0 < beta <= 1e6:
        check_beta(beta)
