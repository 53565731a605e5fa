"""The bits of a device: `golden.json` is made by `tests/tests/python.rs` with the heads that firmware has."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

import gradient_decay as gd

CLASSES, FEATURES, SAMPLES = 4, 6, 200
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())


def features(start, stop):
    i, j = np.arange(start, stop)[:, None], np.arange(FEATURES)
    noise = ((i * 37 + j * 23 + i * j) % 64) / 32 - 1
    return (noise + 1.5 * (j == classes(start, stop)[:, None])).astype(np.float32)


def classes(start, stop):
    i = np.arange(start, stop)
    return (i * i + i // 3) % CLASSES


def bits(values):
    assert values.dtype == np.float32
    return values.astype(">f4").tobytes().hex()


SETTINGS = {
    "plain": gd.HeadClassifier(learning_rate=0.05),
    "momentum": gd.HeadClassifier(
        schedule=gd.BetaSchedule.geometric(0.01, 1.0, 50), learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    ),
    "options": gd.HeadClassifier(
        0.5, learning_rate=0.25, clip_norm=0.75, label_smoothing=0.1, class_weight={0: 1.0, 1: 2.0, 2: 0.5, 3: 1.0}
    ),
}


def assert_says(name, estimator):
    x = features(SAMPLES, SAMPLES + 8)
    assert bits(estimator.decision_function(x)) == GOLDEN[f"{name} logits"]
    assert bits(estimator.set_params(temperature=1.5).predict_proba(x)) == GOLDEN[f"{name} probabilities"]


def assert_answers(name, estimator):
    assert_says(name, estimator)
    assert estimator.checkpoint().hex() == GOLDEN[f"{name} checkpoint"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_head_is_trained_to_the_bits_of_the_device(name):
    x, y = features(0, SAMPLES), classes(0, SAMPLES)
    whole = SETTINGS[name].set_params(max_iter=1, shuffle=False).fit(x, y)
    assert_answers(name, whole)
    # In pieces, as the samples arrive.
    pieces = gd.HeadClassifier(**{**whole.get_params(), "temperature": 1.0})
    for i in range(0, SAMPLES, 7):
        pieces.partial_fit(x[i : i + 7], y[i : i + 7], classes=range(CLASSES))
    assert_answers(name, pieces)
    assert pieces.steps_ == SAMPLES


def trained(scaler=None):
    """A trained head of all classes but the last."""
    i, j = np.arange(CLASSES - 1)[:, None], np.arange(FEATURES)
    weights = ((i * 5 + j * 3) % 8) / 16 - 0.25 + (i == j)
    return gd.export((weights, np.arange(CLASSES - 1) / 4 - 0.25), scaler=scaler)


def units():
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = np.arange(FEATURES) / 8, 0.5 + np.arange(FEATURES) / 8
    return scaler


LDA = {"prior_samples": 8, "prior_variance": 0.25, "ridge": 0.01, "most": 40}
NOVELTY = {"temperature": 1.5, "threshold": 0.5, "novelty": True, "deviations": 1.0}
DISCRIMINANTS = {
    "discriminant": gd.DiscriminantClassifier(**LDA),
    "neighbours": gd.NeighboursClassifier(**LDA, slots=5, seed=7),
    "novelty": gd.DiscriminantClassifier(**LDA, **NOVELTY),
    "neighbours and novelty": gd.NeighboursClassifier(**LDA, **NOVELTY, slots=5, quantized=False, seed=1),
    "mixed": gd.DiscriminantClassifier(**LDA, head=trained()),
    "mixed neighbours": gd.NeighboursClassifier(**LDA, slots=5, seed=7, head=trained(units())),
    "mixed neighbours and novelty": gd.NeighboursClassifier(
        **LDA, **NOVELTY, slots=5, quantized=False, seed=1, head=trained(), head_classes=range(CLASSES - 1)
    ),
}


def teach(estimator, samples, step=SAMPLES):
    """Learns the first samples, so many at a time, and takes the last ten back."""
    x, y = features(0, samples), classes(0, samples)
    for i in range(0, samples, step):
        estimator.partial_fit(x[i : i + step], y[i : i + step], classes=range(CLASSES))
    return estimator.unlearn(x[: samples - 11 : -1], y[: samples - 11 : -1])


def assert_knows(name, estimator):
    x = features(SAMPLES, SAMPLES + 17)
    x, following = x[:-1], x[1:]
    x[1::4] = (x[1::4] + following[1::4]) / 2
    x[3::4] *= 4
    labels, probabilities, reasons = estimator.answer(x)
    assert ", ".join(f"{c} {r}".strip() for c, r in zip(labels, reasons, strict=True)) == GOLDEN[f"{name} answers"]
    assert bits(probabilities) == GOLDEN[f"{name} answered"]


def test_a_discriminant_learns_to_the_bits_of_the_device():
    it = teach(clone(DISCRIMINANTS["discriminant"]), SAMPLES)
    it.discount(64, 3).partial_fit(features(0, 20), classes(0, 20))
    assert_answers("discriminant", it)


@pytest.mark.parametrize("step", [1, 7, SAMPLES])
def test_kept_samples_count_to_the_bits_of_the_device(step):
    it = clone(DISCRIMINANTS["neighbours"]).fit(features(0, 20), classes(0, 20)).discount(64, 3)
    assert_answers("neighbours", teach(it, SAMPLES, step))
    assert bits(it.weights_) == GOLDEN["neighbours weights"]


def test_a_trained_head_is_mixed_in_to_the_bits_of_the_device():
    it, x, y = clone(DISCRIMINANTS["mixed"]), features(0, 20), classes(0, 20)
    assert_says("untaught", it.partial_fit(x[:0], y[:0], classes=range(CLASSES)).set_params(temperature=1.0))
    teach(it, SAMPLES, 7).discount(64, 3).partial_fit(x, y)
    assert_answers("mixed", pickle.loads(pickle.dumps(it)))


@pytest.mark.parametrize("step", [1, SAMPLES])
def test_kept_samples_stand_on_a_trained_head_to_the_bits_of_the_device(step):
    it = teach(clone(DISCRIMINANTS["mixed neighbours"]), 60, step)
    assert_answers("mixed neighbours", it)
    assert bits(it.weights_) == GOLDEN["mixed neighbours weights"]
    it = teach(clone(DISCRIMINANTS["mixed neighbours and novelty"]), 60, step)
    assert_knows("mixed neighbours and novelty", it)
    assert_answers("mixed neighbours and novelty", it)


@pytest.mark.parametrize("copied", [lambda it: it, lambda it: pickle.loads(pickle.dumps(it))], ids=["itself", "pickle"])
def test_what_is_far_is_refused_to_the_bits_of_the_device(copied):
    it = copied(teach(clone(DISCRIMINANTS["novelty"]), SAMPLES, 7))
    teach(it.discount(64, 3), 60)
    assert_knows("novelty", it)
    assert_answers("novelty", it)
    it = copied(teach(clone(DISCRIMINANTS["neighbours and novelty"]), SAMPLES, 9))
    assert_knows("neighbours and novelty", it)
    assert_answers("neighbours and novelty", it)


def test_a_checkpoint_of_the_device_is_read():
    x, y = features(0, SAMPLES), classes(0, SAMPLES)
    for name, estimator in [("momentum", SETTINGS["momentum"]), *DISCRIMINANTS.items()]:
        new = type(estimator)(**{**estimator.get_params(), "temperature": 1.0})
        new.partial_fit(x[:5], y[:5], classes=range(CLASSES)).restore(bytes.fromhex(GOLDEN[f"{name} checkpoint"]))
        assert_answers(name, new)


def test_the_loss_has_the_bits_of_the_device():
    logits = features(0, 8)
    losses, gradient = gd.loss_and_gradient(logits, classes(0, 8), beta=0.25)
    assert bits(losses) == GOLDEN["losses"]
    assert bits(gradient) == GOLDEN["gradients"]
    assert bits(gd.consistent_probabilities(logits, 0.25)) == GOLDEN["consistent probabilities"]
