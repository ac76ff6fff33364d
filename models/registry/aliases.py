"""Which version is used: the alias `champion`, moved by what a comparison found, and put back in one step.

Aliases are the truth; nothing else says which model a night takes. Every change is kept for good as a tag of the
registered model, `payrank.change.0001` and on: what was done, on what ground, by whom and when.
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
from payrank.models.registry.versions import CHAMPION, DIGEST_TAG, PREVIOUS, aliases_of, list_versions, registered_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHANGE_TAG = "payrank.change."
SHORTEST_REASON = 10
"""Signs below which a reason says nothing."""


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """A move of a model's alias `champion`: to which version, from which (None: none), why, by whom, when (UTC).

    `ground` is the verdict that allowed it, `first` without a champion before, `forced`, or `rolled back`; `reason` is
    what a person gave.
    """

    model: str
    action: Literal["promote", "rollback"]
    version: int
    replaced: int | None
    ground: str
    reason: str
    by: str
    at: str


MEND_OR_FORCE = 'mend it and retrain, or promote it with --force --reason "..."'


def promote(model: str, *, force: bool = False, reason: str = "") -> ChampionChange:
    """Make a registered version the champion, the version before it `previous`.

    Parameters
    ----------
    model
        `models:/NAME/VERSION` or `models:/NAME@ALIAS`.
    force
        Whatever the comparison says; then a reason is needed.
    reason
        Why, in ten signs or more, kept in the registry; no patient's data.

    Raises
    ------
    WrongUsageError
        When the recorded comparison does not allow it: none, one with another champion or of another bundle, a verdict
        that does not win, an alarm; or when a reason is missing.
    NoUsableModelError
        When the version cannot be used.
    """
    reason = " ".join(reason.split())
    if (force or reason) and len(reason) < SHORTEST_REASON:
        raise WrongUsageError(
            f"--force needs --reason of {SHORTEST_REASON} characters or more, given: {len(reason)}; it is kept in the "
            "registry, so say what somebody would want to know in a year"
        )
    if not model.startswith("models:"):
        _refuse_folder(find_by_name(model))
    resolved = find_by_name(model)  # opened whole: what does not open must not become champion
    kind = resolved.bundle.manifest.kind
    name, version = registered_name(kind), resolved.version
    if version is None:
        raise WrongUsageError(f"{resolved.name} is in no registry; name a registered version")
    if model.removeprefix("models:").strip("/").replace("@", "/").rsplit("/", 1)[0] != name:
        raise WrongUsageError(f"{model!r:.80} is registered under another name; the champion is a version of {name}")
    with open_client() as client:
        aliases = aliases_of(client, name) or {}
        champion = int(aliases[CHAMPION]) if CHAMPION in aliases else None
        if champion == version:
            raise WrongUsageError(f"{resolved.name} is the champion already")
        alarms = resolved.bundle.manifest.evaluation.alarms
        if champion is None and alarms and not force:
            raise WrongUsageError(f"{resolved.name} has an alarm: {alarms[0].text}; {MEND_OR_FORCE}")
        ground = "forced" if champion is not None or alarms else "first"
        if champion is not None and not force:
            comparison = _usable_comparison(client, name, version, champion, resolved)
            ground = comparison.verdict
        return _move(client, name, ChampionChange(name, "promote", version, champion, ground, reason, _who(), _now()))


def roll_back(kind: ModelKind) -> ChampionChange:
    """Make the version that was champion before this one champion again; once more swaps them back.

    Raises
    ------
    WrongUsageError
        When none was.
    NoUsableModelError
        When the version before cannot be used any more.
    """
    name = registered_name(kind)
    with open_client() as client:
        aliases = aliases_of(client, name) or {}
    if PREVIOUS not in aliases:
        raise WrongUsageError(
            f"{name} has no previous champion to go back to: `payrank models promote` leaves one; name a version with "
            "`payrank models promote models:/NAME/VERSION --force --reason TEXT`"
        )
    if aliases.get(CHAMPION) == aliases[PREVIOUS]:
        raise WrongUsageError(f"version {aliases[PREVIOUS]} of {name} is the champion already: there is none before it")
    back = find_by_name(f"models:/{name}/{aliases[PREVIOUS]}")
    champion = int(aliases[CHAMPION]) if CHAMPION in aliases else None
    with open_client() as client:
        version = back.version or int(aliases[PREVIOUS])
        return _move(
            client, name, ChampionChange(name, "rollback", version, champion, "rolled back", "", _who(), _now())
        )


def list_champion_changes(kind: ModelKind) -> tuple[ChampionChange, ...]:
    """Return every change of the champion of a kind, the earliest first.

    Raises
    ------
    WrongUsageError
        When the registry cannot be asked.
    """
    with open_client() as client:
        return _changes(client, registered_name(kind))


def _usable_comparison(
    client: MlflowClient, name: str, version: int, champion: int, challenger: ResolvedModel
) -> Comparison:
    """Return the recorded comparison if it allows the change; WrongUsageError says why it does not."""
    again = COMPARE.format(challenger=f"models:/{name}/{version}")
    force = '; or promote it with --force --reason "..."'
    comparison = read_comparison(client, name, version)
    if comparison is None:
        raise WrongUsageError(f"{challenger.name} was never compared with the champion; run `{again}`{force}")
    if comparison.challenger.digest != challenger.bundle.digest:
        raise WrongUsageError(
            f"the comparison recorded with {challenger.name} is of another bundle; run `{again}`{force}"
        )
    if comparison.champion.digest != client.get_model_version(name, str(champion)).tags.get(DIGEST_TAG):
        raise WrongUsageError(
            f"{challenger.name} was compared with {comparison.champion.name}, which is not today's champion (version "
            f"{champion}); run `{again}`{force}"
        )
    if comparison.alarms:
        raise WrongUsageError(
            f"{challenger.name} has an alarm: {comparison.alarms[0].text}; mend it and retrain{force}"
        )
    if not comparison.may_replace:
        ahead = comparison.differences["captured"]
        raise WrongUsageError(
            f"{challenger.name} did not win against version {champion}: {VERDICT_MEANINGS[comparison.verdict]} "
            f"(captured {ahead.value:+.3f}); the champion stays{force}"
        )
    return comparison


def _refuse_folder(resolved: ResolvedModel) -> None:
    """Say how a folder becomes champion: a registered version of the same bundle, or the folder itself at night."""
    kind, digest = resolved.bundle.kind, resolved.bundle.digest
    same = [version for version in list_versions() if version.digest == digest]
    instead = "train it again where a registry is, which registers it"
    if same:
        instead = f"promote models:/{same[-1].name}/{same[-1].version}, which is this bundle"
    raise WrongUsageError(
        f"{resolved.name} is a folder, and only a registered version becomes champion; {instead}; or, without a "
        f"registry, hand the folder to the night: payrank score EXTRACT --{kind} FOLDER"
    )


def _move(client: MlflowClient, name: str, change: ChampionChange) -> ChampionChange:
    # Written down first, so that no move is without a trace; the champion last, so that a fault leaves the old one.
    number = len(_changes(client, name)) + 1
    client.set_registered_model_tag(name, f"{CHANGE_TAG}{number:04d}", json.dumps(asdict(change), sort_keys=True))
    if change.replaced is not None:
        client.set_registered_model_alias(name, PREVIOUS, str(change.replaced))
    client.set_registered_model_alias(name, CHAMPION, str(change.version))
    return change


def _changes(client: MlflowClient, name: str) -> tuple[ChampionChange, ...]:
    if aliases_of(client, name) is None:
        return ()
    tags: Mapping[str, str] = client.get_registered_model(name).tags
    return tuple(ChampionChange(**json.loads(tags[key])) for key in sorted(tags) if key.startswith(CHANGE_TAG))


def _who() -> str:
    """Return the user as MLflow names one in a run."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _now() -> str:
    # For people who read the history; nothing of ours is decided by it.
    return datetime.now(UTC).isoformat(timespec="seconds")
