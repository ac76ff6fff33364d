"""The run's manifest: its inputs, models, settings, and counts. It holds no time of day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payrank.models.bundle import Bundle
from payrank.scoring.list_spec import LISTS, ListName
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.outcome import ListOutcome
from payrank.scoring.rules.flags_feed import count_naming
from payrank.scoring.schedule.schedule import TIE_RULE


def render_run_manifest(run: NightlyRun, outcomes: Mapping[ListName, ListOutcome], files: Mapping[str, str]) -> bytes:
    """Return the bytes of `manifest.json`; the same run gives the same bytes. `files` are digests by path."""
    metadata = run.extract.metadata
    models = {spec.model_kind: run.models.bundles.get(spec.model_kind) for spec in LISTS}
    content = {
        "as_of": run.as_of.isoformat(),
        "source_system": metadata.source_system,
        "extract_as_of": metadata.as_of.isoformat() if metadata.as_of else None,
        "inputs": dict(run.extract.digests),
        "tables": {
            name: {
                "present": state.present,
                "absent_columns": list(state.absent_columns),
                "rows_read": state.rows_read,
                "rows_loaded": state.rows_loaded,
                "rows_quarantined": state.rows_quarantined,
                "rows_repeated": state.rows_repeated,
            }
            for name, state in sorted(run.extract.tables.items())
        },
        "flags_naming": count_naming(run.extract),
        "models": {kind: _model(bundle, run.models.names) for kind, bundle in models.items()},
        "settings": run.settings.model_dump(mode="json"),
        "explain": run.explain,
        "rules_version": run.rules.version,
        "ties": TIE_RULE,
        "counts": {name: _counts(outcome) for name, outcome in outcomes.items()},
        "notices": list(run.extract.notices),
        "files": dict(files),
    }
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file beneath a folder, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


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
        "in": outcome.received,
        "listed": outcome.listed,
        "over_capacity": outcome.over_capacity,
        "suppressed": outcome.suppressed,
        "quarantined": outcome.quarantined,
        "suppressed_by": dict(outcome.suppressed_by),
        "unpublished": outcome.why_unpublished or None,
        "unavailable_features": list(outcome.unavailable_features),
        "drift": {feature.name: feature.index for feature in outcome.drift if feature.moved},
        "unseen_categories": {feature.name: feature.rows for feature in outcome.unseen_categories},
    }
