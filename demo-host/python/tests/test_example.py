"""The example runs, learns, and writes what it says."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "digits.py"


@pytest.mark.torch
def test_the_example_trains_and_exports(tmp_path):
    pytest.importorskip("torch", reason="left out: torch is not installed")
    found = subprocess.run([sys.executable, EXAMPLE, tmp_path], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    trained, agreement = (float(re.search(p, found.stdout)[1]) for p in (r"network: (.*?) %", r"does: (.*?) %"))
    scores = {int(n): (float(a), float(b)) for n, a, b in re.findall(r"^ *(\d+): (.*?) %, (.*?) %$", found.stdout, re.MULTILINE)}
    assert trained > 95 and agreement > 99
    assert scores.keys() == {0, 50, 100, 300}
    assert scores[300][0] > scores[0][0] + 10 and scores[300][0] > scores[300][1]
    assert found.stdout.count("\nRecommended: ") == 2 and "version = 1" in (tmp_path / "tuned.toml").read_text()
    assert (tmp_path / "tuned.rs").read_text() in found.stdout and (tmp_path / "tuned.h").read_text() in found.stdout
    assert (tmp_path / "head.rs").read_text() in found.stdout and (tmp_path / "head.h").read_text() in found.stdout
    assert np.fromfile(tmp_path / "head.bin", "<f4").shape == (10 * 33,)
