"""The repository keeps its own rules: sizes, names, import directions, and nothing that ties it to one machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
FOLDERS = ("extracts", "features", "models", "training", "scoring", "simulator")
PRODUCT = sorted(path for folder in (*FOLDERS, "payrank") for path in (HOME / folder).rglob("*.py"))
CODE = [*PRODUCT, *sorted((HOME / "experiments").rglob("*.py"))]


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=HOME, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout, so the tracked files cannot be listed")
    return [HOME / name for name in listing.stdout.split("\0") if name and (HOME / name).is_file()]


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__")
    return name if name.split(".")[0] == "payrank" else f"payrank.{name}"


def imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def import_graph() -> Mapping[str, set[str]]:
    """Module name to the payrank modules that it imports; the public names in payrank/__init__.py are left out."""
    modules = {module_name(path) for path in PRODUCT}
    graph: dict[str, set[str]] = {}
    for path in PRODUCT:
        names = imported_names(path) if path != HOME / "payrank" / "__init__.py" else ()
        targets = {name if name in modules else name.rpartition(".")[0] for name in names}
        graph[module_name(path)] = (targets & modules) - {"payrank", module_name(path)}
    return graph


def test_no_file_is_over_400_lines_and_most_are_under_200() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in CODE}
    assert max(lines.values()) <= 400
    assert sum(count < 200 for count in lines.values()) >= 0.9 * len(lines)


def test_no_folder_has_more_than_14_modules() -> None:
    counts = Counter(path.parent for path in PRODUCT)
    assert {folder for folder, count in counts.items() if count > 14} == set()


def test_no_module_is_named_as_a_catch_all() -> None:
    catch_alls = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc"}
    assert not [path for path in CODE if path.stem in catch_alls or path.parent.name in catch_alls]


def test_packages_import_in_one_direction() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_at_every_level_the_files_and_folders_beside_each_other_import_without_a_cycle() -> None:
    """Each subfolder counts as one node among its siblings, so no folder imports from one that imports it."""
    levels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, targets in import_graph().items():
        for target in targets:
            ours, theirs = module.split("."), target.split(".")
            shared = next(
                (depth for depth, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None
            )
            if shared is not None:
                levels[".".join(ours[:shared])][ours[shared]].add(theirs[shared])
    assert {"payrank", "payrank.scoring", "payrank.features"} <= set(levels)
    for level, graph in levels.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"imports in {level} go in a circle: {' -> '.join(error.args[1])}")


def test_every_package_is_a_relative_link_in_payrank_and_is_imported_only_from_there() -> None:
    assert {folder: str((HOME / "payrank" / folder).readlink()) for folder in FOLDERS} == {
        folder: f"../{folder}" for folder in FOLDERS
    }
    tests_and_code = [*CODE, *sorted((HOME / "tests").rglob("*.py"))]
    bypassing = [path for path in tests_and_code if any(name.split(".")[0] in FOLDERS for name in imported_names(path))]
    assert bypassing == []


def test_mlflow_is_imported_in_one_folder_only() -> None:
    importing = re.compile(r"^\s*(?:from|import) mlflow\b", re.MULTILINE)
    folders = {str(path.parent.relative_to(HOME)) for path in CODE if importing.search(path.read_text("utf-8"))}
    assert folders == {"models/registry"}


def test_nothing_is_unpickled_or_evaluated() -> None:
    unsafe = re.compile(r"^\s*(?:from|import) (?:pickle|joblib|cloudpickle|dill)\b|(?<![\w.])eval\(", re.MULTILINE)
    assert not [path for path in CODE if unsafe.search(path.read_text("utf-8"))]


def test_every_file_that_the_code_reads_is_installed_with_it() -> None:
    installed = {".toml", ".html", ".css", ".js", ".sql", ".typed"}
    for path in tracked_files():
        folder = path.relative_to(HOME).parts[0]
        if folder in (*FOLDERS, "payrank") and path.suffix != ".py" and path.name != "py.typed":
            assert path.suffix in installed, path
            assert (path.parent / "__init__.py").is_file(), (
                f"{path.parent} is not a package: its files are not installed"
            )


def test_every_package_says_what_it_contains() -> None:
    for path in PRODUCT:
        if path.name == "__init__.py":
            assert path.read_text("utf-8").startswith('"""'), path


def test_constraints_pin_every_dependency_with_hashes_and_name_no_host() -> None:
    text = (HOME / "constraints.txt").read_text("utf-8")
    assert not re.search(r"https?:|file:|--(?:extra-)?index|--find-links", text)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all(re.match(r"[a-z0-9._\[\]-]+==\S+", block) and "--hash=sha256:" in block for block in blocks)
    pins = {block.split("==")[0].partition("[")[0].replace("_", "-") for block in blocks}
    project = (HOME / "pyproject.toml").read_text("utf-8").split("[project.scripts]")[0]
    lists = re.findall(r"^\w+ = \[(.*?)\]$", project, flags=re.MULTILINE | re.DOTALL)
    names = {name.lower() for block in lists for name in re.findall(r'"([A-Za-z][\w.-]*)(?:\[[a-z]+\])?>=', block)}
    assert {"duckdb", "lightgbm", "mlflow", "pytest", "ruff", "scipy", "sphinx"} <= names
    assert names - {"payrank"} <= pins


def test_no_tracked_file_names_a_place_on_one_machine() -> None:
    place = re.compile(r"(?<![\w./-])/(?:work|root|home|opt)/\w|" + "index" + "-url")
    texts = [
        path for path in tracked_files() if path.suffix in {".py", ".toml", ".md", ".txt", ".cfg", ".yaml", ".ipynb"}
    ]
    violations = [str(path.relative_to(HOME)) for path in texts if place.search(path.read_text("utf-8"))]
    assert violations == []
