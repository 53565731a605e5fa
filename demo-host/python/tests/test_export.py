"""Heads and priors as what firmware includes."""

import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

import gradient_decay as gd

# The head that the digits' firmware includes and runs in QEMU, 64 -> 10.
ASSET = Path(__file__).parents[3] / "firmware" / "app" / "assets" / "head.bin"


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def parameters(exported):
    return np.frombuffer(exported.bytes, "<f4")


def keras_dense(kernel, bias, activation):
    """As much of a Keras layer as is looked at."""
    weights = [kernel] if bias is None else [kernel, bias]
    name = SimpleNamespace(__name__=activation)
    return SimpleNamespace(units=kernel.shape[1], activation=name, get_weights=lambda: weights)


def test_the_bytes_are_those_that_the_firmware_in_qemu_reads():
    asset = np.frombuffer(ASSET.read_bytes(), "<f4")
    weights, bias = asset[:640].reshape(10, 64), asset[640:]
    assert gd.export((weights, bias)).bytes == ASSET.read_bytes()
    assert gd.export(keras_dense(weights.T, bias, "softmax")).bytes == ASSET.read_bytes()


@pytest.mark.torch
def test_a_torch_layer_makes_the_bytes_that_the_firmware_in_qemu_reads():
    torch = pytest.importorskip("torch", reason="left out: torch is not installed")
    asset = torch.tensor(struct.unpack("<650f", ASSET.read_bytes()))
    layer = torch.nn.Linear(64, 10)
    with torch.no_grad():
        layer.weight.copy_(asset[:640].reshape(10, 64))
        layer.bias.copy_(asset[640:])
    assert gd.export(layer).bytes == ASSET.read_bytes()
    assert gd.export(torch.nn.Linear(3, 2, bias=False)).bytes[-8:] == bytes(8)
    with pytest.raises(TypeError, match="the model is a Sequential, but must be .*: of a network give its last layer"):
        gd.export(torch.nn.Sequential(layer))


def test_scikit_learn_models_keep_their_decisions(iris):
    x, y = iris
    scaled = StandardScaler().fit_transform(x)
    for model in (LogisticRegression(), SGDClassifier(random_state=0), gd.HeadClassifier(random_state=0)):
        model.fit(scaled, y)
        head = gd.HeadClassifier().partial_fit(scaled[:1], [0], classes=[0, 1, 2])
        head.restore(gd.export(model).checkpoint)
        assert np.allclose(head.decision_function(scaled), model.decision_function(scaled), rtol=1e-4, atol=1e-3)
    # Of two classes there is one row; its sigmoid is the softmax of the two.
    model = LogisticRegression().fit(scaled[:100], y[:100])
    head = gd.HeadClassifier().partial_fit(scaled[:1], [0], classes=[0, 1]).restore(gd.export(model).checkpoint)
    assert np.allclose(head.predict_proba(scaled), model.predict_proba(scaled), atol=1e-5)


def test_a_scaler_goes_with_the_head(iris):
    x, y = iris
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    scaler, model = pipeline[0], pipeline[1]
    exported = gd.export(pipeline)
    assert exported.rust == gd.export(model, scaler=scaler, made_of="a Pipeline").rust
    assert "LinearHead<CLASSES, FEATURES>" in exported.rust and "STANDARDIZER: Standardizer<FEATURES>" in exported.rust
    assert "head_standardize" in exported.c and "made by `demo-host` of a Pipeline" in exported.rust
    assert len(exported.checkpoint) > len(gd.export(model).checkpoint)
    with pytest.raises(ValueError, match="no room for the standardisation"):
        exported.bytes
    plain = gd.export(model, scaler=StandardScaler(with_mean=False, with_std=False).fit(x))
    assert "0.0, 0.0, 0.0, 0.0," in plain.rust


