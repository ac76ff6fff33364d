"""Where everyone stood in a published run: read back from its files, for the next night to compare with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from payrank.scoring.worklist import DenialLine, Line

ListName = Literal["patient_pay", "denials"]
LISTS: tuple[ListName, ...] = ("patient_pay", "denials")
KIND_OF_LIST: dict[ListName, str] = {"patient_pay": "payment", "denials": "overturn"}
"""The kind of model behind each list."""
LISTED_FILE = "listed.parquet"
UNREADABLE = (OSError, ValueError, LookupError, TypeError)
"""What is raised when a run's files are torn, gone, or of a payrank that wrote them otherwise."""


SCORE_FILE: dict[ListName, str] = {"patient_pay": "payment_scores.parquet", "denials": "denial_scores.parquet"}
UNIT: dict[ListName, str] = {"patient_pay": "account_id", "denials": "denial_id"}
"""The score files' column of what is scored."""
SUBJECT: dict[ListName, str] = {"patient_pay": "guarantor_id", "denials": "denial_id"}
"""The score files' column of who stands on a line."""
_AMOUNT: dict[ListName, str] = {"patient_pay": "patient_balance", "denials": "denied_amount"}


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """Everyone on one list's side of a run.

    `subjects` is indexed by guarantor or denial id: `line` (the list's rank, missing where not listed), `lead` (the
    account or denial whose reasons stand for it), `value` and `amount` (dollars, sums over what no rule holds), and
    `held_by` (the first rule that holds all of it, or missing). `model` is the digest of the model.
    """

    day: str
    name: ListName
    model: str
    subjects: pd.DataFrame
    scores: Path

    def reasons(self, units: Iterable[str]) -> dict[str, dict[str, tuple[float, str]]]:
        """Return of each account or denial its reasons: feature to contribution (log-odds) and sentence."""
        unit = UNIT[self.name]
        wanted = pc.field(unit).isin(pa.array(sorted(units), type=pa.string()))
        rows = pq.read_table(self.scores, columns=[unit, "reasons"], filters=wanted).to_pylist()
        return {
            row[unit]: {one["feature"]: (one["contribution"], one["text"]) for one in row["reasons"] or ()}
            for row in rows
        }


def write_listed(lists: Mapping[ListName, Iterable[Line]], folder: Path) -> None:
    """Write who is on which line of which list."""
    rows: dict[str, list[object]] = {"list": [], "id": [], "line": []}
    for name, lines in lists.items():
        for line in lines:
            rows["list"].append(name)
            rows["id"].append(line.denial_id if isinstance(line, DenialLine) else line.guarantor_id)
            rows["line"].append(line.rank)
    kinds = (pa.string(), pa.string(), pa.int64())
    table = {name: pa.array(rows[name], type=kind) for name, kind in zip(rows, kinds, strict=True)}
    pq.write_table(pa.table(table), folder / LISTED_FILE, compression="zstd")


def last_standing(run: Path, name: ListName) -> RunSnapshot | None:
    """Return where everyone stood in a published run; None when it has no such list, or is of an older payrank."""
    if not (run / LISTED_FILE).is_file():
        return None
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    model = manifest["models"][KIND_OF_LIST[name]]
    if model is None or manifest["counts"][name]["unpublished"] is not None:
        return None
    return read_standing(run, name, manifest["as_of"], model["digest"])


def read_standing(run: Path, name: ListName, day: str, model: str) -> RunSnapshot:
    """Return where everyone stands by a run's score file and `listed.parquet`."""
    scores = run / SCORE_FILE[name]
    columns = list(dict.fromkeys([UNIT[name], SUBJECT[name], _AMOUNT[name], "expected_value", "rank", "suppressed_by"]))
    if "reasons" not in pq.read_schema(scores).names:
        raise KeyError("reasons")
    table = pq.read_table(scores, columns=columns).to_pandas()
    listed = pq.read_table(run / LISTED_FILE).to_pandas()
    lines = listed[listed["list"] == name].set_index("id")["line"]
    return RunSnapshot(day, name, model, _subjects(table, name, lines), scores)


def _subjects(table: pd.DataFrame, name: ListName, lines: pd.Series) -> pd.DataFrame:
    held = table["suppressed_by"].map(lambda rules: rules[0] if len(rules) else None)
    free = held.isna()
    table = table.assign(
        held=held,
        free=free,
        value=table["expected_value"].where(free),
        amount=table[_AMOUNT[name]].where(free),
    ).sort_values(["rank", UNIT[name]], kind="stable", na_position="last")
    found = (
        table.assign(lead=table[UNIT[name]])
        .groupby(SUBJECT[name], sort=True)
        .agg(
            lead=("lead", "first"),
            value=("value", "sum"),
            amount=("amount", "sum"),
            held_by=("held", "first"),
            free=("free", "any"),
        )
    )
    found["held_by"] = found["held_by"].where(~found["free"])
    found["line"] = lines.reindex(found.index)
    return found.drop(columns="free")
