"""Simulated devices, and tuning."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import gradient_decay as gd

FOLLOWED = ("discriminant", "sgd")


@pytest.fixture(scope="module")
def people():
    """Samples of six people, each a little off in every feature, their labels, and who each is from."""
    rng = np.random.default_rng(0)
    person, label = np.repeat(np.arange(6), 45), np.tile(np.arange(3), 90)
    features = 10.0 + rng.uniform(-1, 1, (270, 4)) + 0.1 * person[:, None] + 1.5 * (np.arange(4) == label[:, None])
    return features, np.array(["sit", "stand", "walk"])[label], np.array([f"p{one}" for one in person])


def test_devices_learn_and_what_data_do_not_allow_is_said(people):
    x, y, who = people
    found = gd.simulate(x, y, groups=who, learners=FOLLOWED, orders=4)
    assert found.classes == ("sit", "stand", "walk") and found.left_out == {}
    assert list(found.studies) == ["new-user", "from-nothing", "class-by-class", "new-class", "wrong-labels", "user-changes"]
    study = found.studies["from-nothing"]
    assert study.labels.tolist()[:5] == [0, 5, 10, 20, 50] and list(study.outcomes) == list(FOLLOWED)
    discriminant = study.outcomes["discriminant"]
    assert discriminant.accuracy.shape == discriminant.nll.shape == discriminant.ece.shape == (4, len(study.labels))
    assert np.isnan(discriminant.accuracy[:, 0]).all() and np.isnan(discriminant.accuracy[:, -1]).all()
    assert discriminant.accuracy[:, 3].mean() > 0.6 and discriminant.ours and discriminant.ram_bytes < 500
    # To the bit: the same seeds, the same figures.
    again = gd.simulate(x, y, groups=who, learners="discriminant", scenarios="from-nothing", orders=4)
    np.testing.assert_array_equal(again.studies["from-nothing"].outcomes["discriminant"].accuracy, discriminant.accuracy)
    assert "from-nothing: accuracy in %" in str(found) and f"{100 * discriminant.accuracy[:, 3].mean():.1f}" in str(study)
    alone = gd.simulate(x, y, learners="sgd", scenarios=["new-user", "from-nothing"], orders=2)
    assert list(alone.studies) == ["from-nothing"] and "the host knows nothing" in alone.left_out["new-user"]
    assert "new-user is left out" in str(alone)


def test_a_split_a_base_and_a_head_have_their_part(people):
    x, y, who = people
    head = LogisticRegression(max_iter=1000).fit(x, y)
    split = np.where(np.arange(270) % 2 == 0, "stream", "test")
    study = {"scenarios": "new-user", "learners": "discriminant", "orders": 2}
    # Before the first label the device answers as its trained head does.
    found = gd.simulate(x, y, split=split, base=(x, y), head=head, **study).studies["new-user"]
    trained = head.score(x[split == "test"], y[split == "test"])
    sgd = gd.simulate(x, y, split=split, base=(x, y), head=gd.export(head), scenarios="new-user", learners="sgd", orders=2)
    assert abs(sgd.studies["new-user"].outcomes["sgd"].accuracy[0, 0] - trained) < 0.02
    assert found.outcomes["discriminant"].accuracy[0, 0] > 0.5
    with pytest.raises(ValueError, match="the head needs samples beside it"):
        gd.simulate(x, y, head=head, **study)
    with pytest.raises(ValueError, match="the head has 15 parameters, but for 2 classes of 4 features it must have 10"):
        gd.simulate(x, y == "sit", groups=who, head=head, **study)
    with pytest.raises(TypeError, match="the prior of a discriminant"):
        gd.simulate(x, y, groups=who, head=gd.export_prior(x, np.arange(270) % 3), **study)


def test_a_recommendation_is_within_its_budget_and_is_what_firmware_includes(people, tmp_path):
    x, y, who = people
    heard = []
    found = gd.tune(x, y, groups=who, ram=2000, target="m0", c=True, scenario="from-nothing", orders=4, progress=lambda *now: heard.append(now))
    assert found.candidate.ram_bytes <= 2000 and found.classes == ("sit", "stand", "walk") and not found.is_based
    assert found.within_budget[0] < found.within_budget[1] and len(found.chosen) == 2
    assert list(found.accuracies)[:2] == [5, 10] and all(0.3 < accuracy <= 1 for accuracy in found.accuracies.values())
    assert heard[-1][0] == heard[-1][1] > 0 and heard == sorted(heard)
    assert "pub const FEATURES: usize = 4;" in found.rust and "gd_tuned_init" in found.c and "version = 1" in found.toml
    assert "by `gradient_decay.tune` for features, from-nothing" in found.rust
    assert str(found).startswith("from-nothing") and "Recommended: " + found.candidate.learner in str(found)
    # Its file takes part, and so do its text and its path.
    (tmp_path / "tuned.toml").write_text(found.toml)
    for settings in (found, found.toml, tmp_path / "tuned.toml"):
        again = gd.simulate(x, y, groups=who, settings=settings, scenarios="from-nothing", learners="sgd", orders=2)
        assert list(again.studies["from-nothing"].outcomes) == ["tuned", "sgd"]
    with pytest.raises(ValueError, match="for 4 features and 3 classes, but the data have 4 and 2"):
        gd.simulate(x, y == "sit", settings=found, scenarios="from-nothing", orders=2)
    based = gd.tune(x, y, groups=who, ram=300, orders=2)
    assert based.is_based and (based.c is None) == (based.candidate.learner == "discriminant+residual")


def test_progress_is_a_line_that_goes_away(people, capsys):
    x, y, _ = people
    gd.simulate(x, y, learners=FOLLOWED, scenarios="from-nothing", orders=40, progress=True)
    said = capsys.readouterr().err
    assert "from-nothing: " in said and " runs" in said and said.endswith(" \r")


def test_what_progress_raises_stops_the_work(people):
    x, y, who = people

    def refuse(done, expected):
        raise RuntimeError(f"enough of {expected}")

    start = time.monotonic()
    with pytest.raises(RuntimeError, match="enough of"):
        gd.simulate(x, y, groups=who, scenarios="new-user", orders=10_000, progress=refuse)
    assert time.monotonic() - start < 60
    with pytest.raises(TypeError):
        gd.tune(x, y, orders=2, progress=lambda: None)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_stops_the_work(people):
    x, y, who = people
    # A process that a shell starts in the background ignores interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            gd.simulate(x, y, groups=who, scenarios="new-user", orders=10_000)
        # Without the interrupt it takes minutes.
        assert time.monotonic() - start < 60
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_go_on(people):
    x, y, _ = people
    counted = [0]
    ended = threading.Event()

    def count():
        while not ended.wait(0.001):
            counted[0] += 1

    other = threading.Thread(target=count)
    other.start()
    gd.simulate(x, y, scenarios="from-nothing", learners="logistic-refit", orders=20)
    during = counted[0]
    ended.set()
    other.join()
    assert during > 3


def test_bad_input_is_named(people):
    x, y, who = people
    hole = x.copy()
    hole[3, 1] = np.nan
    for arguments, options, kind, match in [
        ((hole, y), {}, ValueError, "sample 3: feature 1 is NaN, but must be finite"),
        ((x[0], y), {}, ValueError, "the features have 1 dimensions"),
        ((x[:0], y[:0]), {}, ValueError, "they are empty"),
        ((x, y[:5]), {}, ValueError, r"the labels have the shape \(5,\), but there must be one for each of 270 samples"),
        ((x, x[:, 0]), {}, ValueError, "the labels are fractions or NaN"),
        ((x, np.ones(270, int)), {}, ValueError, "all 270 samples are of one class, 1"),
        ((x[:5], y[:5]), {}, ValueError, "class sit has 2 samples, but must have at least 4"),
        ((x, y), {"groups": who[:4]}, ValueError, r"the groups have the shape \(4,\)"),
        ((x, y), {"groups": np.full(270, "ann")}, ValueError, "all samples are of one group, ann"),
        ((x, y), {"split": np.full(270, "dev")}, ValueError, "the split of sample 0 is 'dev'"),
        ((x, y), {"base": (x[:, :3], y)}, ValueError, "the base has 3 features a sample, but the samples have 4"),
        ((x, y), {"base": (x[y != "sit"], y[y != "sit"])}, ValueError, "the base has the labels"),
        ((x, y), {"base": x}, TypeError, "the base is no pair of features and labels"),
        ((x, y), {"orders": 1}, ValueError, "orders is 1, but must be from 2 to 10000"),
    ]:
        for function in (gd.simulate, gd.tune):
            with pytest.raises(kind, match=match):
                function(*arguments, **options)
    for options, kind, match in [
        ({"scenarios": "newuser"}, ValueError, "the scenario is 'newuser', but must be one of new-user, "),
        ({"learners": ["sgd", "adam"]}, ValueError, "the learner is 'adam', but must be one of discriminant, "),
        ({"standardize": -1}, ValueError, "standardize is -1"),
        ({"settings": 3}, TypeError, "the settings are a int"),
        ({"settings": "version = 2"}, ValueError, "missing field"),
    ]:
        with pytest.raises(kind, match=match):
            gd.simulate(x, y, **options)
    for options, match in [
        ({"target": "m5"}, 'the target is "m5", but must be one of m4f, '),
        ({"ram": 10}, "nothing is within the budget"),
        ({"ram": -1}, "the bytes of RAM are -1"),
        ({"scenario": "new-user"}, "new-user cannot be tuned for: there is neither"),
        ({"scenario": "never"}, 'the scenario is "never"'),
    ]:
        with pytest.raises(ValueError, match=match):
            gd.tune(x, y, **options)


def test_a_simulation_needs_no_scikit_learn():
    program = "import sys, gradient_decay; gradient_decay.simulate; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
