"""Registered models: every registered training is a version of its kind's model, and an alias marks the one in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from payrank.extracts.errors import NoUsableModelError, WrongUsageError
from payrank.models.bundle import Bundle
from payrank.models.manifest import MODEL_KINDS
from payrank.models.registry.store import LONG_TIMEOUT, has_no_store, open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
PREVIOUS = "previous"
DIGEST_TAG = "payrank.bundle_digest"
AS_OF_TAG = "payrank.as_of"
AUC_TAG = "payrank.auc"
CAPTURED_TAG = "payrank.captured"
VERDICT_TAG = "payrank.verdict"


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A model version: name, number, the run that trained it, and whether it is the champion.

    `blocked_by_alarm`: the first version of its kind would have become champion, but it has an open alarm.
    """

    name: str
    version: int
    run_id: str
    champion: bool
    blocked_by_alarm: bool = False


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A registered version with its aliases, training date, and bundle digest.

    `auc` and `captured` (share of the gain in the top of the lists) come from its training, and `verdict` from its
    latest comparison with a champion. Each is empty when unknown.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    as_of: str
    digest: str
    auc: str = ""
    captured: str = ""
    verdict: str = ""


def registered_name(kind: str) -> str:
    """Return the name under which models of a kind are registered.

    >>> registered_name("payment")
    'payrank-payment'
    """
    return f"payrank-{kind}"


def register(bundle: Bundle, run_id: str) -> RegisteredVersion:
    """Register a run's model as a version. The first version of its kind becomes the champion unless it has an alarm.

    Raises
    ------
    WrongUsageError
        When the tracking store cannot be used.
    """
    name = registered_name(bundle.kind)
    with open_client(wait=LONG_TIMEOUT) as client:
        aliases = read_aliases(client, name)
        if aliases is None:
            client.create_registered_model(
                name, description=f"payrank {bundle.kind} models; nightly runs use the alias champion"
            )
        made_by = client.get_run(run_id).outputs
        if made_by is None or not made_by.model_outputs:
            raise WrongUsageError(
                f"run {run_id} has no logged model; log the training with `log_training`, then register that run"
            )
        model_id = made_by.model_outputs[0].model_id
        source = client.get_logged_model(model_id).artifact_location
        tags = {DIGEST_TAG: bundle.digest, AS_OF_TAG: bundle.manifest.as_of.isoformat(), **_metric_tags(bundle)}
        made = client.create_model_version(name, source, run_id, tags=tags, await_creation_for=0, model_id=model_id)
        version = int(made.version)
        no_champion = CHAMPION not in (aliases or {})
        first = no_champion and not bundle.manifest.evaluation.alarms
        if first:
            client.set_registered_model_alias(name, CHAMPION, str(version))
        return RegisteredVersion(name, version, run_id, first, blocked_by_alarm=no_champion and not first)


def _metric_tags(bundle: Bundle) -> dict[str, str]:
    metrics = bundle.manifest.evaluation.metrics
    estimates = {AUC_TAG: metrics.get("auc"), CAPTURED_TAG: metrics.get("captured")}
    return {tag: f"{estimate.value:.3f}" for tag, estimate in estimates.items() if estimate is not None}


def list_versions() -> tuple[VersionSummary, ...]:
    """Return every registered payrank version by name and number; an empty tuple when there is no store yet.

    Raises
    ------
    NoUsableModelError
        When the registry cannot be reached, which does not mean that it is empty.
    """
    if has_no_store():
        return ()
    summaries = []
    with open_client(NoUsableModelError) as client:
        for kind in MODEL_KINDS:
            name = registered_name(kind)
            versions = client.search_model_versions(f"name = '{name}'")
            aliases = client.get_registered_model(name).aliases if versions else {}
            for version in versions:
                named = tuple(sorted(alias for alias, number in aliases.items() if int(number) == int(version.version)))
                tags = (
                    version.tags.get(tag, "") for tag in (AS_OF_TAG, DIGEST_TAG, AUC_TAG, CAPTURED_TAG, VERDICT_TAG)
                )
                summaries.append(VersionSummary(name, int(version.version), named, *tags))
    return tuple(sorted(summaries, key=lambda summary: (summary.name, summary.version)))


def read_aliases(client: MlflowClient, name: str) -> Mapping[str, str] | None:
    """Return the aliases of a registered model, or None if no such model exists; other errors are raised."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - MLflow takes two seconds to import

    try:
        return dict(client.get_registered_model(name).aliases)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
