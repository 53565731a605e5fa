"""The package: its parts, its types, its documentation."""

import ast
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import gradient_decay as gd
from gradient_decay import _core


def test_torch_and_scikit_learn_are_imported_only_where_they_are_needed():
    program = "import sys, gradient_decay; print([m for m in ('torch', 'sklearn') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_all_names_are_there_and_documented():
    assert set(gd.__all__) <= set(dir(gd))
    for name in gd.__all__:
        if name != "__version__":
            value = getattr(gd, name)
            assert value.__doc__ and not value.__doc__.startswith("What"), name
            for method, function in inspect.getmembers(value, inspect.isfunction):
                ours = function.__module__.startswith("gradient_decay") and not method.startswith("_")
                assert not ours or function.__doc__, f"{name}.{method}"
    try:
        gd.nothing
    except AttributeError as error:
        assert str(error) == "module 'gradient_decay' has no attribute 'nothing'"


def test_the_stubs_name_what_is_there():
    folder = Path(importlib.util.find_spec("gradient_decay").origin).parent
    assert (folder / "py.typed").exists()
    stub = ast.parse((folder / "_core.pyi").read_text())
    named = {}
    for node in stub.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            body = node.body if isinstance(node, ast.ClassDef) else []
            attributes = {n.name for n in body if isinstance(n, ast.FunctionDef)}
            attributes |= {n.target.id for n in body if isinstance(n, ast.AnnAssign)}
            named[node.name] = {name for name in attributes if not name.startswith("__")}
    there = {name: value for name, value in vars(_core).items() if not name.startswith("_")}
    assert named.keys() == there.keys()
    for name, value in there.items():
        if inspect.isclass(value):
            assert named[name] == {member for member in vars(value) if not member.startswith("_")}, name
