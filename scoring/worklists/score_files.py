"""The score files: `payment_scores.parquet` and `denial_scores.parquet`, one row everyone who was scored."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

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
PAYMENT_COLUMNS = [
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
]
DENIAL_COLUMNS = [
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
]
_TEXT = {
    "account_id",
    "guarantor_id",
    "denial_id",
    "payer_id",
    "queue",
    "action",
    "due_on_source",
}


def write_scores(table: pd.DataFrame, explained: Explained, columns: list[str], id_column: str, path: Path) -> None:
    """Write the scores, sorted by id. The same scores give the same bytes.

    `reasons` is null where no reasons were asked for; base value + contributions = raw score (log-odds) elsewhere.
    """
    rows = table.rename_axis(None).sort_values(id_column, kind="stable")
    rows = rows.assign(base_value=explained.base_value)
    arrays = []
    for name in columns:
        if name == "reasons":
            values: Iterable[object] = [_records(explained.reasons.get(unit)) for unit in rows[id_column]]
            arrays.append(pa.array(values, type=_TYPES[name]))
        elif name == "suppressed_by":
            arrays.append(pa.array(list(rows[name]), type=_TYPES[name]))
        else:
            kind = pa.string() if name in _TEXT else _TYPES.get(name, pa.float64())
            arrays.append(pa.Array.from_pandas(_plain(rows[name]), type=kind))
    pq.write_table(pa.table(dict(zip(columns, arrays, strict=True))), path, compression="zstd")


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
