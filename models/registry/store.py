"""The MLflow store: its address, a client, and clear errors when it fails.

Without `MLFLOW_TRACKING_URI`, runs and versions are in `mlflow.db` in the working folder, and their files in
`mlartifacts` next to it. MLflow's telemetry, hints, and progress bars are turned off before it is imported. A server
that does not answer fails after seconds instead of the minutes of MLflow's defaults, unless the environment sets them.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.errors import NoUsableModelError, PayrankError, WrongUsageError
from payrank.extracts.optional import require

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",  # else it copies the lock file of the calling project
}
SHORT_TIMEOUT, LONG_TIMEOUT = "4", "60"
"""Seconds to wait for an answer. A nightly run asks an unresponsive server twice (for the champion, then whether there
is one): 2 requests x 2 tries x 4 s = 16 s at most. A training sends whole models, and giving up early would lose it."""


def experiment_id(client: MlflowClient, name: str) -> str:
    """Return the ID of an experiment, which is created if it does not exist."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    return str(client.create_experiment(name, artifact_location=_artifact_location(client.tracking_uri)))


def _artifact_location(tracking_uri: str) -> str | None:
    """Return where runs' files go: next to an SQLite database; None for a server, which decides itself."""
    path = tracking_uri.removeprefix("sqlite:///")
    return None if path == tracking_uri else (Path(path).resolve().parent / ARTIFACTS).as_uri()


def has_no_store() -> bool:
    """Return whether nothing was ever logged: no store is configured, and the default file does not exist."""
    return not os.environ.get("MLFLOW_TRACKING_URI") and not Path(DATABASE).is_file()


def tracking_uri() -> str:
    """Return the address of the runs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path(DATABASE).resolve()}"


def registry_uri() -> str:
    """Return the address of the model versions and their aliases."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


@contextmanager
def open_client(fault: type[PayrankError] = WrongUsageError, *, wait: str = SHORT_TIMEOUT) -> Iterator[MlflowClient]:
    """Yield a client of the store with MLflow's output silenced; a failing store raises `fault`.

    Parameters
    ----------
    fault
        The error to raise.
    wait
        Seconds to wait for an answer, unless the environment sets MLflow's own variable.

    Raises
    ------
    WrongUsageError
        When MLflow is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with _set_timeouts(wait):
        yield from _give_client(fault)


@contextmanager
def _set_timeouts(seconds: str) -> Iterator[None]:
    """Let MLflow wait this long for an answer and retry once, unless the environment sets its own limits."""
    limits = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": seconds,
        "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    }
    defaults = {name: value for name, value in limits.items() if name not in os.environ}
    os.environ.update(defaults)
    try:
        yield
    finally:
        for name in defaults:
            os.environ.pop(name, None)


def _give_client(fault: type[PayrankError]) -> Iterator[MlflowClient]:
    try:
        require_mlflow()
    except WrongUsageError as error:
        raise fault(str(error)) from None
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic", "urllib3")]
    with warnings.catch_warnings():
        # SQLAlchemy 2.1 deprecates a loader that MLflow 3.17 still uses; nothing here can act on it.
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient  # noqa: PLC0415 - MLflow takes two seconds to import
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        failures: tuple[type[Exception], ...] = (MlflowException, sqlite3.Error, OSError, *_database_errors())
        uris = dict.fromkeys((tracking_uri(), registry_uri()))
        try:
            for uri in uris:
                _open_database(uri)
            yield MlflowClient(tracking_uri=tracking_uri(), registry_uri=registry_uri())
        except failures as error:
            raise fault(_explain(error, " and ".join(uris), fault)) from error
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def require_mlflow() -> None:
    """Check that MLflow is installed, and for a local database, the packages that MLflow needs to open it.

    A registry on a server needs only `mlflow-skinny`.

    Raises
    ------
    WrongUsageError
        With the command that installs what is missing.
    """
    if all(uri.startswith(("http://", "https://")) for uri in (tracking_uri(), registry_uri())):
        require("mlflow", extra="registry", needed_for="the model registry")
        return
    for name in ("mlflow", "sqlalchemy", "alembic"):
        require(name, extra="train", needed_for=f"the model registry at {without_password(registry_uri())}")


def _database_errors() -> tuple[type[Exception], ...]:
    """Return what a local store raises; mlflow-skinny, which reads remote registries only, has no SQLAlchemy."""
    try:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with MLflow
    except ModuleNotFoundError:
        return ()
    return (SQLAlchemyError,)


def _open_database(uri: str) -> None:
    """Fail at once on an SQLite file that cannot be opened; MLflow would retry for two minutes."""
    path = Path(uri.removeprefix("sqlite:///").partition("?")[0])
    if uri.startswith("sqlite:///"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("SELECT name FROM sqlite_master").fetchone()


def _explain(error: Exception, uri: str, fault: type[PayrankError]) -> str:
    """Return a short message: the address of the store, what failed, and what to do."""
    cause = str(getattr(error, "message", None) or getattr(error, "orig", None) or error)
    if type(error).__name__.startswith("Unsupported") or "MLFLOW_ALLOW_FILE_STORE" in cause:
        problem = (
            f"{uri} is not an address of a model registry (allowed: sqlite:///PATH.db and http(s)://HOST). Correct it"
        )
    elif not isinstance(error, OSError) and isinstance(error.__context__, OSError):  # as the requests library raises
        reason = type(error.__context__).__name__
        problem = f"the model registry at {uri} does not answer ({reason}). Make sure that it is running"
    else:
        advice = "Check the name and version with `payrank models list`" if "not found" in cause else "Fix it"
        reason = " ".join(cause.split())[:200].rstrip(".")
        problem = f"the model registry at {uri} returned an error: {reason}. {advice}"
    remedy = (
        ", or pass bundle folders with --payment and --overturn" if fault is NoUsableModelError else ", and try again"
    )
    return without_password(f"{problem}, or set MLFLOW_TRACKING_URI to a working registry{remedy}")


def without_password(text: str) -> str:
    """Return a message without the user name and password of any address in it.

    >>> without_password("no answer from https://ann:s@cret@mlflow.example.org/x")
    'no answer from https://mlflow.example.org/x'
    """
    return re.sub(r"//[^/\s]*@", "//", text)
