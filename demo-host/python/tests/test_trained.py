"""Estimators with a trained head mixed in."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gradient_decay as gd

ESTIMATORS = [
    gd.DiscriminantClassifier(),
    gd.NeighboursClassifier(),
    gd.DiscriminantClassifier(novelty=True),
    gd.NeighboursClassifier(novelty=True, quantized=False),
]


@pytest.fixture(params=ESTIMATORS, ids=lambda it: type(it).__name__ + " with novelty" * it.novelty)
def estimator(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def trained(iris):
    """Of all samples."""
    return LogisticRegression().fit(*iris)


@pytest.fixture(scope="module")
def without_versicolor(iris):
    x, y = iris
    return LogisticRegression().fit(x[y != "versicolor"], y[y != "versicolor"])


def same(one, other, x):
    return (one.predict_proba(x) == other.predict_proba(x)).all() and one.checkpoint() == other.checkpoint()


def test_before_the_first_label_the_trained_head_answers(estimator, iris, trained):
    x, y = iris
    model = estimator.set_params(head=trained).partial_fit(x[:0], y[:0])
    assert model.classes_.tolist() == trained.classes_.tolist() and model.counts_.tolist() == [0, 0, 0]
    assert (model.predict(x) == trained.predict(x)).all() and (model.answer(x).reasons == "").all()
    # By its own logits: its share of the sum is all but 1 at first.
    assert np.allclose(model.decision_function(x), trained.decision_function(x), rtol=1e-4)
    # There is nothing to ask without a head, and nothing to learn where samples are to be learned.
    with pytest.raises(ValueError, match="0 sample"):
        clone(estimator).set_params(head=None).partial_fit(x[:0], y[:0], classes=["a", "b"])
    with pytest.raises(ValueError, match="0 sample"):
        model.fit(x[:0], y[:0])


def test_the_weight_of_the_trained_head_fades(iris, trained):
    x, y = iris
    other = np.roll(trained.classes_, 1)[np.searchsorted(trained.classes_, y)]  # a user who names them otherwise
    model = gd.DiscriminantClassifier(head=trained)
    right = [model.partial_fit(x[some], other[some]).score(x[100:], other[100:]) for some in (slice(0, 0), slice(0, 20), slice(20, 100))]
    assert right[0] < 0.1 < right[2] - 0.7 and right[0] < right[1] <= right[2]
    # Another user begins with all of it.
    alone = gd.DiscriminantClassifier().fit(x[:100], other[:100]).discount(64, 3)
    assert (model.discount(64, 3).counts_ == alone.counts_).all()
    assert (model.predict(x) != alone.predict(x)).any()


def test_fit_learns_the_labels_of_both(estimator, iris, without_versicolor):
    x, y = iris
    some = y != "setosa"
    model = estimator.set_params(head=without_versicolor).fit(x[some][:30], y[some][:30])
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.counts_[0] == 0 and (model.predict_proba(x) > 0).all()
    assert model.score(x, y) > 0.85


def test_a_new_label_stands_anywhere_among_the_classes(estimator, iris, without_versicolor):
    x, y = iris
    model = estimator.set_params(head=without_versicolor)
    model.partial_fit(x[:0], y[:0], classes=["virginica", "versicolor", "setosa"])
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert (model.predict(x) == without_versicolor.predict(x)).all() and (model.predict_proba(x)[:, 1] == 0).all()
    assert model.partial_fit(x[:60], y[:60]).score(x[60:], y[60:]) > 0.9
    # The order of a head's rows makes no difference.
    head = gd.export(without_versicolor)
    weights, bias = np.frombuffer(head.bytes, "<f4")[:8].reshape(2, 4), np.frombuffer(head.bytes, "<f4")[8:]
    turned = clone(estimator).set_params(head=(weights[::-1], bias[::-1]), head_classes=["virginica", "setosa"])
    turned.partial_fit(x[:60], y[:60], classes=np.unique(y))
    assert (turned.predict_proba(x) == model.predict_proba(x)).all()


def test_all_forms_of_a_head_are_the_same(estimator, iris, trained):
    x, y = iris
    expected = clone(estimator).set_params(head=trained).partial_fit(x[:40], y[:40])
    arrays = trained.coef_, trained.intercept_
    for head, names in [
        (gd.export(trained), None),
        (FrozenEstimator(trained), None),
        (trained, trained.classes_),
        (arrays, ["setosa", "versicolor", "virginica"]),
        (arrays, None),
    ]:
        model = clone(estimator).set_params(head=head, head_classes=names)
        assert same(model.partial_fit(x[:40], y[:40], classes=np.unique(y)), expected, x)


@pytest.mark.torch
def test_a_torch_layer_is_mixed_in(iris, trained):
    torch = pytest.importorskip("torch", reason="left out: torch is not installed")
    x, y = iris
    layer = torch.nn.Linear(4, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(trained.coef_.tolist()))
        layer.bias.copy_(torch.tensor(trained.intercept_.tolist()))
    model = clone(gd.DiscriminantClassifier(head=layer)).partial_fit(x[:40], y[:40], classes=np.unique(y))
    assert same(model, gd.DiscriminantClassifier(head=trained).partial_fit(x[:40], y[:40]), x)
    assert same(copy.deepcopy(model), model, x)


def test_a_pipeline_sees_the_features_that_it_was_fitted_on(estimator, raw, iris, trained):
    (x, y), (scaled, _) = raw, iris
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    model = estimator.set_params(head=pipeline).partial_fit(x[:0], y[:0])
    assert (model.predict(x) == pipeline.predict(x)).all()
    model.partial_fit(x[:90], y[:90]).unlearn(x[80:90][::-1], y[80:90][::-1])
    by_hand = clone(estimator).set_params(head=trained).partial_fit(scaled[:80], y[:80])
    assert np.allclose(model.predict_proba(x), by_hand.predict_proba(scaled), atol=0.02)
    assert (model.answer(x).reasons == by_hand.answer(scaled).reasons).mean() > 0.98
    x = x.copy()
    x[3, 2] = np.nan
    for method in (model.predict, model.predict_proba, model.decision_function, lambda x: model.partial_fit(x, y)):
        with pytest.raises(ValueError, match="sample 3: element 2 of features is NaN or infinite"):
            method(x)


def test_clones_share_the_head_and_the_constructor_stores_it(estimator, iris, trained):
    x, y = iris
    names = trained.classes_.tolist()
    model = clone(estimator).set_params(head=trained, head_classes=names)
    assert model.head is trained and model.get_params(deep=False)["head"] is trained
    other = clone(model)
    assert other.head is trained and other.head_classes == names and type(other) is type(model)
    assert cross_val_score(model, x, y, cv=3).mean() > 0.9
    pipeline = make_pipeline(FrozenEstimator(StandardScaler().fit(x)), model)
    assert clone(pipeline).fit(x[:30], y[:30]).score(x, y) > 0.9


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_goes_on_to_the_same_bits(estimator, raw, copied):
    x, y = raw
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    for head in (pipeline, gd.export(pipeline)):
        model = clone(estimator).set_params(head=head).partial_fit(x[:60], y[:60], classes=np.unique([*y, "another"]))
        other = copied(model)
        assert same(other, model, x)
        assert same(other.partial_fit(x[60:], y[60:]), model.partial_fit(x[60:], y[60:]), x)


def test_checkpoints_are_of_the_same_trained_head_and_classes(estimator, iris, trained, without_versicolor):
    x, y = iris
    model = clone(estimator).set_params(head=trained).partial_fit(x[:60], y[:60])
    saved = model.checkpoint()
    new = clone(model).partial_fit(x[:0], y[:0]).restore(saved)
    assert same(new, model, x)
    other = clone(estimator).set_params(head=LogisticRegression(C=0.1).fit(x, y)).partial_fit(x[:30], y[:30])
    alone = clone(estimator).fit(x[:90], y[:90])
    before = other.checkpoint()
    for bytes_ in (saved, alone.checkpoint()):
        with pytest.raises(ValueError, match="the checkpoint is of a head mixed with a trained one of the CRC 0x.*, but must be of one with 0x"):
            other.restore(bytes_)
        assert other.checkpoint() == before
    # A discriminant alone takes its own part.
    assert (alone.restore(saved).counts_ == model.counts_).all()
    # The same head whose classes have other numbers: its labels would be others.
    names = {"head": without_versicolor}
    one = clone(estimator).set_params(**names).partial_fit(x[:0], y[:0], classes=["setosa", "versicolor", "virginica"])
    other = clone(estimator).set_params(**names).partial_fit(x[:0], y[:0], classes=["setosa", "virginica", "weed"])
    before = other.checkpoint()
    with pytest.raises(ValueError, match="class 1 of the checkpoint is a new one, but must be class 1 of the trained head, as here"):
        other.restore(one.checkpoint())
    assert other.checkpoint() == before


def test_it_starts_from_a_training_set_as_well(estimator, iris, trained):
    x, y = iris
    fitted = clone(estimator).set_params(head=trained, ridge=0.0).fit(x, y).discount(64, 3)
    prior = gd.export_prior(x, np.searchsorted(trained.classes_, y), standardize=False, ridge=0.0)
    read = clone(estimator).set_params(head=trained, ridge=0.0).partial_fit(x[:0], y[:0]).restore(prior.checkpoint)
    assert np.allclose(read.predict_proba(x), fitted.predict_proba(x), atol=1e-4)
    assert (read.counts_ == 3).all() and read.head_.labels == 0


def test_labels_are_taken_back(estimator, iris, trained):
    x, y = iris
    model = estimator.set_params(head=trained, ridge=0.0).partial_fit(x[:50], y[:50])
    before = model.predict_proba(x)
    model.partial_fit(x[50:60], y[60:70]).unlearn(x[50:60][::-1], y[60:70][::-1])
    assert model.counts_.sum() == 50
    if not isinstance(model, gd.NeighboursClassifier):  # whose weights stay
        assert np.allclose(model.predict_proba(x), before, atol=1e-3)
    with pytest.raises(ValueError, match="sample 0: "):
        clone(model).partial_fit(x[:0], y[:0]).unlearn(x[:1], y[:1])


def test_what_is_far_is_of_the_classes_taught_here(iris, trained):
    x, y = iris
    model = gd.DiscriminantClassifier(head=trained, novelty=True).partial_fit(x[:60], y[:60])
    assert (model.answer(x + 50).reasons == "far").all() and (model.answer(x[60:]).reasons == "").mean() > 0.6


def wrong_heads(iris, trained):
    x, y = iris
    arrays, two = (trained.coef_, trained.intercept_), ["setosa", "virginica"]
    many = (np.zeros((255, 4)), np.zeros(255))
    unsorted = ["virginica", "setosa", "versicolor"]
    yield {"head": many}, {}, ValueError, "the trained head has 255 classes, but must have 2 to 254"
    yield {"head": ([[1.0] * 4], [0.0])}, {}, ValueError, "the trained head has 1 classes, but must have 2 to 254"
    yield {"head": (np.zeros((3, 5)), np.zeros(3))}, {"classes": np.unique(y)}, ValueError, "X has 4 features, but must have 5, as the trained"
    yield {"head": LogisticRegression()}, {}, TypeError, "the model is a LogisticRegression, but must be .* a fitted linear classifier"
    yield {"head": gd.export_prior(x, np.unique(y, return_inverse=True)[1])}, {}, TypeError, "must be a linear head"
    yield {"head": arrays}, {}, ValueError, "classes must be passed on the first call"
    yield {"head": arrays}, {"classes": unsorted}, ValueError, r"classes are \['virg.*, but must be sorted, \['setosa'.*head_classes, the label"
    yield {"head": arrays}, {"classes": two}, ValueError, "must be at least 3: the trained head has 3 rows, and row k is class k"
    yield {"head": trained}, {"classes": two}, ValueError, r"all labels of the trained head; \['versicolor'\] are missing"
    yield {"head": trained}, {"classes": [0, 1, 2]}, ValueError, "Mix of label input types"
    yield {"head": trained, "head_classes": unsorted}, {}, ValueError, "head_classes are .* but must be .* as the trained head itself says"
    yield {"head": arrays, "head_classes": two}, {}, ValueError, "but must be 3 different labels, one for each row of the trained head"
    yield {"head": arrays, "head_classes": [*two, "setosa"]}, {}, ValueError, "but must be 3 different labels"
    yield {"head_classes": two}, {"classes": two}, ValueError, "head_classes are given, but there is no head"


def test_a_bad_head_is_named_and_changes_nothing(estimator, iris, trained):
    x, y = iris
    for settings, options, kind, match in wrong_heads(iris, trained):
        model = clone(estimator).set_params(**settings)
        with pytest.raises(kind, match=match):
            model.partial_fit(x[:20], y[:20], **options)
        assert not hasattr(model, "head_") and not hasattr(model, "classes_") and not hasattr(model, "n_features_in_")
    with pytest.raises(ValueError, match="does not say which label each of its rows is of: give head_classes, or call partial_fit"):
        clone(estimator).set_params(head=(trained.coef_, trained.intercept_)).fit(x, y)
    with pytest.raises(ValueError, match="y has the label .*rosa.*, but must have labels among the classes"):
        clone(estimator).set_params(head=trained).partial_fit(x[:1], ["rosa"])


def test_the_head_stays_until_there_is_a_new_one(estimator, iris, trained):
    x, y = iris
    other = LogisticRegression(C=0.1).fit(x, y)
    for first, second in [(trained, other), (trained, None), (None, trained)]:
        model = clone(estimator).set_params(head=first).partial_fit(x[:20], y[:20], classes=np.unique(y))
        before = model.checkpoint()
        model.set_params(head=second)
        with pytest.raises(ValueError, match="head is another than at the first sample, but must stay: fit makes a new head"):
            model.partial_fit(x, y)
        assert model.checkpoint() == before
        assert model.fit(x, y).partial_fit(x, y).counts_.sum() == 2 * len(x)


def test_the_most_classes_that_there_may_be():
    weights = np.eye(254, 8)
    model = gd.DiscriminantClassifier(head=(weights, np.zeros(254))).partial_fit(np.eye(2, 8), [0, 299], classes=range(300))
    assert model.predict(np.eye(3, 8))[2] == 2 and (model.predict_proba(np.eye(3, 8))[:, 254:299] == 0).all()
