"""The notebooks run from top to bottom, give the outputs that they show, and use public names only."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import payrank

nbformat = pytest.importorskip("nbformat", reason="needs the extra payrank[docs]")
jupytext = pytest.importorskip("jupytext", reason="needs the extra payrank[docs]")

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
RELATIVE, ABSOLUTE = 0.1, 0.03
"""How far a number may be from the stored one: another processor may round differently, and a tree split elsewhere."""

each_notebook = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def load_executor() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute_notebooks", ROOT / "docs" / "execute_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(cell: Mapping[str, Any]) -> list[str]:
    outputs: list[str] = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            outputs.append(output["text"])
        elif "image/png" in output["data"]:
            outputs.append("<picture>")
        else:
            outputs.append(output["data"]["text/plain"])
    return outputs


def words(text: str) -> str:
    return " ".join(NUMBER.sub("#", text).split())


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in NUMBER.findall(text)]


@pytest.mark.slow
@each_notebook
def test_a_notebook_gives_the_outputs_that_it_shows(script: Path, tmp_path: Path) -> None:
    pytest.importorskip("shap", reason="needs the extra payrank[train]")
    stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    executed = load_executor().execute(script, tmp_path)
    assert len(executed.cells) == len(stored.cells)
    for cell, expected in zip(executed.cells, stored.cells, strict=True):
        assert list(map(words, texts(cell))) == list(map(words, texts(expected)))
        for text, expected_text in zip(texts(cell), texts(expected), strict=True):
            assert numbers(text) == pytest.approx(numbers(expected_text), rel=RELATIVE, abs=ABSOLUTE)


@each_notebook
def test_a_notebook_and_its_script_have_the_same_cells(script: Path) -> None:
    stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    written = jupytext.read(script)
    assert [cell.source for cell in stored.cells] == [cell.source for cell in written.cells]


@each_notebook
def test_a_notebook_shows_outputs_without_a_trace_of_the_machine(script: Path) -> None:
    stored = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    shown = [text for cell in stored.cells for text in texts(cell)]
    assert len(shown) >= 3
    assert "<picture>" in shown or script.stem == "retrain_overturn"
    assert not [text for text in shown if re.search(r"(?<![\w.])/\w+/|\\Users\\|Traceback|Warning", text)]
    assert all(cell.get("execution_count") is None and not cell.metadata for cell in stored.cells)


@each_notebook
def test_a_notebook_uses_public_names_only(script: Path) -> None:
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("payrank")
        if isinstance(node, ast.Import):
            assert not [name.name for name in node.names if name.name.startswith("payrank.")]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "payrank":
            assert node.attr in payrank.__all__


@each_notebook
def test_a_notebook_is_listed(script: Path) -> None:
    assert f"({script.stem}.ipynb)" in (ROOT / "notebooks/README.md").read_text("utf-8")
    assert f"../notebooks/{script.stem}\n" in (ROOT / "docs/guides/notebooks.md").read_text("utf-8")
