"""The package as such: version, types, docstrings, and that the documents show what happens."""

import contextlib
import dataclasses
import inspect
import io
import os
import pathlib
import re

import pytest

import mho

ROOT = pathlib.Path(__file__).parents[2]


def test_version_is_that_of_the_library():
    assert mho.__version__ == mho.version()
    project = pathlib.Path(__file__).parents[1] / "pyproject.toml"
    assert f'version = "{mho.version()}"' in project.read_text()


def test_everything_public_has_a_docstring():
    for name in mho.__all__:
        thing = getattr(mho, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for key, value in vars(thing).items():
                if not key.startswith("_") and callable(value):
                    assert inspect.getdoc(value), f"{name}.{key}"


def test_results_are_plain_dataclasses():
    for name in ("ArrayReport", "ArrayPower", "NodeVoltages", "NeuronDesign", "LearnResult"):
        assert dataclasses.is_dataclass(getattr(mho, name))
    _, report = mho.Array([[1e-5]], r_wire_ohm=1).read_checked([0.1])
    assert dataclasses.asdict(report)["residual_rel"] >= 0


def test_types_are_there():
    folder = pathlib.Path(mho.__file__).parent
    assert (folder / "py.typed").exists()
    for name in mho.__all__:
        thing = getattr(mho, name)
        if inspect.isfunction(thing):
            for p in inspect.signature(thing).parameters.values():
                assert p.annotation is not p.empty, (name, p)


def blocks(path):
    """(code, output) of the Python blocks of a page: what follows in a text block is the output."""
    text = path.read_text()
    return re.findall(r"```python\n(.*?)```\n+(?:[^`]*?\n)?```text\n(.*?)```", text, re.S)


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_pages_show_what_their_python_prints(page, monkeypatch):
    path = ROOT / page
    if not path.exists():
        pytest.skip("no repository around the tests")
    monkeypatch.chdir(ROOT)
    found = blocks(path)
    assert found, "no example"
    scope = {}
    for code, output in found:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, page, "exec"), scope)
        assert said.getvalue().rstrip() == output.rstrip()
