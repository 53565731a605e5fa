"""The loss over NumPy arrays, and schedules."""

import copy
import pickle

import mpmath
import numpy as np
import pytest

import gradient_decay as gd

mpmath.mp.dps = 50

BETAS = [1e-30, 1e-4, 0.01, 0.5, 1.0, 2.0, 20.0, 1e6]
ROWS = [
    [0.0, 0.0, 0.0],
    [2.0, 1.0, -1.0],
    [40.0, -40.0, 3.0],
    [1e4, -1e4, 9999.5],
    [1e-30, -1e-30, 1e-45],
    [-70.0, -71.0, -90.0],
    [16.5, 0.25, 16.25],
]


def exact(logits, target, beta):
    z, beta = [mpmath.mpf(float(x)) for x in logits], mpmath.mpf(float(np.float32(beta)))
    own = beta * mpmath.exp(z[target])
    total = own + sum(mpmath.exp(x) for i, x in enumerate(z) if i != target)
    gradient = [(own if i == target else mpmath.exp(x)) / total - (i == target) for i, x in enumerate(z)]
    return mpmath.log(total / own), gradient


def exact_consistent(logits, beta):
    z, beta = [mpmath.mpf(float(x)) for x in logits], mpmath.mpf(float(np.float32(beta)))
    e = [mpmath.exp(x) for x in z]
    p = [x / sum(e) for x in e]
    weighted = [x * (1 + (beta - 1) * x) for x in p]
    return [x / sum(weighted) for x in weighted]


@pytest.mark.parametrize("beta", BETAS)
def test_loss_and_probabilities_are_those_of_fifty_digits(beta):
    logits = np.array(ROWS, np.float32)
    for target in range(3):
        losses, gradient = gd.loss_and_gradient(logits, [target] * len(ROWS), beta)
        for row, loss, slope in zip(logits, losses, gradient, strict=True):
            right, right_slope = exact(row, target, beta)
            # The margin -ln(beta), and logits, are rounded to f32.
            size = max(1.0, float(np.abs(row).max()), abs(float(mpmath.log(beta))))
            assert abs(loss - right) <= 3e-7 * size, (row, target)
            assert all(abs(a - b) <= 3e-7 * size for a, b in zip(slope, right_slope, strict=True)), (row, target)
    for row, found in zip(logits, gd.consistent_probabilities(logits, beta), strict=True):
        size = max(1.0, float(np.abs(row).max()))
        assert all(abs(a - b) <= 1e-6 * size for a, b in zip(found, exact_consistent(row, beta), strict=True)), row


def test_bad_logits_and_targets_are_named():
    good = np.zeros((2, 3))
    for call, kind, match in [
        (lambda: gd.loss_and_gradient(good, [0, 3]), ValueError, "sample 1: the target is 3, but must be below the number of classes, 3"),
        (lambda: gd.loss_and_gradient(good, [0, -1]), ValueError, "the target is -1, but must be a class"),
        (lambda: gd.loss_and_gradient(good, [0.0, 1.0]), TypeError, "targets are of type float64, but must be whole numbers"),
        (lambda: gd.loss_and_gradient(good, [[0], [1]]), ValueError, "targets have 2 dimensions, but must have 1"),
        (lambda: gd.loss_and_gradient(good, [0]), ValueError, "targets has length 1, but must have length 2"),
        (lambda: gd.loss_and_gradient(good[0], [0]), ValueError, "logits have 1 dimensions, but must have 2"),
        (lambda: gd.loss_and_gradient(np.zeros((2, 0)), [0, 0]), ValueError, "has length 0"),
        (lambda: gd.loss_and_gradient(good * np.nan, [0, 0]), ValueError, "sample 0: element 0 of logits is NaN or infinite"),
        (lambda: gd.loss_and_gradient(good, [0, 0], beta=-1), ValueError, r"beta is -1, but must be in \(0, 1e6\]"),
        (lambda: gd.consistent_probabilities(good, 0), ValueError, r"beta is 0, but must be in \(0, 1e6\]"),
        (lambda: gd.consistent_probabilities(good, "small"), TypeError, "must be real number"),
    ]:
        with pytest.raises(kind, match=match):
            call()
    assert gd.consistent_probabilities(np.zeros((0, 3)), 1.0).shape == (0, 3)


def test_a_schedule_goes_from_its_start_to_its_end():
    linear, geometric = gd.BetaSchedule.linear(0.25, 1.25, 10), gd.BetaSchedule("geometric", 0.01, 1.0, 10)
    assert [linear(step) for step in (0, 5, 10, 99)] == [0.25, 0.75, 1.25, 1.25]
    assert geometric(5) == pytest.approx(0.1, rel=1e-6) and geometric(10) == 1.0
    assert gd.BetaSchedule.constant(3.0)(0) == 3.0
    assert (linear.shape, linear.start, linear.end, linear.steps) == ("linear", 0.25, 1.25, 10)
    assert linear != geometric and linear == gd.BetaSchedule("linear", 0.25, 1.25, 10)
    for copied in (copy.deepcopy(geometric), pickle.loads(pickle.dumps(geometric)), eval(repr(geometric), vars(gd))):
        assert copied == geometric and hash(copied) == hash(geometric)


def test_bad_schedules_are_named():
    for arguments, kind, match in [
        (("cubic", 0.1, 1.0, 10), ValueError, 'the shape of a schedule is "cubic", but must be "linear" or "geometric"'),
        (("linear", 0.0, 1.0, 10), ValueError, r"beta is 0, but must be in \(0, 1e6\]"),
        (("geometric", 1e-37, 1e6, 10), ValueError, "the ratio of the schedule's betas"),
        (("linear", 0.1, 1.0, -1), ValueError, "a count is -1, but must be in"),
        (("linear", 0.1, 1.0, 1.5), TypeError, "float"),
        ((1, 0.1, 1.0, 10), TypeError, "int"),
    ]:
        with pytest.raises(kind, match=match):
            gd.BetaSchedule(*arguments)