def test_a_prior_is_what_the_discriminant_learned(iris, tmp_path):
    x, y = iris
    x = StandardScaler().fit_transform(x)
    # Without a ridge, which learning puts back one feature at a time, and the table on all at once.
    learned = gd.DiscriminantClassifier(ridge=0.0).fit(x, y).discount(64, 3)
    prior = gd.export_prior(x, y, standardize=False, ridge=0.0)
    taken = gd.DiscriminantClassifier().partial_fit(x[:1], [0], classes=[0, 1, 2]).restore(prior.checkpoint)
    assert np.allclose(taken.decision_function(x), learned.decision_function(x), rtol=1e-4, atol=1e-4)
    assert "DiscriminantHead<CLASSES, FEATURES" in prior.rust and "prior_checkpoint" in prior.c
    prior.save(tmp_path / "prior.ckpt")
    assert (tmp_path / "prior.ckpt").read_bytes() == prior.checkpoint


@pytest.mark.parametrize("ending", ["rs", "h", "ckpt", "bin", "npz", "safetensors"])
def test_files_are_written_by_their_ending(tmp_path, ending):
    exported = gd.export((np.eye(2, 3), [0.5, -0.5]))
    path = tmp_path / f"head.{ending}"
    exported.save(path)
    forms = {"rs": exported.rust.encode(), "h": exported.c.encode(), "ckpt": exported.checkpoint, "bin": exported.bytes}
    assert path.read_bytes() == forms.get(ending, path.read_bytes())
    if ending == "npz":
        arrays = np.load(path)
        assert (arrays["weight"] == np.eye(2, 3)).all() and (arrays["bias"] == [0.5, -0.5]).all()
    with pytest.raises(ValueError, match="endings"):
        exported.save(tmp_path / "head.txt")


def test_bad_models_are_named(iris):
    x, y = iris
    two, one = np.zeros((3, 2)), np.zeros(3)
    for model, options, kind, match in [
        (object(), {}, TypeError, "the model is a object, but must be a torch.nn.Linear"),
        (LogisticRegression(), {}, TypeError, "the model is a LogisticRegression, but must be .* a fitted linear classifier"),
        ((two.T, one), {}, ValueError, r"the weights have the shape \(2, 3\), but must have a row for each of 3 biases"),
        ((one, one), {}, ValueError, "the weights have 1 dimensions, but must have 2"),
        ((two * np.nan, one), {}, ValueError, "the weight of class 0, feature 0 is NaN, but must be finite"),
        ((two, one + 1e300), {}, ValueError, "the bias of class 0 is inf, but must be finite"),
        ((two, one), {"scaler": MinMaxScaler().fit(x)}, TypeError, "the scaler is a MinMaxScaler, but must be a fitted StandardScaler"),
        ((two, one), {"scaler": StandardScaler()}, TypeError, "must be a fitted StandardScaler"),
        ((two, one), {"scaler": StandardScaler().fit(x)}, ValueError, "mean and scale have 4 numbers, but the head has 2 features"),
        (SVC(kernel="linear").fit(x, y), {}, ValueError, "the model is a SVC that compares classes in pairs, but must have a row .* a LinearSVC"),
        (keras_dense(two, np.zeros(2), "relu"), {}, ValueError, "the layer's activation is relu, but must be none or softmax"),
        (make_pipeline(MinMaxScaler(), StandardScaler(), LogisticRegression()).fit(x, y), {}, ValueError, "more than one step"),
    ]:
        with pytest.raises(kind, match=match):
            gd.export(model, **options)


def test_bad_tables_are_named(iris):
    x, y = iris
    for arguments, options, kind, match in [
        ((x, y * 1.0), {}, TypeError, "y is of type float64, but must be whole numbers"),
        ((x, y[:5]), {}, ValueError, r"y has the shape \(5,\), but must have a class for each of 150 samples"),
        ((x, y - 1), {}, ValueError, "y has the class -1"),
        ((x, y * 0), {}, ValueError, "all samples are of one class"),
        ((x, y * 2), {}, ValueError, "class 1 has no sample"),
        ((x[0], y), {}, ValueError, "the features have 1 dimensions"),
        ((x, y), {"samples": 0.0}, ValueError, r"the samples of the prior is 0, but must be in \[1e-3, 1e6\]"),
        ((x, y), {"ridge": -1.0}, ValueError, r"the ridge is -1, but must be in \[0, 1\]"),
    ]:
        with pytest.raises(kind, match=match):
            gd.export_prior(*arguments, **options)
