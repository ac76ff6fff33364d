"""payrank installs next to other packages of any name, and the base install stays small."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HOME = Path(__file__).parents[1]
FOLDERS = ("extracts", "features", "models", "scoring", "simulator", "training")
SHIPPED = {".py", ".toml", ".html", ".css", ".js", ".typed"}
HOSTILE = 'raise RuntimeError("a neighbor was imported in place of payrank")\n'
LOAD_CHAMPION = """import mlflow
model = mlflow.pyfunc.load_model("models:/payrank-payment@champion")
print(len(model.predict(model.input_example)), "rows scored")"""


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment, and a user's folder with modules named like payrank's folders."""

    python: Path
    work: Path

    def run(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """Run Python in the user's folder; return what it printed."""
        variables_kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW"))
        }
        variables = {**variables_kept, "MLFLOW_DISABLE_TELEMETRY": "true", **variables}
        command = [str(self.python), *arguments]
        done = subprocess.run(command, cwd=self.work, env=variables, capture_output=True, text=True, check=False)
        printed: str = done.stdout + done.stderr
        assert done.returncode == code, printed
        return printed

    def pip(self, *arguments: str | Path) -> None:
        """Run the tests' own pip on the environment, from a folder that holds nothing of payrank."""
        command = [sys.executable, "-m", "pip", "--quiet", "--python", str(self.python), *map(str, arguments)]
        subprocess.run(command, cwd=self.work.parent, check=True)

    def install(self, *packages: Path) -> None:
        """Install wheels or sdists without an index."""
        self.pip("install", "--no-index", "--no-deps", "--no-build-isolation", *packages)


def make_environment(folder: Path, packages: Iterable[Path]) -> Environment:
    """Make an environment that sees the given entries of the tests' own site-packages: nothing is downloaded."""
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (folder / "seen").mkdir()
    for entry in packages:
        (folder / "seen" / entry.name).symlink_to(entry)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "seen.pth").write_text(f"{folder / 'seen'}\n", "utf-8")
    work = folder / "work"
    for name in ("features", "training"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text(HOSTILE, "utf-8")
    (work / "models.py").write_text(HOSTILE, "utf-8")
    return Environment(folder / "venv/bin/python", work)


def all_packages() -> list[Path]:
    """Return the tests' own site-packages, without payrank and its editable hook."""
    ours = re.compile(r"payrank|__editable__|__pycache__|.*\.pth$")
    return [entry for entry in Path(pytest.__file__).parents[1].iterdir() if not ours.match(entry.name)]


def base_packages() -> set[Path]:
    """Return only what the base install brings: the project's dependencies and all that they need."""
    waiting = list(tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"])
    names, entries = set(), set()
    while waiting:
        name, marker = re.findall(r"^([\w.-]+)[^;]*(.*)$", waiting.pop())[0]
        if name in names or re.search(r"extra|sys_platform", marker):
            continue
        names.add(name)
        distribution = metadata.distribution(name)
        waiting += distribution.requires or []
        entries |= {Path(str(distribution.locate_file(file.parts[0]))) for file in distribution.files or ()}
    return {entry for entry in entries if entry.name not in {"..", "__pycache__"}}


def copy_checkout(folder: Path) -> Path:
    """Copy what packaging reads, links as links, without what earlier builds left behind."""
    for name in ("payrank", *FOLDERS):
        shutil.copytree(HOME / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder)
    return folder


def build(source: Path, out: Path, kind: str) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), kind, str(source)]
    subprocess.run(command, cwd=source.parent, check=True, capture_output=True)
    return next(out.iterdir())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    return build(copy_checkout(folder / "checkout"), folder / "dist", "--sdist")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build(copy_checkout(folder / "checkout"), folder / "dist", "--wheel")


@pytest.fixture(scope="module")
def hostile_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "hostile-1.0-py3-none-any.whl"
    files = {f"{folder}/{name}.py": HOSTILE for folder in FOLDERS for name in ("__init__", "frame", "bundle", "load")}
    about = "hostile-1.0.dist-info"
    files[f"{about}/METADATA"] = "Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n"
    files[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(scope="module")
def neighbors(tmp_path_factory: pytest.TempPathFactory, wheel: Path, hostile_wheel: Path) -> Environment:
    environment = make_environment(tmp_path_factory.mktemp("neighbors"), all_packages())
    environment.install(wheel, hostile_wheel)
    environment.run(*"-m payrank demo --accounts 1000 --out demo".split())
    return environment


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_payrank_and_no_other_top_level_package(wheel: Path) -> None:
    walked = [Path(place, name) for place, _, names in os.walk(HOME / "payrank", followlinks=True) for name in names]
    expected = {path.relative_to(HOME).as_posix() for path in walked if path.suffix in SHIPPED}
    assert set(contents(wheel)) == expected > {f"payrank/{folder}/__init__.py" for folder in FOLDERS}


def test_the_sdist_holds_no_links_and_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive.getmembers() if member.islnk() or member.issym()]
        archive.extractall(tmp_path, filter="data")
    rebuilt = build(next(tmp_path.glob("payrank-*")), tmp_path / "dist", "--wheel")
    assert contents(rebuilt) == contents(wheel)


def test_the_demo_and_a_logged_model_run_next_to_packages_of_the_same_names(neighbors: Environment) -> None:
    assert (neighbors.work / "demo/runs/2026-11-20/worklists/patient_pay.html").is_file()
    store = f"sqlite:///{neighbors.work}/demo/mlflow.db"
    assert "rows scored" in neighbors.run("-c", LOAD_CHAMPION, MLFLOW_TRACKING_URI=store)


def test_the_sdist_runs_next_to_packages_of_the_same_names_and_survives_their_removal(
    sdist: Path, wheel: Path, hostile_wheel: Path, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path, all_packages())
    environment.install(sdist, hostile_wheel)
    environment.run(*"-m payrank simulate hospital --accounts 1500 --seed 1 --as-of 2026-11-20".split())
    environment.pip("uninstall", "--yes", "hostile")
    environment.run(*"-m payrank check hospital".split())
    (installed,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    assert {name: (installed / name).read_bytes() for name in contents(wheel)} == contents(wheel)


def test_the_base_install_scores_from_bundle_folders_and_names_the_extra_that_training_needs(
    neighbors: Environment, wheel: Path, tmp_path: Path
) -> None:
    environment = make_environment(tmp_path, base_packages())
    environment.install(wheel)
    demo = neighbors.work / "demo"
    bundles = [f"--payment={demo}/models/payment", f"--overturn={demo}/models/overturn"]
    environment.run(*f"-m payrank score {demo}/extract --as-of 2026-11-20 --out runs".split(), *bundles)
    message = environment.run(*f"-m payrank train payment {demo}/extract --as-of 2026-11-20".split(), code=2)
    assert "pip install 'payrank[train]'" in message


def test_a_checkout_without_symbolic_links_is_refused_with_the_remedy(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    for link in (checkout / "payrank" / folder for folder in FOLDERS):
        link.unlink()
        link.write_text(f"../{link.name}", "utf-8")
    with pytest.raises(subprocess.CalledProcessError) as fault:
        build(checkout, tmp_path / "dist", "--wheel")
    assert b"git config core.symlinks true" in fault.value.stdout + fault.value.stderr
