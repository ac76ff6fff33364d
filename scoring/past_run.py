"""Earlier published runs, read back from their files: row counts, flags, and where everyone stood on each list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from payrank.extracts.errors import OutOfLineError
from payrank.scoring.list_spec import ListName, ListSpec
from payrank.scoring.publishing.retention import published_runs
from payrank.scoring.worklist import DenialLine, Line

LISTED_FILE = "listed.parquet"
UNREADABLE = (OSError, ValueError, LookupError, TypeError)
"""Errors raised when a run's files are damaged, missing, or written by another version of payrank."""


def earlier_runs(out: Path, as_of: date) -> tuple[Path, ...]:
    """Return the folders of the published runs before a date, latest first."""
    return tuple(run for run in published_runs(out) if run.name < as_of.isoformat())


def previous_volumes(earlier: Sequence[Path]) -> dict[str, int]:
    """Return the rows loaded by table in the latest of the earlier runs; empty when there is none."""
    if not earlier:
        return {}
    tables = _read_manifest(earlier[0])["tables"]
    return {name: int(state["rows_loaded"]) for name, state in tables.items()}


def previous_flags(earlier: Sequence[Path]) -> int:
    """Return how many flags matched somebody in the latest earlier run that published a patient list; 0 without one.

    A run whose list was withheld is skipped: a feed that broke yesterday is no yardstick for today.
    """
    for run in earlier:
        manifest = _read_manifest(run)
        if manifest["counts"]["patient_pay"]["unpublished"] is None:
            return int(manifest.get("flags_naming", manifest["tables"]["flags"]["rows_loaded"]))
    return 0


def _read_manifest(run: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((run / "manifest.json").read_text("utf-8"))
        for state in manifest["tables"].values():
            int(state["rows_loaded"])
        _ = (manifest["counts"]["patient_pay"]["unpublished"], manifest["tables"]["flags"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutOfLineError(
            f"The manifest of the previous run, {run.name}, cannot be read ({type(error).__name__}), so row counts "
            "cannot be compared. Restore that folder, or move it away to run without the comparison."
        ) from None
    return manifest


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """Where everyone stood on one list of a run.

    `subjects` is indexed by guarantor or denial id: `line` (rank on the list, missing where not listed), `lead` (the
    account or denial whose reasons explain the line), `value` and `amount` (dollars, summed over what no rule
    suppresses), and `suppressed_by` (the first rule, where rules suppress everything; else missing). `model` is the
    digest of the model.
    """

    day: str
    spec: ListSpec
    model: str
    subjects: pd.DataFrame
    scores: Path

    def reasons(self, units: Iterable[str]) -> dict[str, dict[str, tuple[float, str]]]:
        """Return the reasons of each account or denial: feature to contribution (log-odds) and sentence."""
        unit_id = self.spec.unit_id
        matches = pc.field(unit_id).isin(pa.array(sorted(units), type=pa.string()))
        rows = pq.read_table(self.scores, columns=[unit_id, "reasons"], filters=matches).to_pylist()
        return {
            row[unit_id]: {
                reason["feature"]: (reason["contribution"], reason["text"]) for reason in row["reasons"] or ()
            }
            for row in rows
        }


def write_listed(lists: Mapping[ListName, Iterable[Line]], folder: Path) -> None:
    """Write which guarantor or denial has which line of which list."""
    rows: dict[str, list[object]] = {"list": [], "id": [], "line": []}
    for name, lines in lists.items():
        for line in lines:
            rows["list"].append(name)
            rows["id"].append(line.denial_id if isinstance(line, DenialLine) else line.guarantor_id)
            rows["line"].append(line.rank)
    types = (pa.string(), pa.string(), pa.int64())
    table = {name: pa.array(rows[name], type=type_) for name, type_ in zip(rows, types, strict=True)}
    pq.write_table(pa.table(table), folder / LISTED_FILE, compression="zstd")


def read_past_run(run: Path, spec: ListSpec) -> RunSnapshot | None:
    """Return where everyone stood in a published run; None when it has no such list or is from an older payrank."""
    if not (run / LISTED_FILE).is_file():
        return None
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    model = manifest["models"][spec.model_kind]
    if model is None or manifest["counts"][spec.name]["unpublished"] is not None:
        return None
    return read_snapshot(run, spec, manifest["as_of"], model["digest"])


def read_snapshot(run: Path, spec: ListSpec, day: str, model: str) -> RunSnapshot:
    """Return where everyone stands according to a run's score file and `listed.parquet`."""
    scores = run / spec.score_file
    columns = [spec.unit_id, spec.subject_id, spec.amount, "expected_value", "rank", "suppressed_by"]
    if "reasons" not in pq.read_schema(scores).names:
        raise KeyError("reasons")
    table = pq.read_table(scores, columns=list(dict.fromkeys(columns))).to_pandas()
    listed = pq.read_table(run / LISTED_FILE).to_pandas()
    lines = listed[listed["list"] == spec.name].set_index("id")["line"]
    return RunSnapshot(day, spec, model, _subjects(table, spec, lines), scores)


def _subjects(table: pd.DataFrame, spec: ListSpec, lines: pd.Series) -> pd.DataFrame:
    first_rule = table["suppressed_by"].map(lambda rules: rules[0] if len(rules) else None)
    eligible = first_rule.isna()
    table = table.assign(
        first_rule=first_rule,
        eligible=eligible,
        value=table["expected_value"].where(eligible),
        dollars=table[spec.amount].where(eligible),
    ).sort_values(["rank", spec.unit_id], kind="stable", na_position="last")
    subjects = (
        table.assign(lead=table[spec.unit_id])
        .groupby(spec.subject_id, sort=True)
        .agg(
            lead=("lead", "first"),
            value=("value", "sum"),
            amount=("dollars", "sum"),
            suppressed_by=("first_rule", "first"),
            eligible=("eligible", "any"),
        )
    )
    subjects["suppressed_by"] = subjects["suppressed_by"].where(~subjects["eligible"])
    subjects["line"] = lines.reindex(subjects.index)
    return subjects.drop(columns="eligible")
