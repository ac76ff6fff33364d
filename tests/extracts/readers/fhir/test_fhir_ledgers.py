"""For any claims and responses, the balances match a calculation in plain Python."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.load.load_extract import load_extract
from payrank.extracts.readers.fhir.import_fhir import import_fhir

CENTS = st.integers(0, 10**7)
ANSWERS = st.lists(st.tuples(CENTS, CENTS, CENTS, st.booleans()), max_size=3)


def usd(cents: int) -> dict[str, Any]:
    return {"value": float(cents) / 100, "currency": "USD"}


def total(code: str, cents: int) -> dict[str, Any]:
    return {"category": {"coding": [{"code": code}]}, "amount": usd(cents)}


def write(number: int, charge: int, answers: list[tuple[int, int, int, bool]]) -> tuple[list[dict[str, Any]], int, int]:
    """Return a claim's lines and the resulting insurance and patient balances in cents. Each insurer responds once."""
    lines: list[dict[str, Any]] = [
        {
            "resourceType": "Claim", "id": f"{number}", "status": "active", "created": "2024-01-05",
            "patient": {"reference": "Patient/p"}, "insurer": {"display": "Plan 0"}, "total": usd(charge),
        }
    ]  # fmt: skip
    insurance, patient = charge, 0
    for turn, (paid, discount, left, explained) in enumerate(answers):
        lines.append(
            {
                "resourceType": "ExplanationOfBenefit", "id": f"{number}-{turn}", "status": "active",
                "created": f"2024-02-0{turn + 1}", "patient": {"reference": "Patient/p"},
                "insurer": {"display": f"Plan {turn}"}, "claim": {"reference": f"Claim/{number}"},
                "payment": {"amount": usd(paid)},
                "total": [total("discount", discount), total("memberliability", left)],
            }
        )  # fmt: skip
        if explained:  # the same response as a ClaimResponse changes nothing
            response = lines[-1] | {"resourceType": "ClaimResponse", "request": {"reference": f"Claim/{number}"}}
            lines.append({name: value for name, value in response.items() if name != "claim"})
        insurance -= paid + discount + left - patient
        patient = left
    return lines, insurance, patient


@settings(max_examples=15, deadline=None)
@given(claims=st.lists(st.tuples(CENTS, ANSWERS), min_size=1, max_size=12), order=st.randoms(use_true_random=False))
def test_balances_match_the_responses_in_any_order_of_lines(claims: Any, order: Any) -> None:
    lines, expected = [], {}
    for number, (charge, answers) in enumerate(claims):
        written, insurance, patient = write(number, charge, answers)
        lines += written
        expected[f"Claim/{number}"] = (Decimal(insurance) / 100, Decimal(patient) / 100)
    order.shuffle(lines)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "all.ndjson"
        source.write_text("\n".join(json.dumps(line) for line in lines))
        report = import_fhir(source, Path(folder) / "extract")
        with load_extract(Path(folder) / "extract") as extract:
            rows = extract.connection.execute(
                "SELECT account_id, responsibility, sum(amount) FROM transactions GROUP BY ALL"
            ).fetchall()
    assert report.rows_quarantined == 0
    due: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for account, side, amount in rows:
        due[account][side] += amount
    assert {a: (due[a]["insurance"], due[a]["patient"]) for a in expected} == expected
