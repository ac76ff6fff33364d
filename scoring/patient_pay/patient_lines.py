"""The lines of the patient-pay list: one per guarantor, with the household's accounts below it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from payrank.scoring.list_spec import LISTED
from payrank.scoring.nightly_run import NightlyRun
from payrank.scoring.patient_pay.account_values import PatientAccounts
from payrank.scoring.reasons.reasons import top_reasons
from payrank.scoring.scores import Explained
from payrank.scoring.worklist import AccountLine, PatientLine


def make_patient_lines(run: NightlyRun, accounts: PatientAccounts, explained: Explained) -> tuple[PatientLine, ...]:
    """Return one line per selected guarantor, with the household's listed accounts below it."""
    payers = dict(run.connection.execute("SELECT payer_id, COALESCE(payer_name, payer_id) FROM payers").fetchall())
    shown = run.settings.reasons_shown
    table = accounts.table[accounts.table["place"] == LISTED].sort_values("rank")
    rows_by_guarantor: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        fields = {str(name): value for name, value in row.items()}
        rows_by_guarantor.setdefault(str(row["guarantor_id"]), []).append(fields)
    lines = []
    for rank, line in enumerate(accounts.selected, start=1):
        rows = rows_by_guarantor[line.guarantor_id]
        lead = next(row for row in rows if row["account_id"] == line.account_id)
        deadline = lead["assistance_until"] if line.queue == "assistance_screening" else None
        still_open = isinstance(deadline, date) and deadline >= run.as_of
        lines.append(
            PatientLine(
                rank=rank,
                guarantor_id=line.guarantor_id,
                queue=line.queue,
                action=line.action,
                action_why=line.action_why,
                balance=line.balance,
                age_days=max(int(row["age_days"]) for row in rows),
                probability=float(lead["probability"]),
                expected_recovery=line.expected_recovery,
                expected_value=line.expected_value,
                deadline=deadline if still_open else None,
                deadline_source=accounts.assistance_source if still_open else "",
                reasons=top_reasons(explained.reasons_for(line.account_id), shown),
                accounts=tuple(_account_line(row, payers, explained, shown) for row in rows),
            )
        )
    return tuple(lines)


def _account_line(
    row: Mapping[str, Any], payers: Mapping[str, str], explained: Explained, reasons_shown: int
) -> AccountLine:
    return AccountLine(
        account_id=str(row["account_id"]),
        balance=float(row["patient_balance"]),
        age_days=int(row["age_days"]),
        payer="" if pd.isna(row["payer_id"]) else payers.get(str(row["payer_id"]), str(row["payer_id"])),
        probability=float(row["probability"]),
        expected_share=float(row["expected_share"]),
        expected_recovery=float(row["expected_recovery"]),
        expected_value=float(row["expected_value"]),
        reasons=top_reasons(explained.reasons_for(str(row["account_id"])), reasons_shown),
        base_value=explained.base_value,
        raw_score=float(row["raw_score"]),
    )
