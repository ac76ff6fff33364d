"""Totals of an account's transactions, and the transactions that each total reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from payrank.features.dialects.dialect import Dialect

PATIENT_PAYMENT = "t.kind = 'patient_payment'"
PATIENT_SIDE = "t.responsibility = 'patient'"
RAISED = "t.kind IN ('charge', 'transfer', 'interest')"


@dataclass(frozen=True, slots=True)
class LedgerFact:
    """An aggregate over an account's known transactions `t` at the snapshot `d`.

    `among` is an SQL condition that every contributing row meets, so reading only those rows gives the same result.
    """

    sql: str
    among: str


def ledger_facts(dialect: Dialect) -> dict[str, LedgerFact]:
    """Return the facts by name.

    Amounts are in dollars. Payments and adjustments are positive, net of their reversals.
    """
    days = dialect.days_between("t.posted_on", "d.as_of")

    def total(among: str, sign: str = "", also: str = "") -> LedgerFact:
        return LedgerFact(f"SUM(CASE WHEN {among}{also} THEN {sign}t.amount ELSE 0 END)", among)

    def day(aggregate: str, among: str, also: str) -> LedgerFact:
        return LedgerFact(f"{aggregate}(CASE WHEN {among} AND {also} THEN t.posted_on END)", among)

    return {
        "patient_balance": total(PATIENT_SIDE),
        "insurance_balance": total("t.responsibility = 'insurance'"),
        "charges": total("t.kind = 'charge'"),
        "insurance_paid": total("t.kind = 'insurance_payment'", "-"),
        "contractual": total("t.kind = 'contractual_adjustment'", "-"),
        "charity": total("t.kind = 'charity_adjustment'", "-"),
        "bad_debt": total("t.kind = 'bad_debt_write_off'", "-"),
        "refunded": total("t.kind = 'refund'"),
        "patient_billed": total(PATIENT_SIDE, also=f" AND {RAISED}"),
        "patient_paid": total(PATIENT_PAYMENT, "-"),
        "paid_30d": total(PATIENT_PAYMENT, "-", f" AND {days} <= 30"),
        "paid_90d": total(PATIENT_PAYMENT, "-", f" AND {days} <= 90"),
        "paid_365d": total(PATIENT_PAYMENT, "-", f" AND {days} <= 365"),
        "first_patient_on": day("MIN", PATIENT_SIDE, f"{RAISED} AND t.amount > 0"),
        "first_payment_on": day("MIN", PATIENT_PAYMENT, "t.amount < 0"),
        "last_payment_on": day("MAX", PATIENT_PAYMENT, "t.amount < 0"),
    }


def known_ledger(facts: dict[str, LedgerFact], names: Collection[str]) -> str:
    """Return SQL of the named facts of every account at each snapshot, in one pass over the rows that they need."""
    used = {name: fact for name, fact in facts.items() if name in names}
    columns = "".join(f", {fact.sql} AS {name}" for name, fact in used.items())
    among = " OR ".join(dict.fromkeys(fact.among for fact in used.values()))
    return (
        f"SELECT t.account_id AS account_id, d.as_of AS as_of{columns} FROM transactions t "
        f"JOIN as_of_dates d ON t.posted_on < d.as_of WHERE {among} GROUP BY t.account_id, d.as_of"
    )
