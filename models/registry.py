"""MLflow, imported here alone: each training is a run, each kept model a version, and an alias says which is used.

Without `MLFLOW_TRACKING_URI` runs and versions lie in `mlflow.db` of the working folder, their files in `mlartifacts`
beside it. MLflow's telemetry, hints and progress bars are switched off before it is imported, and it gives up on a
server that does not answer after seconds, not the many minutes of its own defaults, unless the environment says else.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extracts.errors import NoUsableModel, PayrankError, WrongUsage
from models.bundle import MANIFEST, Bundle, write_bundle
from models.manifest import KINDS, Kind, Manifest, digest_manifest, parse_manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
CHAMPION = "champion"
BUNDLE_FOLDER = "bundle"

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A night asks a silent server twice (the champion, then whether there is one): 2 * 2 tries * 4 s = 16 s at most.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
_ADDRESS = re.compile(r"^models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))$")


@dataclass(frozen=True, slots=True)
class Registered:
    """A model version: `payrank-payment`, 3, the run that trained it, and whether it is the champion."""

    name: str
    version: int
    run_id: str
    champion: bool


@dataclass(frozen=True, slots=True)
class FoundModel:
    """Where a model's bundle lies, and its name for people: `payrank-payment version 3`, or the folder's."""

    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A registered version with its aliases, the day of its training and the digest of its bundle."""

    name: str
    version: int
    aliases: tuple[str, ...]
    as_of: str
    digest: str


def registered_name(kind: str) -> str:
    """Return the registry's name of the models of a kind.

    >>> registered_name("payment")
    'payrank-payment'
    """
    return f"payrank-{kind}"


def log_training(bundle: Bundle, *, plots: Mapping[str, Path] | None = None) -> str:
    """Log a training as a run of the experiment `payrank-<kind>`: settings, figures, plots, bundle.

    Parameters
    ----------
    bundle
        What was trained; it holds no row and no id, and nothing else of the data is logged.
    plots
        Name to PNG file.

    Returns
    -------
    str
        The run's id, for `register`.

    Raises
    ------
    WrongUsage
        When the tracking store cannot be used.
    """
    with _client() as client:
        manifest = bundle.manifest
        tags = {
            "payrank.kind": bundle.kind,
            "payrank.as_of": manifest.as_of.isoformat(),
            "payrank.bundle_digest": bundle.digest,
            "payrank.catalogue_digest": manifest.catalogue_digest,
            **{f"payrank.extract.{_key(name)}": digest for name, digest in sorted(manifest.extract_digests.items())},
        }
        run = client.create_run(
            _experiment(client, registered_name(bundle.kind)),
            run_name=f"{bundle.kind} as of {manifest.as_of}",
            tags=tags,
        )
        run_id: str = run.info.run_id
        try:
            _log_figures(client, run_id, bundle)
            with tempfile.TemporaryDirectory(prefix="payrank-") as folder:
                write_bundle(bundle, Path(folder) / BUNDLE_FOLDER)
                client.log_artifacts(run_id, str(Path(folder) / BUNDLE_FOLDER), BUNDLE_FOLDER)
            for path in (plots or {}).values():
                client.log_artifact(run_id, str(path), "plots")
        except BaseException:
            with suppress(Exception):  # the store may be what failed; the first fault is the one to tell
                client.set_terminated(run_id, "FAILED")
            raise
        client.set_terminated(run_id, "FINISHED")
        return run_id


def register(bundle: Bundle, run_id: str) -> Registered:
    """Make the run's bundle a model version; the first of its kind becomes the champion.

    Raises
    ------
    WrongUsage
        When the tracking store cannot be used.
    """
    name = registered_name(bundle.kind)
    with _client() as client:
        aliases = _aliases(client, name)
        if aliases is None:
            client.create_registered_model(name, description=f"payrank {bundle.kind} models; alias champion is used")
        source = f"{client.get_run(run_id).info.artifact_uri}/{BUNDLE_FOLDER}"
        tags = {"payrank.bundle_digest": bundle.digest, "payrank.as_of": bundle.manifest.as_of.isoformat()}
        version = int(client.create_model_version(name, source, run_id, tags=tags, await_creation_for=0).version)
        first = CHAMPION not in (aliases or {})
        if first:
            client.set_registered_model_alias(name, CHAMPION, str(version))
        return Registered(name, version, run_id, first)


