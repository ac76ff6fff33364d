"""The door: instant help, examples that run, faults that say what to do and nothing of a patient."""

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


def test_the_commands_are_those_of_the_contract() -> None:
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
def test_every_command_has_a_help_with_an_example_that_it_accepts(payrank: Any, path: tuple[str, ...]) -> None:
    told = payrank(*path, "--help")
    assert told.code == 0
    heading, example = told.out.split("Example:")
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
        (["scroe"], "Did you mean 'score'"),
        (["score", "x", "--asof", "2026-11-20"], "Did you mean '--as-of'"),
        (["score", "x", "--out", "y"], "--as-of"),
        (["score", "x", "--out", "y", "--as-of", "20.11.2026"], "'20.11.2026' is not a day; write it as YYYY-MM-DD"),
        (["score", "x", "--out", "y", "--as-of", "2026-02-30"], "'2026-02-30' is not a day"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--capacity", "-1"], "--capacity"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--explain", "some"], "'all', 'listed'"),
        (["score", "x", "--out", "y", "--as-of", "2026-11-20", "--engine", "oracle"], "duckdb"),
        (["train", "propensity", "x", "--as-of", "2026-11-20"], "'payment', 'overturn'"),
        (["features", "x", "--unit", "account"], "EXTRACT, --unit, --as-of and --out are needed"),
        (["import", "csv", "x"], "--out and --mapping are needed (or --suggest)"),
        (["import", "combine", "x", "--out", "y"], "OTHERS"),
        (["demo", "--accounts", "10"], "1000"),
        (["simulate", "x", "--accounts", "5", "--seed", "1", "--as-of", "2026-11-20"], "100"),
        (["simulate", "x", "--accounts", "0", "--seed", "1", "--as-of", "2026-11-20"], "allowed are 100 to 20,000,000"),
        (["simulate", "x", "--accounts", "100", "--seed", "-1", "--as-of", "2026-11-20"], "whole numbers from 0 up"),
        (["simulate", "x", "--accounts", "100", "--seed", "1", "--as-of", "2014-12-31"], "2015-01-01 to 2100-01-01"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_says_what_is_allowed(payrank: Any, arguments: list[str], says: str) -> None:
    told = payrank(*arguments)
    assert told.code == 2
    assert says in told.last


def test_an_unexpected_fault_tells_where_but_never_its_text(payrank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("account 0000012345 owes 77.77")

    monkeypatch.setattr("payrank.models.registry.versions.list_versions", fail)
    told = payrank("models", "list")
    assert told.code == 1
    assert "ValueError" in told.last
    assert "test_command_line.py" in told.err
    assert "12345" not in told.err + told.out
    assert "77.77" not in told.err + told.out


def test_control_c_stops_in_one_line(payrank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("payrank.models.registry.versions.list_versions", stop)
    told = payrank("models", "list")
    assert (told.code, told.err.strip()) == (1, "Stopped. What was published before stands as it was.")


def test_a_place_that_cannot_be_written_is_named(payrank: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = payrank("simulate", tmp_path / "file" / "x", "--accounts", 100, "--seed", 1, "--as-of", "2026-11-20")
    assert told.code == 1
    assert str(tmp_path / "file") in told.last


@pytest.mark.parametrize("package", ["features", "models"])
@pytest.mark.parametrize("shape", ["package", "module"])
def test_a_users_own_package_of_the_same_name_does_not_get_in_the_way(
    tmp_path: Path, package: str, shape: str
) -> None:
    foreign = tmp_path / package / "__init__.py" if shape == "package" else tmp_path / f"{package}.py"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("raise ImportError('the user\'s own module was imported')")
    script = "import payrank; print(payrank.PaymentTarget, payrank.read_bundle, payrank.run_nightly)"
    done = python("-c", script, paths=(tmp_path, ROOT), folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_python_m_payrank_is_the_same_door() -> None:
    done = python("-m", "payrank", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("payrank, version ")
