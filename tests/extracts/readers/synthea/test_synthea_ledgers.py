"""Any charges, payments, adjustments, and transfers reconcile with a plain running balance."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from payrank.extracts.readers.synthea.import_synthea import import_synthea

CLAIMS = (
    "Id,PATIENTID,PRIMARYPATIENTINSURANCEID,SECONDARYPATIENTINSURANCEID,APPOINTMENTID,SERVICEDATE,OUTSTANDING1,"
    "OUTSTANDING2,OUTSTANDINGP"
)
TRANSACTIONS = (
    "ID,CLAIMID,CHARGEID,TYPE,AMOUNT,METHOD,FROMDATE,PROCEDURECODE,TRANSFERTYPE,PAYMENTS,ADJUSTMENTS,TRANSFERS"
)
DAY = "2024-03-01T00:00:00Z"
STEPS = st.lists(
    st.tuples(st.sampled_from(["pay", "copay", "cash", "adjust", "move"]), st.integers(1, 100)), max_size=8
)
LINES = st.lists(st.tuples(st.sampled_from("12p"), st.integers(0, 500_000), STEPS), min_size=1, max_size=3)


class Ledger:
    """Writes a claim's rows as Synthea would and tracks each holder's balance in cents."""

    def __init__(self, claim: str) -> None:
        self.claim = claim
        self.rows: list[str] = []
        self.due = {"1": 0, "2": 0, "p": 0}
        self.number = 0

    def write(
        self,
        kind: str,
        code: int,
        *,
        amount: str = "",
        method: str = "",
        named: str = "",
        paid: str = "",
        adjusted: str = "",
        moved: str = "",
    ) -> None:
        self.number += 1
        key = f"{self.claim}-{self.number}"
        self.rows.append(
            f"{key},{self.claim},{self.number},{kind},{amount},{method},{DAY},{code},{named},{paid},{adjusted},{moved}"
        )

    def play(self, code: int, holder: str, cents: int, steps: list[tuple[str, int]]) -> None:
        self.write("CHARGE", code, amount=text(cents), named=holder)
        self.due[holder] += cents
        left = cents
        for step, share in steps:
            part = left * share // 100
            if step == "move" and holder != "p":
                after = "2" if holder == "1" and share % 2 else "p"
                self.write("TRANSFEROUT", code, moved=text(left))
                self.write("TRANSFERIN", code, amount=text(left), moved=text(left), named=after)
                self.due[holder] -= left
                self.due[after] += left
                holder = after
            elif step != "move":
                self.due[holder] -= part
                left -= part
                self.settle(step, code, part)

    def settle(self, step: str, code: int, part: int) -> None:
        if step == "adjust":
            self.write("ADJUSTMENT", code, adjusted=text(part), method="SYSTEM")
        else:
            method = {"pay": "ECHECK", "copay": "COPAY", "cash": "CASH"}[step]
            self.write("PAYMENT", code, paid=text(part), method=method)


def text(cents: int) -> str:
    return str(Decimal(cents) / 100)


@settings(max_examples=25, deadline=None)
@given(claims=st.lists(LINES, min_size=1, max_size=6), off=st.integers(0, 3))
def test_every_claim_reconciles_by_responsibility_and_a_wrong_balance_is_found(claims: Any, off: int) -> None:
    ledgers = []
    for number, lines in enumerate(claims):
        ledger = Ledger(f"c{number}")
        for code, (holder, cents, steps) in enumerate(lines):
            ledger.play(code, holder, cents, steps)
        ledgers.append(ledger)
    stated = [
        f"{ledger.claim},p,one,two,v,{DAY},{text(ledger.due['1'])},{text(ledger.due['2'])},{text(owed)}"
        for place, ledger in enumerate(ledgers)
        for owed in [ledger.due["p"] + (off if place == 0 else 0)]
    ]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        (source / "claims.csv").write_text("\n".join([CLAIMS, *stated]) + "\n")
        rows = [row for ledger in ledgers for row in ledger.rows]
        (source / "claims_transactions.csv").write_text("\n".join([TRANSACTIONS, *rows]) + "\n")
        report = import_synthea(source, Path(folder) / "extract")
    assert report.rows_quarantined == 0
    assert report.reconciliation is not None
    assert report.reconciliation.stated == 2 * len(ledgers)
    assert report.reconciliation.mismatched == (1 if off else 0)
