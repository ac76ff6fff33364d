"""The lines of the denial list, in the order of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from payrank.scoring.list_spec import LISTED
from payrank.scoring.reasons.reasons import top_reasons
from payrank.scoring.scores import Explained
from payrank.scoring.worklist import DenialLine


def make_denial_lines(table: pd.DataFrame, explained: Explained, reasons_shown: int) -> tuple[DenialLine, ...]:
    """Return one line per listed denial: today's first, then by the day on which to work it."""
    listed = table[table["place"] == LISTED].sort_values("rank")
    return tuple(
        _denial_line(rank, {str(name): value for name, value in row.items()}, explained, reasons_shown)
        for rank, row in enumerate(listed.to_dict("records"), start=1)
    )


def _denial_line(rank: int, row: Mapping[str, Any], explained: Explained, reasons_shown: int) -> DenialLine:
    fields: Mapping[str, str] = {
        name: _text(row[name]) for name in ("payer", "payer_class", "group_code", "carc", "rarc")
    }
    return DenialLine(
        rank=rank,
        denial_id=str(row["denial_id"]),
        account_id=_text(row["account_id"]) or None,
        denied_amount=_number(row["denied_amount"]),
        age_days=int(row["age_days"]),
        probability=float(row["probability"]),
        expected_recovery=_number(row["expected_recovery"]),
        expected_value=_number(row["expected_value"]),
        due_on=row["due_on"].date(),
        due_on_source=str(row["due_on_source"]),
        days_left=int(row["days_left"]),
        work_on=row["work_on"].date(),
        queue=str(row["queue"]),
        action=str(row["action"]),
        action_why=str(row["action_why"]),
        reasons=top_reasons(explained.reasons_for(str(row["denial_id"])), reasons_shown),
        base_value=explained.base_value,
        raw_score=float(row["raw_score"]),
        **fields,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
