"""The score files: `payment_scores.parquet` and `denial_scores.parquet`, one row per scored account or denial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from payrank.scoring.list_spec import ListName, ListSpec
from payrank.scoring.scores import Explained
from payrank.scoring.worklist import Reason

_REASON = pa.struct(
    [("feature", pa.string()), ("value", pa.string()), ("contribution", pa.float64()), ("text", pa.string())]
)
_TYPES = {
    "rank": pa.int64(),
    "suppressed_by": pa.list_(pa.string()),
    "due_on": pa.date32(),
    "no_extraordinary_action_before": pa.date32(),
    "assistance_until": pa.date32(),
    "work_on": pa.date32(),
    "reasons": pa.list_(_REASON),
}
COLUMNS: Mapping[ListName, tuple[str, ...]] = {
    "patient_pay": (
        "account_id",
        "guarantor_id",
        "patient_balance",
        "probability",
        "expected_share",
        "expected_recovery",
        "expected_value",
        "rank",
        "queue",
        "suppressed_by",
        "base_value",
        "reasons",
        "raw_score",
        "expected_days",
        "action",
        "no_extraordinary_action_before",
        "assistance_until",
    ),
    "denials": (
        "denial_id",
        "account_id",
        "payer_id",
        "denied_amount",
        "probability",
        "expected_recovery",
        "expected_value",
        "rank",
        "due_on",
        "due_on_source",
        "work_on",
        "queue",
        "suppressed_by",
        "base_value",
        "reasons",
        "raw_score",
        "expected_days",
        "action",
    ),
}
_TEXT = {
    "account_id",
    "guarantor_id",
    "denial_id",
    "payer_id",
    "queue",
    "action",
    "due_on_source",
}


def write_scores(table: pd.DataFrame, explained: Explained, spec: ListSpec, folder: Path) -> None:
    """Write a list's score file, sorted by id. The same scores give the same bytes.

    `reasons` is null where none were computed; elsewhere base value + contributions = raw score (log-odds).
    """
    rows = table.rename_axis(None).sort_values(spec.unit_id, kind="stable")
    rows = rows.assign(base_value=explained.base_value)
    arrays = {}
    for name in COLUMNS[spec.name]:
        if name == "reasons":
            values: Iterable[object] = [_records(explained.reasons.get(unit)) for unit in rows[spec.unit_id]]
            arrays[name] = pa.array(values, type=_TYPES[name])
        elif name == "suppressed_by":
            arrays[name] = pa.array(list(rows[name]), type=_TYPES[name])
        else:
            type_ = pa.string() if name in _TEXT else _TYPES.get(name, pa.float64())
            arrays[name] = pa.Array.from_pandas(_plain(rows[name]), type=type_)
    pq.write_table(pa.table(arrays), folder / spec.score_file, compression="zstd")


def _plain(column: pd.Series) -> pd.Series:
    return column.dt.date if str(column.dtype).startswith("datetime64") else column


def _records(reasons: tuple[Reason, ...] | None) -> list[dict[str, object]] | None:
    if reasons is None:
        return None
    return [
        {
            "feature": reason.feature,
            "value": None if reason.value is None else str(reason.value),
            "contribution": reason.contribution,
            "text": reason.text,
        }
        for reason in reasons
    ]
