"""The README's programs run, and what they say of themselves is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gradient_decay as gd

README = (Path(__file__).parent.parent / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "import torch" not in program])
def test_the_programs_run(program, capsys):
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_neighbours_gain_on_digits_what_it_says():
    pixels, digits = load_digits(return_X_y=True)
    scores = np.zeros((2, 2))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(digits))
        x, y = pixels[order] / 8 - 1, digits[order] % 2
        for i, model in enumerate((gd.DiscriminantClassifier(), gd.NeighboursClassifier(slots=50))):
            for j, some in enumerate((slice(0, 100), slice(100, 300))):
                scores[i, j] += 20 * model.partial_fit(x[some], y[some], classes=[0, 1]).score(x[300:], y[300:])
    (first, last), (with_first, with_last) = scores
    assert with_first > first + 1 and with_last > last + 3
    after_100, after_300 = f"{with_first:.1f} % in place of {first:.1f} %", f"{with_last:.1f} % in place of {last:.1f} %"
    assert f"right for {after_100} of the other digits after 100 labels, for {after_300} after 300." in README


def test_a_trained_head_gains_on_another_writer_what_it_says():
    x, y = load_digits(return_X_y=True)
    images, own = x[1197:].reshape(-1, 8, 8), y[1197:]
    user = ((images + np.pad(images, ((0, 0), (0, 0), (1, 0)))[:, :, :8]) / 2).reshape(-1, 64)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(x[:1197], y[:1197])
    scaler, last = pipeline

    scores = np.zeros((4, 3))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(600)
        samples, labels = user[order], own[order]
        both = gd.DiscriminantClassifier(head=pipeline).fit(x[:1197], y[:1197]).discount(64, 3)
        alone = gd.DiscriminantClassifier().fit(scaler.transform(x[:1197]), y[:1197]).discount(64, 3)
        sgd = gd.HeadClassifier(learning_rate=0.02).partial_fit(x[:1], y[:1], classes=range(10)).restore(gd.export(last).checkpoint)
        fading = gd.DiscriminantClassifier(head=pipeline).partial_fit(x[:0], y[:0])
        models = [(both, False), (alone, True), (sgd, True), (fading, False)]
        for i, (model, is_scaled) in enumerate(models):
            seen = scaler.transform(samples) if is_scaled else samples
            for j, some in enumerate((slice(0, 0), slice(0, 10), slice(10, 20))):
                if some.stop:
                    model.partial_fit(seen[some], labels[some])
                scores[i, j] += 20 * model.score(seen[300:], labels[300:])
    (_, *of_both), (_, *of_set), (_, *of_sgd), (first, *of_head) = scores
    assert all(of_both > np.maximum(of_set, of_sgd) + 2) and min(of_head) >= first
    text = " ".join(README.split())
    assert "right for {:.1f} % of the user's other digits after 10 labels, for {:.1f} % after 20;".format(*of_both) in text
    assert "(without `head=`) for {:.1f} % and {:.1f} %,".format(*of_set) in text
    assert "by SGD on the trained head for {:.1f} % and {:.1f} %.".format(*of_sgd) in text
    assert "alone it goes from the trained head's {:.1f} % to {:.1f} % and {:.1f} %,".format(first, *of_head) in text


@pytest.mark.torch
@pytest.mark.parametrize("program", [program for program in PROGRAMS if "import torch" in program])
def test_the_programs_with_torch_run(program, capsys):
    pytest.importorskip("torch", reason="left out: torch is not installed")
    exec(compile(program, "README.md", "exec"), {})
    assert "tensor" in capsys.readouterr().out
