"""The README's programs run, and what they say of themselves is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

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


@pytest.mark.torch
@pytest.mark.parametrize("program", [program for program in PROGRAMS if "import torch" in program])
def test_the_programs_with_torch_run(program, capsys):
    pytest.importorskip("torch", reason="left out: torch is not installed")
    exec(compile(program, "README.md", "exec"), {})
    assert "tensor" in capsys.readouterr().out
