"""Finding a model by what a person calls it: a bundle folder, an alias, a version, or nothing for the champion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from payrank.extracts.errors import NoUsableModelError
from payrank.extracts.workspace import workspace
from payrank.models.bundle import Bundle, read_bundle
from payrank.models.manifest import MODEL_KINDS, ModelKind
from payrank.models.registry.served_model import BUNDLE_IN_MODEL
from payrank.models.registry.store import DATABASE, has_no_store, open_client, registry_uri, without_password
from payrank.models.registry.versions import CHAMPION, DIGEST_TAG, aliases_of, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_ADDRESS = re.compile(r"^models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))$")


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model, whole and checked, and its name for people: `payrank-payment version 3`, or the folder's.

    `version` is its number in the registry; None where it was found in a folder.
    """

    bundle: Bundle
    name: str
    version: int | None = None


def find_model(text: str | None, kind: ModelKind) -> ResolvedModel:
    """Find a model of a kind and read it.

    Nothing of it stays on this machine: what a distant server sends lies in a private folder while it is read.

    Parameters
    ----------
    text
        A bundle folder, `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or None for the champion of the kind.
    kind
        What the model must predict.

    Raises
    ------
    NoUsableModelError
        When there is none, or its bundle is not the one that was registered, or predicts something else.
    """
    resolved = find_by_name(text or f"models:/{registered_name(kind)}@{CHAMPION}")
    if resolved.bundle.kind != kind:
        raise NoUsableModelError(
            f"{resolved.name} is a model of kind {resolved.bundle.kind}, but {kind} is needed; name another"
        )
    return resolved


def find_by_name(text: str) -> ResolvedModel:
    """Find a model of whatever kind; see `find_model`."""
    if not text.startswith("models:"):
        folder = Path(text)
        return ResolvedModel(read_bundle(folder), folder.resolve().name)
    match = _ADDRESS.match(text)
    if match is None:
        raise NoUsableModelError(
            f"{text!r} is no model: give a bundle folder, models:/{registered_name(MODEL_KINDS[0])}@{CHAMPION} or "
            f"models:/{registered_name(MODEL_KINDS[0])}/1"
        )
    if has_no_store():
        kind = _kind_of(match["name"])
        raise NoUsableModelError(
            f"no {kind} model: {text} was asked for, and no {DATABASE} is in the working folder; train one with "
            f"`payrank train {kind}`, name a bundle folder, or set MLFLOW_TRACKING_URI to where your models are"
        )
    with open_client(NoUsableModelError) as client:
        return _open_version(client, _find_version(client, match["name"], match["alias"], match["version"]))


def _find_version(client: MlflowClient, name: str, alias: str | None, version: str | None) -> ModelVersion:
    if alias is None:
        return client.get_model_version(name, str(version))
    if (
        alias == CHAMPION
        and name in map(registered_name, MODEL_KINDS)
        and CHAMPION not in (aliases_of(client, name) or {})
    ):
        kind = _kind_of(name)
        raise NoUsableModelError(
            f"no {kind} champion is registered at {without_password(registry_uri())}; train one with "
            f"`payrank train {kind} EXTRACT --as-of DATE`, or name a bundle with --{kind}"
        )
    return client.get_model_version_by_alias(name, alias)


def _open_version(client: MlflowClient, version: ModelVersion) -> ResolvedModel:
    from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - MLflow takes two seconds to import

    name = f"{version.name} version {version.version}"
    source = f"{str(version.source).rstrip('/')}/{BUNDLE_IN_MODEL}"
    with workspace() as folder:
        copy = download_artifacts(artifact_uri=source, dst_path=str(folder), tracking_uri=client.tracking_uri)
        try:
            bundle = read_bundle(Path(copy))
        except NoUsableModelError as error:
            raise NoUsableModelError(str(error).replace(copy, without_password(source))) from error
    if version.tags.get(DIGEST_TAG) != bundle.digest:
        raise NoUsableModelError(
            f"{name}: the bundle at {without_password(source)} is not the one that was registered; "
            "restore the run's artifacts, or retrain and register anew"
        )
    return ResolvedModel(bundle, name, int(version.version))


def _kind_of(name: str) -> str:
    """Return the kind of a registered model's name; the first kind for a name that is not ours."""
    return next((kind for kind in MODEL_KINDS if registered_name(kind) == name), MODEL_KINDS[0])
