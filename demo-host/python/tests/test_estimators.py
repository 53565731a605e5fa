"""The scikit-learn estimators."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import gradient_decay as gd

ESTIMATORS = [gd.HeadClassifier(random_state=0), gd.DiscriminantClassifier(), gd.NeighboursClassifier()]
KNOWING = [gd.DiscriminantClassifier(novelty=True), gd.NeighboursClassifier(novelty=True, quantized=False)]


def named(estimator):
    return type(estimator).__name__ + (" with novelty" if getattr(estimator, "novelty", False) else "")


@pytest.fixture(params=ESTIMATORS, ids=named)
def estimator(request):
    return clone(request.param)


@pytest.fixture(params=ESTIMATORS + KNOWING, ids=named)
def any_estimator(request):
    return clone(request.param)


@pytest.fixture(params=ESTIMATORS[1:] + KNOWING, ids=named)
def discriminant(request):
    return clone(request.param)


def state(estimator):
    """All that there is to an estimator."""
    kept = {name: value for name, value in vars(estimator).items() if name != "head_"}
    return pickle.dumps(kept), estimator.checkpoint() if hasattr(estimator, "head_") else None


@pytest.mark.filterwarnings("default")
def test_scikit_learn_checks_pass_and_none_is_left_out(any_estimator, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    import pandas  # Its absence would leave checks out.

    assert pandas
    results = check_estimator(any_estimator, on_skip=None, on_fail=None)
    others = [(r["check_name"], r["status"], r["exception"]) for r in results if r["status"] != "passed"]
    assert len(results) > 50 and others == []


def test_they_learn(estimator, iris):
    x, y = iris
    model = estimator.fit(x[:100], y[:100])
    assert model.score(x[100:], y[100:]) > 0.9
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    probabilities = model.predict_proba(x)
    assert np.allclose(probabilities.sum(1), 1, atol=1e-6)
    assert (model.classes_[probabilities.argmax(1)] == model.predict(x)).all()
    assert (model.decision_function(x).argmax(1) == probabilities.argmax(1)).all()


def test_two_classes_have_one_decision(estimator, iris):
    x, y = iris
    two = y != "setosa"
    model = estimator.fit(x[two], y[two])
    decision = model.decision_function(x[two])
    assert decision.shape == (two.sum(),)
    assert ((decision > 0) == (model.predict(x[two]) == "virginica")).all()


def test_a_label_below_the_threshold_is_unknown_and_says_why(estimator, iris):
    x, y = iris
    model = estimator.fit(x, y)
    certain = model.predict(x)
    model.set_params(threshold=0.9)
    labels, probabilities, reasons = model.answer(x)
    assert (labels == certain).all()
    assert ((probabilities < 0.9) == (reasons == "between")).all()
    assert 0 < (reasons == "between").sum() < len(x) and set(reasons) == {"", "between"}
    # The most probable class, unless there is a label for what is unknown; of another type than the others too.
    assert (model.predict(x) == certain).all()
    for unknown in ["a label that is longer than any other", -1]:
        predicted = model.set_params(unknown=unknown).predict(x)
        assert all(a == unknown if r else a == b for a, b, r in zip(predicted, certain, reasons, strict=True))


def test_a_class_without_samples_has_no_probability(discriminant, iris):
    x, y = iris
    model = discriminant.partial_fit(x[:20], y[:20], classes=["another", *np.unique(y)])
    assert model.counts_[0] == 0 and (model.predict_proba(x)[:, 0] == 0).all()
    assert (model.decision_function(x)[:, 0] == -np.inf).all()
    model.partial_fit(x[:1], ["another"])
    assert model.predict(x[:1]) == "another" or model.counts_[0] == 1


def test_a_wrong_label_is_taken_back(iris):
    x, y = iris
    model = gd.DiscriminantClassifier().fit(x[:50], y[:50])
    before = model.decision_function(x)
    wrong = np.roll(y, 1)
    model.partial_fit(x[50:60], wrong[50:60])
    after = model.decision_function(x)
    model.unlearn(x[50:60], wrong[50:60])
    assert np.abs(after - before).max() > 0.1
    assert np.abs(model.decision_function(x) - before).max() < 1e-3 * np.ptp(before)
    with pytest.raises(ValueError, match="cannot have been learned"):
        gd.DiscriminantClassifier().partial_fit(x[:1], y[:1], classes=np.unique(y)).unlearn(x[:2], y[:2])


def test_kept_samples_find_classes_that_no_plane_divides():
    random = np.random.default_rng(0)
    x = random.normal(0, 0.3, (400, 2)) + np.repeat([[1, 1], [-1, -1], [1, -1], [-1, 1]], 100, axis=0)
    y = np.repeat([0, 0, 1, 1], 100)
    order = random.permutation(400)
    x, y = x[order], y[order]
    for kept in ({}, {"quantized": False}, {"slots": 3, "seed": 2}):
        model = gd.NeighboursClassifier(**kept).fit(x[:200], y[:200])
        assert model.score(x[200:], y[200:]) > 0.95, kept
        of_discriminant, of_kept = model.weights_
        assert of_kept > of_discriminant and model.weights_.dtype == np.float32
    assert gd.DiscriminantClassifier().fit(x[:200], y[:200]).score(x[200:], y[200:]) < 0.8


def test_another_user_finds_no_samples_of_the_one_before(iris):
    x, y = iris
    model = gd.NeighboursClassifier(novelty=True).fit(x, y)
    assert (model.answer(x + 50).reasons == "far").all()
    model.discount(64, 3)
    assert (model.weights_ == gd.NeighboursClassifier().fit(x[:1], y[:1]).weights_).all()
    assert (model.answer(x + 50).reasons == "").all()
    # The discriminant alone is left.
    other = gd.DiscriminantClassifier().fit(x, y).discount(64, 3)
    assert (other.predict(x) == model.predict(x)).all()


@pytest.mark.parametrize("estimator", KNOWING, ids=named)
def test_what_is_far_is_unknown_however_sure_the_softmax_is(estimator, iris):
    x, y = iris
    known = y != "setosa"
    model = clone(estimator).set_params(unknown="another", deviations=2.0).fit(x[known][:60], y[known][:60])
    labels, probabilities, reasons = model.answer(np.vstack([x[known][60:], x[~known]]))
    rest = known.sum() - 60
    assert (reasons[:rest] == "").mean() > 0.8 and (reasons[rest:] == "far").mean() > 0.9
    assert (probabilities[rest:] > 0.9).mean() > 0.5
    assert (model.predict(x[~known]) == "another").mean() > 0.9
    # Fewer deviations refuse more; those of the core are the default.
    refused = [(model.set_params(deviations=d).answer(x[known]).reasons != "").sum() for d in (-3.0, 0.5, 30.0)]
    assert refused[0] > refused[1] > refused[2] == 0
    _, _, reasons = model.head_.answers(x, 1.0, 0.0)
    assert ((model.set_params(deviations=type(model)().deviations).answer(x).reasons != "") == (reasons > 0)).all()
    with pytest.raises(ValueError, match=r"the number of deviations is 31, but must be in \[-3, 30\]"):
        model.set_params(deviations=31).predict(x)


@pytest.mark.parametrize("estimator", ESTIMATORS[2:] + KNOWING, ids=named)
def test_a_checkpoint_of_a_discriminant_alone_is_a_start(estimator, iris):
    x, y = iris
    plain = gd.DiscriminantClassifier().fit(x, y)
    model = clone(estimator).fit(x[:30], y[:30]).restore(plain.checkpoint())
    assert (model.predict_proba(x) == plain.predict_proba(x)).all()
    assert (model.answer(x + 50).reasons == "").all()
    # The samples learned since are in a checkpoint from which a discriminant takes its own part.
    whole = model.partial_fit(x, y).checkpoint()
    assert len(whole) > len(plain.checkpoint())
    other = gd.DiscriminantClassifier().fit(x, y).partial_fit(x, y)
    assert (plain.restore(whole).predict_proba(x) == other.predict_proba(x)).all()


def test_temperature_and_threshold_are_saved_with_the_distances(iris):
    model = gd.DiscriminantClassifier(novelty=True).fit(*iris)
    saved = model.checkpoint()
    assert model.set_params(temperature=2.0).checkpoint() != saved
    assert model.restore(saved).temperature == 2.0
    with pytest.raises(ValueError, match="the temperature is 0"):
        model.set_params(temperature=0.0).checkpoint()


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_goes_on_to_the_same_bits(any_estimator, iris, copied):
    x, y = iris
    estimator = any_estimator
    if isinstance(estimator, gd.HeadClassifier):
        estimator.set_params(momentum=0.9, schedule=gd.BetaSchedule.linear(0.01, 1.0, 300))
    model = estimator.partial_fit(x[:60], y[:60], classes=np.unique(y))
    other = copied(model)
    assert state(other) == state(model)
    for it in (model, other):
        it.partial_fit(x[60:], y[60:])
    assert state(other) == state(model)
    assert (other.predict_proba(x) == model.predict_proba(x)).all()


def test_they_stand_in_a_pipeline_and_a_search():
    x, y = load_digits(return_X_y=True)
    x, y = x[:600], y[:600]
    grid = {"headclassifier__beta": [0.1, 1.0], "headclassifier__schedule": [None]}
    search = GridSearchCV(make_pipeline(StandardScaler(), gd.HeadClassifier(max_iter=3, random_state=1)), grid, cv=2)
    assert search.fit(x, y).best_score_ > 0.8


def test_arrays_of_the_right_type_are_read_in_place(estimator, iris):
    x, y = iris
    model = estimator.fit(x, y)
    assert np.shares_memory(model._features(x), x)
    assert np.shares_memory(model._features(x[10:20]), x)
    # Others are copied, to the same answers.
    assert (model.predict_proba(np.asfortranarray(x)) == model.predict_proba(x)).all()
    assert (model.predict_proba(x.astype(np.float64)) == model.predict_proba(x)).all()


def test_the_interpreter_goes_on_while_the_core_works(estimator):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(3000, 200)).astype(np.float32), random.integers(0, 20, 3000)
    span, ticks = [], []

    def learn():
        model = estimator.partial_fit(x[:1], y[:1], classes=range(20))
        head, labels = model.head_, y.astype(np.uint32)
        settings = model._lda() if isinstance(model, gd.DiscriminantClassifier) else model._tuner(model.classes_, y)
        span.append(time.perf_counter())
        for _ in range(5):
            head.learn(settings, x, labels)
        span.append(time.perf_counter())

    thread = threading.Thread(target=learn)
    thread.start()
    while thread.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(1e-4)
    assert sum(span[0] < tick < span[1] for tick in ticks) > 20


def test_predictions_run_beside_each_other(estimator, iris):
    x, y = iris
    model = estimator.fit(x, y)
    expected, found = model.predict_proba(x), []
    threads = [threading.Thread(target=lambda: found.append(model.predict_proba(x))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all((p == expected).all() for p in found)


def wrong_samples(x, y):
    nan, large = x[:9].copy(), x[:9].astype(np.float64)
    nan[5, 2], large[7, 0] = np.nan, 1e300
    yield nan, y[:9], ValueError, "sample 5: element 2 of features is NaN or infinite, but must be finite"
    yield large, y[:9], ValueError, "sample 7: element 0 of features is NaN or infinite, but must be finite"
    yield x[:9], y[:8], ValueError, "inconsistent numbers of samples"
    yield x[:9, :3], y[:9], ValueError, "3 features, but .* is expecting 4 features"
    yield x[:9], ["rosa"] * 9, ValueError, "y has the label .*rosa.*, but must have labels among the classes"
    yield x[:9], np.linspace(0, 1, 9), ValueError, "Unknown label type"
    yield [["a"] * 4] * 9, y[:9], ValueError, "could not convert"
    yield x[0], y[:1], ValueError, "Expected 2D array"


def test_bad_samples_change_nothing(any_estimator, iris):
    x, y = iris
    model = any_estimator.fit(x, y)
    before = state(model)
    for bad_x, bad_y, kind, match in wrong_samples(x, y):
        with pytest.raises(kind, match=match):
            model.partial_fit(bad_x, bad_y)
        assert state(model) == before
    for bad_x in [x[:0], np.full_like(x, np.inf), x[:, :2]]:
        for method in (model.predict, model.predict_proba, model.decision_function, model.answer):
            with pytest.raises(ValueError):
                method(bad_x)
        with pytest.raises(ValueError):
            model.fit(bad_x, y[: len(bad_x) - 1])
        assert state(model) == before
    with pytest.raises(ValueError, match="those of the first call"):
        model.partial_fit(x, y, classes=["a", "b"])
    with pytest.raises(ValueError, match="the CRC of the checkpoint"):
        model.restore(model.checkpoint()[:-1] + b"\0")
    with pytest.raises(ValueError, match="the bytes start with"):
        model.restore(b"no checkpoint, but long enough")
    with pytest.raises(TypeError):
        model.restore("text")
    assert state(model) == before


HEAD_SETTINGS = [
    ({"beta": 0.0}, "beta is 0, but must be in (0, 1e6]"),
    ({"beta": float("nan")}, "beta is NaN, but must be in (0, 1e6]"),
    ({"learning_rate": -1.0}, "the learning rate is -1, but must be in (0, 1e6]"),
    ({"momentum": 1.0}, "the momentum is 1, but must be in [0, 1)"),
    ({"weight_decay": -1.0}, "the weight decay is -1, but must be in [0, 1 / learning rate]"),
    ({"clip_norm": 0.0}, "the clip norm is 0, but must be in [1e-6, 1e6]"),
    ({"label_smoothing": 2.0}, "label smoothing is 2, but must be in [0, 1]"),
    ({"class_weight": {"setosa": -1.0}}, "the weight of a class is -1, but must be in [0, 1e6]"),
    ({"beta": 0.5, "schedule": gd.BetaSchedule.constant(0.1)}, "beta is 0.5, but must be left at 1 where a schedule says what it is"),
    ({"schedule": "linear"}, "the schedule is a str, but must be a BetaSchedule"),
    ({"learning_rate": "fast"}, "must be real number, not str"),
]
DISCRIMINANT_SETTINGS = [
    ({"prior_samples": 0.0}, "the samples of the prior is 0, but must be in [1e-3, 1e6]"),
    ({"prior_variance": 1e9}, "the variance of the prior is 1000000000, but must be in [1e-6, 1e6]"),
    ({"ridge": -0.1}, "the ridge is -0.1, but must be in [0, 1]"),
    ({"most": -1}, "a count is -1, but must be in [0, 4294967295]"),
]


@pytest.mark.parametrize(
    ("estimator", "settings", "sentence"),
    [(gd.HeadClassifier, *case) for case in HEAD_SETTINGS]
    + [(it, *case) for it in (gd.DiscriminantClassifier, gd.NeighboursClassifier) for case in DISCRIMINANT_SETTINGS],
)
def test_a_bad_setting_is_named_by_the_core_and_changes_nothing(iris, estimator, settings, sentence):
    x, y = iris
    model = estimator().fit(x, y)
    before = vars(model).copy()
    model.set_params(**settings)
    checkpoint = model.checkpoint()
    for method in (model.fit, model.partial_fit):
        with pytest.raises((ValueError, TypeError)) as raised:
            method(x[:20], y[:20])
        assert sentence in str(raised.value)
    assert model.checkpoint() == checkpoint
    assert vars(model).keys() == before.keys()


@pytest.mark.parametrize("settings", [{"slots": 0}, {"slots": 2**32}, {"seed": -1}, {"seed": 2**32}])
def test_kept_samples_have_a_number_and_a_seed(iris, settings):
    [(name, value)] = settings.items()
    model = gd.NeighboursClassifier(**settings)
    with pytest.raises(ValueError, match=f"{name} is {value}, but must be in .[01], 4294967295"):
        model.fit(*iris)
    # More bytes than there are addresses.
    with pytest.raises(MemoryError, match="numbers do not fit into memory"):
        model.set_params(seed=1, slots=2**32 - 1).partial_fit(np.zeros((1, 4000)), [0], classes=range(40))


@pytest.mark.parametrize("settings", [{"slots": 5}, {"seed": 5}, {"quantized": False}, {"novelty": True}])
def test_what_makes_a_head_stays_until_there_is_a_new_one(iris, settings):
    x, y = iris
    model = gd.NeighboursClassifier().fit(x, y)
    before = model.checkpoint()
    model.set_params(**settings)
    [(name, value)] = settings.items()
    with pytest.raises(ValueError, match=f"{name} is {value}, but must stay .*, as at the first sample: fit makes a new head"):
        model.partial_fit(x, y)
    assert model.checkpoint() == before
    assert model.fit(x, y).partial_fit(x, y).counts_.sum() == 2 * len(x)


def test_no_pass_is_refused(iris):
    with pytest.raises(ValueError, match="max_iter is 0, but must be at least 1"):
        gd.HeadClassifier(max_iter=0).fit(*iris)


def test_a_bad_read_out_is_named():
    x, y = load_iris(return_X_y=True)
    model = gd.HeadClassifier().fit(x, y)
    with pytest.raises(ValueError, match=r"the temperature is 0, but must be in \[0.01, 100\]"):
        model.set_params(temperature=0.0).predict_proba(x)
    with pytest.raises(ValueError, match=r"a probability is 2, but must be in \[0, 1\]"):
        model.set_params(temperature=1.0, threshold=2.0).predict(x)


def test_what_is_not_fitted_says_so(estimator, iris):
    with pytest.raises(ValueError, match="not fitted"):
        estimator.predict(iris[0])
    with pytest.raises(ValueError, match="not fitted"):
        estimator.checkpoint()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        estimator.partial_fit(*iris)


def test_a_step_that_leaves_the_range_takes_back_those_before_it(iris):
    x, y = iris
    model = gd.HeadClassifier().fit(x, y)
    before = state(model)
    far = x[:9].copy()
    far[8] = 3e38
    with pytest.raises(ValueError, match="sample 8: .*range|sample 8: .*NaN or infinite"):
        model.partial_fit(far, y[:9])
    assert state(model) == before
    with pytest.raises(ValueError, match=r"a feature of a discriminant is .*, but must be in \[-1e6, 1e6\]"):
        gd.DiscriminantClassifier().fit(far, y[:9])


def test_consistent_probabilities_undo_the_bias_of_the_loss(iris):
    x, y = iris
    model = gd.HeadClassifier(0.01, random_state=0).fit(x, y)
    softmax = model.predict_proba(x)
    consistent = model.set_params(consistent=True).predict_proba(x)
    assert (consistent == gd.consistent_probabilities(model.decision_function(x), 0.01)).all()
    assert consistent.max(1).mean() < softmax.max(1).mean()


def test_coefficients_are_those_of_the_decision(iris):
    x, y = iris
    model = gd.HeadClassifier(random_state=0).fit(x, y)
    assert model.coef_.shape == (3, 4) and model.intercept_.shape == (3,) and model.n_iter_ == 20
    assert np.allclose(model.decision_function(x), x @ model.coef_.T + model.intercept_, atol=1e-5)
    weighted = gd.HeadClassifier(class_weight="balanced", random_state=0).fit(x[y != "setosa"][:40], y[y != "setosa"][:40])
    with pytest.raises(ValueError, match="must be a dictionary or None"):
        weighted.partial_fit(x[:1], y[:1])
