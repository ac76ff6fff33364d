"""`payrank.models` can be imported without the packages of optional extras."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import payrank.models
from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.extracts.optional import require
from payrank.training.train import Trained

ROOT = Path(__file__).parents[2]
OPTIONAL = ("matplotlib", "mlflow", "optuna", "shap", "sklearn", "scipy.stats")


def test_no_module_imports_an_optional_package_before_it_is_used() -> None:
    names = [module.name for module in pkgutil.walk_packages(payrank.models.__path__, "payrank.models.")]
    names.remove("payrank.models.registry.served_code")  # MLflow runs it
    code = (
        f"import importlib, sys; [importlib.import_module(name) for name in {names!r}]; "
        f"print(*(name for name in {OPTIONAL!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == ""


def test_a_missing_extra_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(WrongUsageError) as caught:
        require("mlflow", extra="train", needed_for="the model registry")
    assert str(caught.value) == (
        "MLflow is not installed, but the model registry needs it. Install it with: pip install 'payrank[train]'"
    )


def test_a_missing_dependency_of_an_installed_package_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "halfway.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require("halfway", extra="train")


def test_a_card_without_matplotlib_names_the_extra(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(WrongUsageError, match=r"Matplotlib is not installed.*payrank\[train\]"):
        payrank.write_card(trained.bundle.manifest, tmp_path)


def test_the_registry_without_mlflow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from payrank.models.registry.versions import list_versions  # noqa: PLC0415 - with the other uses of the registry

    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    with pytest.raises(NoUsableModelError, match=r"MLflow is not installed.*payrank\[train\]"):
        list_versions()
