"""`import payrank`: public names that editors complete and type checkers know, without loading anything."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import payrank

SOURCE = Path(payrank.__file__)


def test_the_three_lists_of_public_names_agree() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    static = {
        alias.name: f"{node.module}.{alias.name}" if alias.name == "sources" else node.module
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and isinstance(branch.test, ast.Name) and branch.test.id == "TYPE_CHECKING"
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: f"payrank.{module}" for name, module in payrank._HOME.items()}
    assert static == homes
    assert sorted(homes) == payrank.__all__


@pytest.mark.parametrize("name", payrank.__all__)
def test_every_public_name_imports_and_is_documented(name: str) -> None:
    assert getattr(payrank, name).__doc__


def test_dir_lists_the_public_names_and_nothing_else() -> None:
    assert dir(payrank) == sorted([*payrank.__all__, "__version__"])


def test_an_unknown_name_is_refused_with_the_public_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'trian'\. Public names: .*train"):
        payrank.trian  # type: ignore[attr-defined]  # noqa: B018 - a typo


def test_importing_payrank_loads_no_other_module() -> None:
    script = "import sys; before = set(sys.modules); import payrank; print(sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=SOURCE.parents[1]
    )
    assert done.stdout.strip() in {"['payrank']", "['__future__', 'payrank']"}


@pytest.mark.slow
def test_a_type_checker_knows_the_public_names(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text("import payrank\nreveal_type(payrank.read_bundle)\npayrank.no_such_name\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "user.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"MYPYPATH": str(SOURCE.parents[1]), "PATH": ""},
    )
    assert "-> payrank.models.bundle.Bundle" in done.stdout, done.stdout
    assert 'Module has no attribute "no_such_name"' in done.stdout


def test_a_checkout_without_links_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "payrank").mkdir()
    (tmp_path / "payrank" / "__init__.py").write_bytes(SOURCE.read_bytes())
    (tmp_path / "payrank" / "extracts").write_text("../extracts")
    done = subprocess.run(
        [sys.executable, "-c", "import payrank"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "git config core.symlinks true" in done.stderr.strip().splitlines()[-1]


def test_an_old_python_is_refused_with_the_remedy() -> None:
    script = "import sys; sys.version_info = (3, 10, 9); import payrank"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=SOURCE.parents[1]
    )
    assert done.returncode == 1
    assert "payrank needs Python 3.11 or newer" in done.stderr.strip().splitlines()[-1]
