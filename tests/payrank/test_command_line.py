"""The command line: instant help, examples that work, and errors that say what to do and name no patient."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from payrank.cli import main as cli
from tests.payrank.conftest import Run

ROOT = Path(__file__).parents[2]


def python(*arguments: str, paths: tuple[Path, ...] = (ROOT,), folder: Path | None = None) -> Any:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


def commands(group: click.Group = cli.payrank, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import json, sys\nfrom payrank.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\nprint(json.dumps(sorted(sys.modules)))"
    )
    done = python("-c", script)
    assert done.returncode == 0, done.stderr
    *_, loaded = done.stdout.strip().splitlines()
    heavy = {"duckdb", "pandas", "numpy", "lightgbm", "mlflow", "pydantic", "matplotlib", "shap", "sklearn", "pyarrow"}
    assert not heavy & set(json.loads(loaded))


def test_every_command_of_the_contract_exists() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "demo",
        "simulate",
        "import csv",
        "import epic",
        "import synthea",
        "import x12",
        "check",
        "features",
        "train",
        "score",
        "models list",
        "models show",
        "models export",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_commands_help_ends_with_a_working_example(payrank: Run, path: tuple[str, ...]) -> None:
    result = payrank(*path, "--help")
    assert result.code == 0
    heading, example = result.out.split("Example:")
    assert heading.startswith("Usage: ")
    lines = [line.strip() for line in example.strip().splitlines()]
    assert lines
    for line in lines:
        words = shlex.split(line)
        assert words[: len(path) + 1] == ["payrank", *path]
        COMMANDS[path].make_context(path[-1], words[len(path) + 1 :])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scroe"], "did you mean 'score'?"),
        (["score", "x", "--asof", "2026-11-20"], "Did you mean '--as-of'"),
        (["score", "x", "--out", "y"], "--as-of"),
        (["score", "x", "--out", "y", "--as-of", "20.11.2026"], "'20.11.2026' is not a date; write it as YYYY-MM-DD"),
        (["score", "x", "--out", "y", "--as-of", "2026-02-30"], "'2026-02-30' is not a date"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--capacity", "-1"], "--capacity"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--explain", "some"], "'all', 'listed'"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--engine", "oracle"], "duckdb"),
        (["train", "propensity", "x", "--as-of", "2026-11-20"], "'payment', 'overturn'"),
        (["features", "x", "--unit", "account"], "EXTRACT, --unit, --as-of, and --out are required"),
        (["import", "csv", "x"], "--out and --mapping are required (or use --suggest)"),
        (["import", "combine", "x", "--out", "y"], "OTHERS"),
        (["demo", "--accounts", "10"], "1000"),
        (["simulate", "x", "--accounts", "5", "--seed", "1", "--as-of", "2026-11-20"], "100"),
        (["simulate", "x", "--accounts", "0", "--seed", "1", "--as-of", "2026-11-20"], "100 to 20,000,000"),
        (
            ["simulate", "x", "--accounts", "100", "--seed", "-1", "--as-of", "2026-11-20"],
            "a whole number, 0 or higher",
        ),
        (["simulate", "x", "--accounts", "100", "--seed", "1", "--as-of", "2014-12-31"], "2015-01-01 to 2100-01-01"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_what_is_allowed(payrank: Run, arguments: list[str], says: str) -> None:
    result = payrank(*arguments)
    assert result.code == 2
    assert says in result.last


def test_an_unexpected_error_shows_where_it_happened_but_not_its_text(
    payrank: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("account 0000012345 owes 77.77")

    monkeypatch.setattr("payrank.models.registry.versions.list_versions", fail)
    result = payrank("models", "list")
    assert result.code == 1
    assert "ValueError" in result.last
    assert "test_command_line.py" in result.err
    assert "12345" not in result.err + result.out
    assert "77.77" not in result.err + result.out


def test_ctrl_c_ends_with_one_line(payrank: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("payrank.models.registry.versions.list_versions", stop)
    result = payrank("models", "list")
    assert (result.code, result.err.strip()) == (1, "Stopped. Anything published earlier is unchanged.")


def test_a_path_that_cannot_be_written_is_named(payrank: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = payrank("simulate", tmp_path / "file" / "x", "--accounts", 100, "--seed", 1, "--as-of", "2026-11-20")
    assert result.code == 1
    assert str(tmp_path / "file") in result.last


@pytest.mark.parametrize("package", ["features", "models"])
@pytest.mark.parametrize("shape", ["package", "module"])
def test_a_users_own_package_of_the_same_name_does_not_get_in_the_way(tmp_path: Path, package: str, shape: str) -> None:
    foreign = tmp_path / package / "__init__.py" if shape == "package" else tmp_path / f"{package}.py"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise ImportError('the user's own module was imported')")
    script = "import payrank; print(payrank.PaymentTarget, payrank.read_bundle, payrank.run_nightly)"
    done = python("-c", script, paths=(tmp_path, ROOT), folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_python_m_payrank_runs_the_same_program() -> None:
    done = python("-m", "payrank", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("payrank, version ")
