"""The README's programs run, and what they say of themselves is so."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("program", [program for program in PROGRAMS if "import torch" not in program])
def test_the_programs_run(program, capsys):
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.torch
@pytest.mark.parametrize("program", [program for program in PROGRAMS if "import torch" in program])
def test_the_programs_with_torch_run(program, capsys):
    pytest.importorskip("torch", reason="left out: torch is not installed")
    exec(compile(program, "README.md", "exec"), {})
    assert "tensor" in capsys.readouterr().out
