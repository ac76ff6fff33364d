"""Imports of packages that an optional extra installs: a missing one is reported with the command to install it."""

from __future__ import annotations

import importlib
from types import ModuleType

from payrank.extracts.errors import WrongUsageError

TITLES = {
    "matplotlib": "Matplotlib",
    "alembic": "Alembic",
    "mlflow": "MLflow",
    "optuna": "Optuna",
    "psycopg": "Psycopg",
    "pyspark": "PySpark",
    "shap": "SHAP",
    "sklearn": "scikit-learn",
    "sqlalchemy": "SQLAlchemy",
}
"""How the packages write their own names."""


def require(name: str, *, extra: str, needed_for: str = "") -> ModuleType:
    """Import a module that an optional extra installs, and return it.

    Parameters
    ----------
    name
        The module, such as `mlflow` or `matplotlib.figure`.
    extra
        The extra of payrank that installs it: `train`, `registry`, `spark`, `postgres`, or `tune`.
    needed_for
        What the user asked for, such as `the model registry`.

    Raises
    ------
    WrongUsageError
        When the package is not installed, with the command that installs it.

    Examples
    --------
    >>> require("json", extra="train").__name__
    'json'
    >>> require("mlfow", extra="train", needed_for="the model registry")
    Traceback (most recent call last):
        ...
    payrank.extracts.errors.WrongUsageError: mlfow is not installed, but the model registry needs it. Install it ...
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise  # the package is installed; something that it imports is not
        title = TITLES.get(package, package)
        reason = f", but {needed_for} needs it" if needed_for else ""
        raise WrongUsageError(
            f"{title} is not installed{reason}. Install it with: pip install 'payrank[{extra}]'"
        ) from error
