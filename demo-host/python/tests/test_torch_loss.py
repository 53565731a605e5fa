"""The loss for PyTorch, against PyTorch's cross-entropy and against fifty digits."""

import copy
import io
import math
import pickle

import mpmath
import pytest

torch = pytest.importorskip("torch", reason="left out: the tests of the loss need torch, which is not installed")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from gradient_decay import BetaSchedule  # noqa: E402
from gradient_decay.torch import GradientDecayLoss, consistent_probabilities, gradient_decay_loss  # noqa: E402

pytestmark = pytest.mark.torch
mpmath.mp.dps = 50

VERSION = tuple(int(part) for part in torch.__version__.split(".")[:2])
BETAS = [1e-30, 1e-4, 0.01, 0.5, 2.0, 20.0, 1e6]

# Of the input and the target, by its name.
SHAPES = {
    "one sample": ((5,), ()),
    "batch": ((7, 5), (7,)),
    "sequence": ((3, 5, 4), (3, 4)),
    "image": ((2, 5, 3, 2), (2, 3, 2)),
    "volume": ((2, 5, 2, 1, 3), (2, 2, 1, 3)),
}


def case(shape, kind, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    of_input, of_target = SHAPES[shape]
    logits = (3 * torch.randn(of_input, dtype=torch.float64)).to(dtype)
    if kind == "probabilities":
        return logits, torch.softmax(torch.randn(of_input, dtype=torch.float64), 0 if len(of_input) == 1 else 1).to(dtype)
    target = torch.randint(0, 5, of_target)
    if kind == "ignored" and target.dim() > 0:
        target.view(-1)[0] = 2
    return logits, target


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("shape", SHAPES)
def test_at_beta_1_it_is_cross_entropy(shape, kind, weighted, smoothing, reduction):
    logits, target = case(shape, kind)
    options = dict(
        weight=torch.tensor([1.0, 0.5, 3.0, 0.0, 2.0], dtype=torch.float64) if weighted else None,
        ignore_index=2 if kind == "ignored" else -100,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    wanted_at, plain_at, found_at = (logits.clone().requires_grad_() for _ in range(3))
    wanted = nn.CrossEntropyLoss(**options)(wanted_at, target)
    # Its own path at beta 1, and the formula, which a schedule that arrives at 1 takes.
    plain = GradientDecayLoss(**options)(plain_at, target)
    found = GradientDecayLoss(schedule=BetaSchedule.constant(1.0), **options)(found_at, target)
    assert torch.equal(plain, wanted) or wanted.isnan().any()
    assert found.shape == wanted.shape and found.dtype == wanted.dtype
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12, equal_nan=True)
    for loss in (wanted, plain, found):
        loss.sum().backward()
    torch.testing.assert_close(found_at.grad, wanted_at.grad, rtol=1e-12, atol=1e-12, equal_nan=True)
    torch.testing.assert_close(plain_at.grad, wanted_at.grad, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("beta", [0.01, 0.5, 5.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["classes", "ignored", "probabilities"])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_finite_differences(shape, kind, smoothing, beta):
    logits, target = case(shape, kind)
    weight = torch.tensor([1.0, 0.5, 3.0, 0.25, 2.0], dtype=torch.float64)
    criterion = GradientDecayLoss(
        beta, label_smoothing=smoothing, weight=weight, ignore_index=2 if kind == "ignored" else -100, reduction="sum"
    )
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: criterion(z, target), logits)
    assert torch.autograd.gradgradcheck(lambda z: criterion(z, target), logits)


def exact(row, shares, beta):
    """The sum of the classes' losses with their shares, and its gradient, in fifty digits."""
    z, beta = [mpmath.mpf(x) for x in row], mpmath.mpf(beta)
    top = max(z)
    e = [mpmath.exp(x - top) for x in z]
    total = sum(e)
    loss, gradient = mpmath.mpf(0), [mpmath.mpf(0)] * len(z)
    for k, share in enumerate(shares):
        if share:
            share = mpmath.mpf(share)
            scale = sum(x for i, x in enumerate(e) if i != k) + beta * e[k]
            loss += share * (mpmath.log(scale) - mpmath.log(beta) + (top - z[k]))
            for i in range(len(z)):
                gradient[i] += share * ((beta if i == k else 1) * e[i] / scale - (i == k))
    assert total > 0
    return loss, gradient


ROWS = [
    [0.0, 0.0, 0.0],
    [2.0, 1.0, -1.0],
    [40.0, -40.0, 3.0],
    [1e4, -1e4, 9999.5],
    [1e-30, -1e-30, 1e-45],
    [-70.0, -71.0, -90.0],
    [3e38, 3e38, 2e38],
    [16.5, 0.25, 16.25],
]
SHARES = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.25, 0.5, 0.25], [0.9375, 0.03125, 0.03125]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("beta", BETAS + [1.0])
def test_loss_and_gradient_are_those_of_fifty_digits(beta, dtype):
    unit = torch.finfo(dtype).eps
    for row in ROWS:
        for shares in SHARES:
            logits = torch.tensor([row], dtype=dtype, requires_grad=True)
            hard = 1.0 in shares
            target = torch.tensor([shares.index(1.0)]) if hard else torch.tensor([shares], dtype=dtype)
            found = GradientDecayLoss(beta)(logits, target)
            found.backward()
            right, slope = exact(logits[0].tolist(), shares, beta)
            # The shift by ln(beta) rounds by its size, a slope by as much in its exponent, the loss by its own size.
            size = max(1.0, abs(math.log(beta)))
            assert abs(found.item() - right) <= 8 * unit * max(size, float(right)), (row, shares)
            for a, b in zip(logits.grad[0].tolist(), slope, strict=True):
                assert abs(a - b) <= 8 * unit * size, (row, shares)


@pytest.mark.parametrize("beta", BETAS)
def test_consistent_probabilities_are_those_of_fifty_digits(beta):
    for row in ROWS:
        logits = torch.tensor(row, dtype=torch.float64)
        p = [mpmath.exp(mpmath.mpf(z) - max(row)) for z in row]
        p = [x / sum(p) for x in p]
        weighted = [x * (1 + (mpmath.mpf(beta) - 1) * x) for x in p]
        for a, b in zip(consistent_probabilities(logits, beta).tolist(), weighted, strict=True):
            assert abs(a - b / sum(weighted)) <= 16 * 2**-52 * max(1.0, abs(math.log(beta))), row


def test_consistent_probabilities_of_any_dimension():
    logits = torch.randn(2, 5, 3, dtype=torch.float64)
    for dim in (0, 1, 2, -1):
        p = consistent_probabilities(logits, 0.01, dim=dim)
        torch.testing.assert_close(p.sum(dim), torch.ones_like(p.sum(dim)))
        assert torch.equal(p.argsort(dim), logits.argsort(dim))
        torch.testing.assert_close(consistent_probabilities(logits, 1.0, dim=dim), torch.softmax(logits, dim))
    assert torch.autograd.gradcheck(lambda z: consistent_probabilities(z, 0.1, dim=1), logits.requires_grad_())
    assert consistent_probabilities(logits.half(), 0.1).dtype == torch.float16
    with pytest.raises(ValueError, match=r"beta is 0, but must be in \(0, 1e6\]"):
        consistent_probabilities(logits, 0.0)


def test_the_least_loss_is_where_the_consistent_probabilities_are_the_truth():
    truth = torch.tensor([[0.6, 0.3, 0.1]], dtype=torch.float64)
    for beta in (0.05, 4.0):
        logits = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([logits], max_iter=200, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe")

        def closure():
            optimizer.zero_grad()
            loss = gradient_decay_loss(logits, truth, beta)
            loss.backward()
            return loss

        optimizer.step(closure)
        torch.testing.assert_close(consistent_probabilities(logits.detach(), beta), truth, atol=1e-6, rtol=0)
        assert (torch.softmax(logits.detach(), 1) - truth).abs().max() > 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("kind", ["classes", "probabilities"])
@pytest.mark.parametrize("autocast", [False, True])
def test_the_result_has_the_type_of_cross_entropy(dtype, kind, autocast):
    logits, target = case("batch", kind, dtype)
    logits.requires_grad_()
    for criterion in (GradientDecayLoss(0.1), GradientDecayLoss(0.1, label_smoothing=0.1), GradientDecayLoss()):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            try:
                wanted = F.cross_entropy(logits, target)
            except RuntimeError as error:
                pytest.skip(f"left out: cross-entropy of this torch refuses it ({error})")
            found = criterion(logits, target)
        assert found.dtype == wanted.dtype
        found.backward()
        assert logits.grad.dtype == dtype and logits.grad.isfinite().all()


def test_in_a_half_type_it_is_computed_in_float32():
    logits, target = case("batch", "classes", torch.bfloat16)
    wanted = gradient_decay_loss(logits.float(), target, 0.01)
    assert torch.equal(gradient_decay_loss(logits, target, 0.01), wanted.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(gradient_decay_loss(logits, target, 0.01), wanted)
    # Also after the whole model, its loss among it, was made half.
    halved = GradientDecayLoss(0.01, weight=torch.ones(5)).bfloat16()
    assert torch.equal(halved(logits, target), wanted.bfloat16())


def test_a_schedule_moves_by_its_steps_and_is_saved():
    schedule = BetaSchedule.geometric(0.01, 1.0, 10)
    criterion = GradientDecayLoss(schedule=schedule, label_smoothing=0.1)
    logits, target = case("batch", "classes")
    for step in range(13):
        assert criterion.beta == schedule(step)
        assert (criterion(logits, target) - gradient_decay_loss(logits, target, schedule(step), label_smoothing=0.1)).abs() < 1e-14
        if step == 4:
            file = io.BytesIO()
            torch.save(criterion.state_dict(), file)
            copies = [copy.deepcopy(criterion), pickle.loads(pickle.dumps(criterion))]
        criterion.step()
    file.seek(0)
    restored = GradientDecayLoss(schedule=schedule)
    restored.load_state_dict(torch.load(file))
    assert restored.beta == schedule(4) and all(it.beta == schedule(4) for it in copies)
    # Without a schedule it takes the place of a cross-entropy that was saved.
    weighted = nn.CrossEntropyLoss(weight=torch.ones(5))
    GradientDecayLoss(0.1, weight=torch.ones(5)).load_state_dict(weighted.state_dict())
    constant = GradientDecayLoss(0.5)
    constant.step()
    assert constant.beta == 0.5 and "beta=0.5" in repr(constant) and "geometric" in repr(criterion)


def test_it_trains_a_network():
    torch.manual_seed(0)
    x = torch.randn(200, 4)
    y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    criterion = GradientDecayLoss(schedule=BetaSchedule.linear(0.01, 1.0, 50))
    optimizer = torch.optim.SGD(model.parameters(), 0.2, momentum=0.9)
    for _ in range(150):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        criterion.step()
    assert (model(x).argmax(1) == y).float().mean() > 0.95


def test_edges_are_those_of_cross_entropy():
    # A class that is masked out, one class alone, nothing at all, everything ignored.
    masked = torch.tensor([[1.0, -math.inf, 0.5]], dtype=torch.float64, requires_grad=True)
    loss = GradientDecayLoss(0.5)(masked, torch.tensor([0]))
    loss.backward()
    assert loss.isfinite() and masked.grad.isfinite().all()
    for smoothing in (0.0, 0.1):
        criterion = GradientDecayLoss(0.1, label_smoothing=smoothing)
        alone = torch.tensor([[3.0], [-9.0]], requires_grad=True)
        loss = criterion(alone, torch.tensor([0, 0]))
        loss.backward()
        assert loss == 0 and (alone.grad == 0).all()
        assert criterion(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)).isnan()
        assert criterion(torch.zeros(2, 3), torch.full((2,), -100)).isnan()
        wild = torch.full((2, 3), math.nan)
        assert criterion(wild, torch.tensor([0, 1])).isnan()
        for bad, target in [(torch.zeros(2, 3), torch.tensor([0, 3])), (torch.zeros(2, 3), torch.tensor([-1, 0]))]:
            with pytest.raises((IndexError, RuntimeError), match="Target .* is out of bounds"):
                criterion(bad, target)
        with pytest.raises(Exception):
            criterion(torch.zeros(2, 3), torch.tensor([0]))


def test_bad_settings_are_named():
    for arguments, kind, match in [
        (dict(beta=0.0), ValueError, r"beta is 0, but must be in \(0, 1e6\]"),
        (dict(beta=math.nan), ValueError, "beta is NaN"),
        (dict(beta="small"), TypeError, "must be real number"),
        (dict(beta=0.1, schedule=BetaSchedule.constant(1.0)), ValueError, "beta is 0.1, but must be left at 1"),
        (dict(schedule=0.1), TypeError, "the schedule is a float, but must be a BetaSchedule"),
        (dict(label_smoothing=1.5), ValueError, r"label smoothing is 1.5, but must be in \[0, 1\]"),
        (dict(reduction="average"), ValueError, "the reduction is 'average', but must be 'mean', 'sum' or 'none'"),
    ]:
        with pytest.raises(kind, match=match):
            GradientDecayLoss(**arguments)
    logits, target = case("batch", "probabilities")
    with pytest.raises(ValueError, match="probabilities as the target have the shape"):
        gradient_decay_loss(logits, target[:, :3], 0.5)
    with pytest.raises(ValueError, match="ignore_index is 2, but must be below 0"):
        gradient_decay_loss(logits, target, 0.5, ignore_index=2)


@pytest.mark.skipif(VERSION < (2, 0), reason=f"left out: torch.compile needs torch 2, and this is {torch.__version__}")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["classes", "probabilities"])
@pytest.mark.filterwarnings("default")
def test_it_compiles_whole_and_once(kind, smoothing):
    compiled = 0

    def backend(graph, _):
        nonlocal compiled
        compiled += 1
        return graph.forward

    torch._dynamo.reset()
    criterion = GradientDecayLoss(schedule=BetaSchedule.geometric(0.01, 1.0, 50), label_smoothing=smoothing)
    fast = torch.compile(criterion, fullgraph=True, backend=backend)
    logits, target = case("batch", kind)
    for _ in range(12):
        a, b = (logits.clone().requires_grad_() for _ in range(2))
        loss, wanted = fast(a, target), criterion(b, target)
        loss.backward()
        wanted.backward()
        torch.testing.assert_close(loss, wanted)
        torch.testing.assert_close(a.grad, b.grad)
        criterion.step()
    assert compiled == 1
    torch._dynamo.reset()
    function = torch.compile(lambda z: consistent_probabilities(z, 0.1), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(function(logits), consistent_probabilities(logits, 0.1))
