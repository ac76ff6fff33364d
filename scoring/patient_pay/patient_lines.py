"""The lines of the patient-pay list: one a guarantor, the household's accounts beneath."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from payrank.extracts.extract import Extract
from payrank.scoring.patient_pay.patient_pay import LISTED, PatientAccounts
from payrank.scoring.reasons.reasons import top_reasons
from payrank.scoring.scores import Explained
from payrank.scoring.settings import ScoringSettings
from payrank.scoring.worklist import AccountLine, PatientLine


def patient_lines(
    extract: Extract,
    accounts: PatientAccounts,
    explained: Explained,
    as_of: date,
    settings: ScoringSettings,
) -> tuple[PatientLine, ...]:
    """Return one line a listed guarantor, with the household's listed accounts beneath."""
    payers = _payer_names(extract)
    table = accounts.table[accounts.table["place"] == LISTED].sort_values("rank")
    beneath: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        beneath.setdefault(str(row["guarantor_id"]), []).append({str(name): value for name, value in row.items()})
    lines = []
    for place, line in enumerate(accounts.selected, start=1):
        rows = beneath[line.guarantor_id]
        lead = next(row for row in rows if row["account_id"] == line.account_id)
        deadline = lead["assistance_until"] if line.queue == "assistance_screening" else None
        open_still = isinstance(deadline, date) and deadline >= as_of
        lines.append(
            PatientLine(
                rank=place,
                guarantor_id=line.guarantor_id,
                queue=line.queue,
                action=line.action,
                action_why=line.action_why,
                balance=line.balance,
                age_days=max(int(row["age_days"]) for row in rows),
                probability=float(lead["probability"]),
                expected_recovery=line.expected_recovery,
                expected_value=line.expected_value,
                deadline=deadline if open_still else None,
                deadline_source=accounts.assistance_source if open_still else "",
                reasons=top_reasons(explained.of(line.account_id), settings.reasons_shown),
                accounts=tuple(_account_line(row, payers, explained, settings) for row in rows),
            )
        )
    return tuple(lines)


def _account_line(
    row: Mapping[str, Any], payers: Mapping[str, str], explained: Explained, settings: ScoringSettings
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
        reasons=top_reasons(explained.of(str(row["account_id"])), settings.reasons_shown),
        base_value=explained.base_value,
        raw_score=float(row["raw_score"]),
    )


def _payer_names(extract: Extract) -> dict[str, str]:
    rows = extract.connection.execute("SELECT payer_id, COALESCE(payer_name, payer_id) FROM payers").fetchall()
    return dict(rows)
