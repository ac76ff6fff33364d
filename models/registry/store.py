"""The MLflow store: where it is, a client of it, and what is said when it fails.

Without `MLFLOW_TRACKING_URI` runs and versions lie in `mlflow.db` of the working folder, their files in `mlartifacts`
beside it. MLflow's telemetry, hints and progress bars are switched off before it is imported, and it gives up on a
server that does not answer after seconds, not the many minutes of its own defaults, unless the environment says else.
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

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",  # else it copies the lock file of whatever project it is called from
}
HASTY, PATIENT = "4", "60"
"""Seconds for an answer. A night asks a silent server twice (the champion, then whether there is one): 2 * 2 tries * 4
s are 16 s at most. A training would be lost for want of patience, and sends whole models."""


def experiment_id(client: MlflowClient, name: str) -> str:
    """Return the id of an experiment, made where it is not yet."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    return str(client.create_experiment(name, artifact_location=_artifact_location(client.tracking_uri)))


def _artifact_location(tracking_uri: str) -> str | None:
    """Return where runs' files go: beside an SQLite database; a server decides for itself."""
    path = tracking_uri.removeprefix("sqlite:///")
    return None if path == tracking_uri else (Path(path).resolve().parent / ARTIFACTS).as_uri()


def has_no_store() -> bool:
    """Whether nothing was ever logged here: the default store is meant, and its file is absent."""
    return not os.environ.get("MLFLOW_TRACKING_URI") and not Path(DATABASE).is_file()


def tracking_uri() -> str:
    """Return the address of the runs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path(DATABASE).resolve()}"


def registry_uri() -> str:
    """Return the address of the model versions and their aliases."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or tracking_uri()


@contextmanager
def open_client(fault: type[PayrankError] = WrongUsageError, *, wait: str = HASTY) -> Iterator[MlflowClient]:
    """Give a client of the tracking store, MLflow kept quiet; a store that fails becomes `fault`.

    `wait` is how many seconds it waits for an answer, where the user's environment does not say.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with _waiting(wait):
        yield from _give_client(fault)


@contextmanager
def _waiting(seconds: str) -> Iterator[None]:
    """Let MLflow wait so long for an answer and try once more, unless the environment says else."""
    waits = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": seconds,
        "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    }
    defaults = {name: value for name, value in waits.items() if name not in os.environ}
    os.environ.update(defaults)
    try:
        yield
    finally:
        for name in defaults:
            os.environ.pop(name, None)


def _give_client(fault: type[PayrankError]) -> Iterator[MlflowClient]:
    chatter = [logging.getLogger(name) for name in ("mlflow", "alembic", "urllib3")]
    with warnings.catch_warnings():
        # SQLAlchemy 2.1 deprecates a loader that MLflow 3.17 still uses; nothing here can act on it.
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient  # noqa: PLC0415 - MLflow takes two seconds to import
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with MLflow

        levels = [logger.level for logger in chatter]
        for logger in chatter:
            logger.setLevel(logging.ERROR)
        uris = dict.fromkeys((tracking_uri(), registry_uri()))
        try:
            for uri in uris:
                _open_database(uri)
            yield MlflowClient(tracking_uri=tracking_uri(), registry_uri=registry_uri())
        except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise fault(_explain(error, " and ".join(uris), fault)) from error
        finally:
            for logger, level in zip(chatter, levels, strict=True):
                logger.setLevel(level)


def _open_database(uri: str) -> None:
    """Look whether an SQLite file opens; MLflow would try a hopeless one for two minutes."""
    path = Path(uri.removeprefix("sqlite:///").partition("?")[0])
    if uri.startswith("sqlite:///"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("SELECT name FROM sqlite_master").fetchone()


def _explain(error: Exception, uri: str, fault: type[PayrankError]) -> str:
    """Return what is wrong with the store, shortly: which address, what was found, and what to do."""
    cause = str(getattr(error, "message", None) or getattr(error, "orig", None) or error)
    if type(error).__name__.startswith("Unsupported") or "MLFLOW_ALLOW_FILE_STORE" in cause:
        problem = f"{uri} is no address of a model registry: sqlite:///PATH.db and http(s)://HOST are allowed; mend it"
    elif not isinstance(error, OSError) and isinstance(error.__context__, OSError):  # as every fault of requests is
        problem = f"the model registry at {uri} does not answer ({type(error.__context__).__name__}); see that it runs"
    else:
        problem = f"the model registry at {uri} could not do it: {' '.join(cause.split())[:200]}; mend it"
    bundles = (
        ", or name bundle folders with --payment and --overturn" if fault is NoUsableModelError else ", and try again"
    )
    return without_password(f"{problem}, or set MLFLOW_TRACKING_URI to a registry that can be used{bundles}")


def without_password(text: str) -> str:
    """Return a message without the user and password that an address in it may hold.

    >>> without_password("no answer from https://ann:s@cret@mlflow.example.org/x")
    'no answer from https://mlflow.example.org/x'
    """
    return re.sub(r"//[^/\s]*@", "//", text)