def list_versions() -> tuple[Listed, ...]:
    """Return every registered version of our kinds, by name and version; nothing where no store is yet.

    Raises
    ------
    NoUsableModel
        When the registry cannot be asked: that is no sign that it holds nothing.
    """
    if _uses_default_store() and not Path(DATABASE).is_file():
        return ()
    found = []
    with _client(NoUsableModel) as client:
        for kind in KINDS:
            name = registered_name(kind)
            versions = client.search_model_versions(f"name = '{name}'")
            aliases = client.get_registered_model(name).aliases if versions else {}
            for version in versions:
                named = tuple(sorted(alias for alias, number in aliases.items() if int(number) == int(version.version)))
                tags = version.tags
                as_of, digest = tags.get("payrank.as_of", ""), tags.get("payrank.bundle_digest", "")
                found.append(Listed(name, int(version.version), named, as_of, digest))
    return tuple(sorted(found, key=lambda one: (one.name, one.version)))


def resolve_model(text: str | None, kind: Kind) -> Path:
    """Return the folder of a model's bundle; see `find_model`."""
    return find_model(text, kind).folder


def find_model(text: str | None, kind: Kind) -> FoundModel:
    """Find a model.

    Parameters
    ----------
    text
        A bundle folder, `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or None for the champion of the kind.
    kind
        What the model must predict.

    Raises
    ------
    NoUsableModel
        When there is none, or its bundle is not the one that was registered, or predicts something else.
    """
    if text is not None and not text.startswith("models:"):
        folder = Path(text)
        manifest = _manifest_of(folder)
        name = folder.resolve().name
    else:
        folder, manifest, name = _find_registered(text or f"models:/{registered_name(kind)}@{CHAMPION}", kind)
    if manifest.kind != kind:
        raise NoUsableModel(f"{name} is a model of kind {manifest.kind}, but {kind} is needed; name another")
    return FoundModel(folder, name)


def _find_registered(address: str, kind: Kind) -> tuple[Path, Manifest, str]:
    found = _ADDRESS.match(address)
    if found is None:
        raise NoUsableModel(
            f"{address!r} is no model: give a bundle folder, models:/{registered_name(kind)}@{CHAMPION} or "
            f"models:/{registered_name(kind)}/1"
        )
    if _uses_default_store() and not Path(DATABASE).is_file():
        raise NoUsableModel(
            f"no {kind} model: {address} was asked for, and no {DATABASE} is in the working folder; train one with "
            f"`payrank train {kind}`, name a bundle folder, or set MLFLOW_TRACKING_URI to where your models are"
        )
    with _client(NoUsableModel) as client:
        champion = (found["name"], found["alias"]) == (registered_name(kind), CHAMPION)
        if champion and CHAMPION not in (_aliases(client, found["name"]) or {}):
            raise NoUsableModel(
                f"no {kind} champion is registered at {_without_password(_registry_uri())}; train one with "
                f"`payrank train {kind} EXTRACT --as-of DATE`, or name a bundle with --{kind}"
            )
        version = _version(client, found["name"], found["alias"], found["version"])
        from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - MLflow takes two seconds to import

        folder = Path(download_artifacts(artifact_uri=version.source, tracking_uri=client.tracking_uri))
    name = f"{version.name} version {version.version}"
    manifest = _manifest_of(folder)
    if version.tags.get("payrank.bundle_digest") != digest_manifest(manifest):
        raise NoUsableModel(
            f"{name}: the bundle at {folder} is not the one that was registered; restore the run's artifacts, or "
            "retrain and register anew"
        )
    return folder, manifest, name


