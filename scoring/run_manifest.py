"""The run's manifest: what went in, with which models and settings, and where everyone went. No time of day in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from payrank.extracts.errors import OutOfLineError
from payrank.extracts.extract import Extract
from payrank.models.bundle import Bundle
from payrank.scoring.guards import WATCHED, WATCHED_FOR_LOSS
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.publishing.retention import published_runs
from payrank.scoring.rules.flags_feed import count_naming
from payrank.scoring.schedule.schedule import TIE_RULE
from payrank.scoring.settings import ScoringSettings


def render_run_manifest(
    extract: Extract,
    payment: Bundle | None,
    overturn: Bundle | None,
    names: Mapping[str, str],
    outcomes: Mapping[str, ListOutcome],
    as_of: date,
    settings: ScoringSettings,
    rules_version: str,
    explain: str,
    files: Mapping[str, str],
) -> bytes:
    """Return the bytes of `manifest.json`; the same run gives the same bytes."""
    content = {
        "as_of": as_of.isoformat(),
        "source_system": extract.metadata.source_system,
        "extract_as_of": extract.metadata.as_of.isoformat() if extract.metadata.as_of else None,
        "inputs": dict(extract.digests),
        "tables": {
            name: {
                "present": state.present,
                "absent_columns": list(state.absent_columns),
                "rows_read": state.rows_read,
                "rows_loaded": state.rows_loaded,
                "rows_quarantined": state.rows_quarantined,
                "rows_repeated": state.rows_repeated,
            }
            for name, state in sorted(extract.tables.items())
        },
        "flags_naming": count_naming(extract),
        "models": {"payment": _model(payment, names), "overturn": _model(overturn, names)},
        "settings": settings.model_dump(mode="json"),
        "explain": explain,
        "rules_version": rules_version,
        "ties": TIE_RULE,
        "counts": {name: _counts(outcome) for name, outcome in outcomes.items()},
        "notices": list(extract.notices),
        "files": dict(files),
    }
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file beneath a folder, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def previous_volumes(out: Path, as_of: date) -> dict[str, int]:
    """Return the rows loaded by table of the latest published run before the day; empty when there is none."""
    earlier = earlier_runs(out, as_of)
    if not earlier:
        return {}
    tables = _read_back(earlier[0])["tables"]
    return {name: int(tables[name]["rows_loaded"]) for name in (*WATCHED, *WATCHED_FOR_LOSS) if name in tables}


def previous_flags(out: Path, as_of: date) -> int:
    """Return the flags that named somebody in the latest run before the day that listed patients; 0 without one.

    A run whose list was held back is passed over: a feed that broke yesterday is no measure for today.
    """
    for run in earlier_runs(out, as_of):
        manifest = _read_back(run)
        if manifest["counts"]["patient_pay"]["unpublished"] is None:
            return int(manifest.get("flags_naming", manifest["tables"]["flags"]["rows_loaded"]))
    return 0


def earlier_runs(out: Path, as_of: date) -> list[Path]:
    """Published runs before the day, the latest first."""
    return [run for run in published_runs(out) if run.name < as_of.isoformat()]


def _read_back(run: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((run / "manifest.json").read_text("utf-8"))
        for state in manifest["tables"].values():
            int(state["rows_loaded"])
        _ = (manifest["counts"]["patient_pay"]["unpublished"], manifest["tables"]["flags"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutOfLineError(
            f"The manifest of the previous run, {run.name}, cannot be read ({type(error).__name__}), so the "
            "volume cannot be compared. Restore that folder, or move it away to run without the comparison."
        ) from None
    return manifest


def _model(bundle: Bundle | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    if bundle is None:
        return None
    return {
        "name": names[bundle.kind],
        "digest": bundle.digest,
        "as_of": bundle.manifest.as_of.isoformat(),
        "kind": bundle.kind,
        "target": dict(bundle.manifest.target),
    }


def _counts(outcome: ListOutcome) -> dict[str, Any]:
    return {
        "in": outcome.came_in,
        "listed": outcome.listed,
        "over_capacity": outcome.over_capacity,
        "suppressed": outcome.suppressed,
        "quarantined": outcome.quarantined,
        "suppressed_by": dict(outcome.suppressed_by),
        "unpublished": outcome.why_unpublished or None,
        "unavailable_features": list(outcome.unavailable_features),
        "drift": {one.name: one.index for one in outcome.drift if one.moved},
        "unseen_categories": {one.name: one.rows for one in outcome.unseen_categories},
    }
