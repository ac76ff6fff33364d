"""The house keeps its own rules: sizes, names, import directions, and nothing that ties it to one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
ROOMS = ("extracts", "features", "models", "training", "scoring", "simulator", "payrank")
CODE = sorted(path for room in (*ROOMS, "experiments") for path in (HOME / room).rglob("*.py"))


def kept_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=HOME, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the kept files cannot be listed")
    return [HOME / name for name in listed.stdout.split("\0") if name and (HOME / name).is_file()]


def test_no_file_is_over_400_lines_and_most_are_under_200() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in CODE}
    assert max(lines.values()) <= 400
    assert sum(count < 200 for count in lines.values()) >= 0.9 * len(lines)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc"}
    assert not [path for path in CODE if path.stem in drawers or path.parent.name in drawers]


def test_the_rooms_import_in_one_direction() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_mlflow_is_imported_in_one_folder_alone() -> None:
    importing = re.compile(r"^\s*(?:from|import) mlflow\b", re.MULTILINE)
    found = {str(path.parent.relative_to(HOME)) for path in CODE if importing.search(path.read_text("utf-8"))}
    assert found == {"models/registry"}


def test_nothing_is_unpickled_or_evaluated() -> None:
    unsafe = re.compile(r"^\s*(?:from|import) (?:pickle|joblib|cloudpickle|dill)\b|(?<![\w.])eval\(", re.MULTILINE)
    assert not [path for path in CODE if unsafe.search(path.read_text("utf-8"))]


def test_every_file_that_the_code_reads_is_installed_with_it() -> None:
    installed = {".toml", ".html", ".css", ".js", ".sql", ".typed"}
    for path in kept_files():
        room = path.relative_to(HOME).parts[0]
        if room in ROOMS and path.suffix != ".py" and path.name != "py.typed":
            assert path.suffix in installed, path
            assert (path.parent / "__init__.py").is_file(), f"{path.parent} is no package: its files are not installed"


def test_every_room_says_what_lives_in_it() -> None:
    for room in ROOMS:
        assert (HOME / room / "__init__.py").read_text("utf-8").startswith('"""')


def test_constraints_pin_every_dependency_and_name_no_registry() -> None:
    pins = [line for line in (HOME / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9._-]+==[^\s/]+", pin) for pin in pins)
    wanted = re.findall(r'^  "([a-zA-Z0-9-]+)', (HOME / "pyproject.toml").read_text("utf-8"), flags=re.MULTILINE)
    pinned = {pin.split("==")[0].replace("_", "-") for pin in pins}
    needed = {name.lower() for name in wanted} & {"duckdb", "lightgbm", "pandas", "mlflow", "pytest", "ruff", "mypy"}
    assert needed <= pinned


def test_nothing_kept_names_a_place_on_one_machine() -> None:
    place = re.compile(r"(?<![\w./-])/(?:work|root|home|opt)/\w|" + "index" + "-url")
    ours = [path for path in kept_files() if path.suffix in {".py", ".toml", ".md", ".txt", ".cfg", ".yaml"}]
    found = [str(path.relative_to(HOME)) for path in ours if place.search(path.read_text("utf-8"))]
    assert found == []
