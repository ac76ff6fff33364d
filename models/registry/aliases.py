"""Promote a version to champion after a comparison, and roll back in one step.

The alias `champion` alone decides which model a nightly run uses. Every change is recorded permanently as a tag of the
registered model (`payrank.change.0001`, ...): what was done, on what basis, by whom, and when.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from payrank.extracts.errors import WrongUsageError
from payrank.models.comparison import VERDICT_MEANINGS, Comparison
from payrank.models.manifest import ModelKind
from payrank.models.registry.comparisons import COMPARE, read_comparison
from payrank.models.registry.find_model import ResolvedModel, find_by_name
from payrank.models.registry.store import open_client
from payrank.models.registry.versions import (
    CHAMPION,
    DIGEST_TAG,
    PREVIOUS,
    list_versions,
    read_aliases,
    registered_name,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHANGE_TAG = "payrank.change."
MIN_REASON_LENGTH = 10
"""Characters below which a reason explains nothing."""


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """A move of the alias `champion` to `version` from `replaced` (None: no champion before), by whom and when (UTC).

    `ground` is the verdict that allowed it, `first` when there was no champion, `forced`, or `rolled back`. `reason`
    is the text that the user gave.
    """

    model: str
    action: Literal["promote", "rollback"]
    version: int
    replaced: int | None
    ground: str
    reason: str
    by: str
    at: str


FIX_OR_FORCE = 'fix the cause and retrain, or promote it with --force --reason "..."'


def promote(model: str, *, force: bool = False, reason: str = "") -> ChampionChange:
    """Make a registered version the champion, and the champion before it `previous`.

    Parameters
    ----------
    model
        `models:/NAME/VERSION` or `models:/NAME@ALIAS`.
    force
        Skip the comparison; requires a reason.
    reason
        At least ten characters, stored in the registry. Do not include patient data.

    Raises
    ------
    WrongUsageError
        When the recorded comparison does not allow it (no comparison, another champion, another bundle, no win, an open
        alarm), or when a reason is missing.
    NoUsableModelError
        When the version cannot be used.
    """
    reason = " ".join(reason.split())
    if (force or reason) and len(reason) < MIN_REASON_LENGTH:
        raise WrongUsageError(
            f"--force requires --reason with at least {MIN_REASON_LENGTH} characters (found: {len(reason)}). The "
            "registry keeps the reason, so write what someone would want to know a year from now"
        )
    if not model.startswith("models:"):
        _refuse_folder(find_by_name(model))
    resolved = find_by_name(model)  # also opens the bundle: one that cannot be opened must not become champion
    kind = resolved.bundle.manifest.kind
    name, version = registered_name(kind), resolved.version
    if version is None:
        raise WrongUsageError(f"{resolved.name} is not in a registry; give a registered version")
    if model.removeprefix("models:").strip("/").replace("@", "/").rsplit("/", 1)[0] != name:
        raise WrongUsageError(
            f"{model!r:.80} is registered under another name; the champion must be a version of {name}"
        )
    with open_client() as client:
        aliases = read_aliases(client, name) or {}
        champion = int(aliases[CHAMPION]) if CHAMPION in aliases else None
        if champion == version:
            raise WrongUsageError(f"{resolved.name} is already the champion")
        alarms = resolved.bundle.manifest.evaluation.alarms
        if champion is None and alarms and not force:
            raise WrongUsageError(f"{resolved.name} has an open alarm: {alarms[0].text}; {FIX_OR_FORCE}")
        ground = "forced" if champion is not None or alarms else "first"
        if champion is not None and not force:
            comparison = _usable_comparison(client, name, version, champion, resolved)
            ground = comparison.verdict
        return _move(
            client, name, ChampionChange(name, "promote", version, champion, ground, reason, _user_name(), _now())
        )


def roll_back(kind: ModelKind) -> ChampionChange:
    """Make the previous champion the champion again. A second call swaps them back.

    Raises
    ------
    WrongUsageError
        When there is no previous champion.
    NoUsableModelError
        When the previous champion can no longer be used.
    """
    name = registered_name(kind)
    with open_client() as client:
        aliases = read_aliases(client, name) or {}
    if PREVIOUS not in aliases:
        raise WrongUsageError(
            f"{name} has no previous champion to roll back to; promote a version instead with "
            "`payrank models promote models:/NAME/VERSION --force --reason TEXT`"
        )
    if aliases.get(CHAMPION) == aliases[PREVIOUS]:
        raise WrongUsageError(
            f"version {aliases[PREVIOUS]} of {name} is already the champion; there is no previous one"
        )
    previous = find_by_name(f"models:/{name}/{aliases[PREVIOUS]}")
    champion = int(aliases[CHAMPION]) if CHAMPION in aliases else None
    with open_client() as client:
        version = previous.version or int(aliases[PREVIOUS])
        return _move(
            client, name, ChampionChange(name, "rollback", version, champion, "rolled back", "", _user_name(), _now())
        )


def list_champion_changes(kind: ModelKind) -> tuple[ChampionChange, ...]:
    """Return every change of a kind's champion, oldest first.

    Raises
    ------
    WrongUsageError
        When the registry cannot be reached.
    """
    with open_client() as client:
        return _changes(client, registered_name(kind))


def _usable_comparison(
    client: MlflowClient, name: str, version: int, champion: int, challenger: ResolvedModel
) -> Comparison:
    """Return the recorded comparison if it allows the promotion; otherwise raise WrongUsageError with the reason."""
    command = COMPARE.format(challenger=f"models:/{name}/{version}")
    force = '; or promote it with --force --reason "..."'
    comparison = read_comparison(client, name, version)
    if comparison is None:
        raise WrongUsageError(f"{challenger.name} has not been compared with the champion; run `{command}`{force}")
    if comparison.challenger.digest != challenger.bundle.digest:
        raise WrongUsageError(
            f"the comparison recorded with {challenger.name} was made with another bundle; run `{command}`{force}"
        )
    if comparison.champion.digest != client.get_model_version(name, str(champion)).tags.get(DIGEST_TAG):
        raise WrongUsageError(
            f"{challenger.name} was compared with {comparison.champion.name}, which is no longer the champion (now "
            f"version {champion}); run `{command}`{force}"
        )
    if comparison.alarms:
        raise WrongUsageError(
            f"{challenger.name} has an open alarm: {comparison.alarms[0].text}; fix the cause and retrain{force}"
        )
    if not comparison.may_replace:
        difference = comparison.differences["captured"]
        raise WrongUsageError(
            f"{challenger.name} did not win against version {champion}: {VERDICT_MEANINGS[comparison.verdict]} "
            f"(captured {difference.value:+.3f}); the champion is unchanged{force}"
        )
    return comparison


def _refuse_folder(resolved: ResolvedModel) -> None:
    """Raise WrongUsageError with the alternatives to promoting a folder."""
    kind, digest = resolved.bundle.kind, resolved.bundle.digest
    versions = [version for version in list_versions() if version.digest == digest]
    instead = "train it again with a registry, which registers it"
    if versions:
        instead = f"promote models:/{versions[-1].name}/{versions[-1].version}, which is the same bundle"
    raise WrongUsageError(
        f"{resolved.name} is a folder, but only a registered version can become champion; {instead}. Without a "
        f"registry, pass the folder to the run: payrank score EXTRACT --{kind} FOLDER"
    )


def _move(client: MlflowClient, name: str, change: ChampionChange) -> ChampionChange:
    # The record comes first, so that no move goes unrecorded; the champion last, so that a failure keeps the old one.
    number = len(_changes(client, name)) + 1
    client.set_registered_model_tag(name, f"{CHANGE_TAG}{number:04d}", json.dumps(asdict(change), sort_keys=True))
    if change.replaced is not None:
        client.set_registered_model_alias(name, PREVIOUS, str(change.replaced))
    client.set_registered_model_alias(name, CHAMPION, str(change.version))
    return change


def _changes(client: MlflowClient, name: str) -> tuple[ChampionChange, ...]:
    if read_aliases(client, name) is None:
        return ()
    tags: Mapping[str, str] = client.get_registered_model(name).tags
    return tuple(ChampionChange(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(CHANGE_TAG))


def _user_name() -> str:
    """Return the user name, as MLflow records it with a run."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _now() -> str:
    # For people who read the history; no code depends on it.
    return datetime.now(UTC).isoformat(timespec="seconds")
