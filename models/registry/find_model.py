"""Find a model by bundle folder, alias, or version; without a name, find the champion."""

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
from payrank.models.registry.versions import CHAMPION, DIGEST_TAG, read_aliases, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_ADDRESS = re.compile(r"^models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))$")


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A verified model with its display name, such as `payrank-payment version 3` or a folder's name.

    `version` is its number in the registry, or None for a bundle folder.
    """

    bundle: Bundle
    name: str
    version: int | None = None


def find_model(text: str | None, kind: ModelKind) -> ResolvedModel:
    """Find a model of a kind and read it.

    A bundle from a remote registry is downloaded to a private temporary folder, which is deleted afterwards.

    Parameters
    ----------
    text
        A bundle folder, `models:/NAME@ALIAS`, `models:/NAME/VERSION`, or None for the champion of the kind.
    kind
        What the model must predict.

    Raises
    ------
    NoUsableModelError
        When there is none, when its bundle is not the one that was registered, or when it is of another kind.
    """
    resolved = find_by_name(text or f"models:/{registered_name(kind)}@{CHAMPION}")
    if resolved.bundle.kind != kind:
        raise NoUsableModelError(
            f"{resolved.name} is a model of kind {resolved.bundle.kind}, but {kind} is needed; choose another model"
        )
    return resolved


def find_by_name(text: str) -> ResolvedModel:
    """Find a model of any kind; see `find_model`."""
    if not text.startswith("models:"):
        folder = Path(text)
        name = text if text.startswith(registered_name("")) else registered_name(text)
        if not folder.exists() and name in map(registered_name, MODEL_KINDS):
            raise NoUsableModelError(
                f"no model bundle at {text}; for the registered champion write models:/{name}@{CHAMPION}"
            )
        return ResolvedModel(read_bundle(folder), folder.resolve().name)
    match = _ADDRESS.match(text)
    if match is None:
        raise NoUsableModelError(
            f"{text!r} is not a model. Give a bundle folder, models:/{registered_name(MODEL_KINDS[0])}@{CHAMPION}, or "
            f"models:/{registered_name(MODEL_KINDS[0])}/1"
        )
    if has_no_store():
        kind = _find_kind(match["name"])
        raise NoUsableModelError(
            f"no {kind} model: {text} was requested, but the working folder has no {DATABASE}; train one with "
            f"`payrank train {kind}`, give a bundle folder, or set MLFLOW_TRACKING_URI to your model registry"
        )
    with open_client(NoUsableModelError) as client:
        return _open_version(client, _find_version(client, match["name"], match["alias"], match["version"]))


def _find_version(client: MlflowClient, name: str, alias: str | None, version: str | None) -> ModelVersion:
    if alias is None:
        return client.get_model_version(name, str(version))
    if (
        alias == CHAMPION
        and name in map(registered_name, MODEL_KINDS)
        and CHAMPION not in (read_aliases(client, name) or {})
    ):
        kind = _find_kind(name)
        raise NoUsableModelError(
            f"no {kind} champion is registered at {without_password(registry_uri())}; train one with "
            f"`payrank train {kind} EXTRACT --as-of DATE`, or give a bundle folder with --{kind}"
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
            "restore the run's artifacts, or train and register the model again"
        )
    return ResolvedModel(bundle, name, int(version.version))


def _find_kind(name: str) -> str:
    """Return the kind of a registered model by name, or the first kind for other names."""
    return next((kind for kind in MODEL_KINDS if registered_name(kind) == name), MODEL_KINDS[0])