def _aliases(client: MlflowClient, name: str) -> Mapping[str, str] | None:
    """Return the aliases of a registered model, None where none of that name is; any other fault is raised."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - MLflow takes two seconds to import

    try:
        return dict(client.get_registered_model(name).aliases)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _version(client: MlflowClient, name: str, alias: str | None, version: str | None) -> ModelVersion:
    if alias is not None:
        return client.get_model_version_by_alias(name, alias)
    return client.get_model_version(name, str(version))


def _manifest_of(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        raise NoUsableModel(f"no model bundle at {folder}; train one with `payrank train`, or name another folder")
    try:
        return parse_manifest(path.read_bytes())
    except ValueError as error:
        raise NoUsableModel(
            f"the model bundle is not as it was written: {folder}: {MANIFEST} is damaged or of another version; "
            "restore the folder from where it was trained, or retrain with `payrank train`"
        ) from error


def _log_figures(client: MlflowClient, run_id: str, bundle: Bundle) -> None:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - MLflow takes two seconds to import

    manifest = bundle.manifest
    settings = {**manifest.settings, "target": manifest.target, "rounds": dict(manifest.rounds)}
    figures = dict(manifest.metrics)
    for baseline, values in manifest.baselines.items():
        figures |= {f"{baseline}/{name}": value for name, value in values.items()}
    figures |= {"rows": manifest.rows, "events": manifest.events, "households": manifest.households}
    logged_at = int(time.time() * 1000)  # MLflow wants to know when; nothing of ours reads it
    client.log_batch(
        run_id,
        metrics=[Metric(_key(name), float(value), logged_at, 0) for name, value in sorted(figures.items())],
        params=[Param(name, value) for name, value in sorted(_flatten(settings).items())],
    )


def _flatten(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Return nested settings as one level of text.

    >>> _flatten({"trees": {"max_bin": 63}, "refit": True})
    {'trees.max_bin': '63', 'refit': 'True'}
    """
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{before}{name}.")
        else:
            flat[_key(f"{before}{name}")] = str(value)
    return flat


def _key(name: str) -> str:
    """Return a name that MLflow accepts as a key."""
    return re.sub(r"[^\w./ -]", "_", name)


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=_artifact_location(client.tracking_uri)))


def _artifact_location(tracking_uri: str) -> str | None:
    """Return where runs' files go: beside an SQLite database; a server decides for itself."""
    path = tracking_uri.removeprefix("sqlite:///")
    return None if path == tracking_uri else (Path(path).resolve().parent / ARTIFACTS).as_uri()


def _uses_default_store() -> bool:
    return not os.environ.get("MLFLOW_TRACKING_URI")


def _tracking_uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path(DATABASE).resolve()}"


def _registry_uri() -> str:
    return os.environ.get("MLFLOW_REGISTRY_URI") or _tracking_uri()


@contextmanager
def _client(fault: type[PayrankError] = WrongUsage) -> Iterator[MlflowClient]:
    """Give a client of the tracking store, MLflow kept quiet; a store that fails becomes `fault`."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
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
        uris = dict.fromkeys((_tracking_uri(), _registry_uri()))
        try:
            for uri in uris:
                _open_database(uri)
            yield MlflowClient(tracking_uri=_tracking_uri(), registry_uri=_registry_uri())
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
    found = str(getattr(error, "message", None) or getattr(error, "orig", None) or error)
    if type(error).__name__.startswith("Unsupported") or "MLFLOW_ALLOW_FILE_STORE" in found:
        said = f"{uri} is no address of a model registry: sqlite:///PATH.db and http(s)://HOST are allowed; mend it"
    elif not isinstance(error, OSError) and isinstance(error.__context__, OSError):  # as every fault of requests is
        said = f"the model registry at {uri} does not answer ({type(error.__context__).__name__}); see that it runs"
    else:
        said = f"the model registry at {uri} could not do it: {' '.join(found.split())[:200]}; mend it"
    bundles = ", or name bundle folders with --payment and --overturn" if fault is NoUsableModel else ", and try again"
    return _without_password(f"{said}, or set MLFLOW_TRACKING_URI to a registry that can be used{bundles}")


def _without_password(text: str) -> str:
    """Return a message without the user and password that an address in it may hold.

    >>> _without_password("no answer from https://ann:s@cret@mlflow.example.org/x")
    'no answer from https://mlflow.example.org/x'
    """
    return re.sub(r"//[^/\s]*@", "//", text)
