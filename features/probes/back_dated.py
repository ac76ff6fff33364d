"""Probe: payments bear the day on which they were posted, not an earlier one.

A feature sees a payment from the day after `posted_on`. A system that writes the day of service, of the statement or of
the deposit there lets features know payments that nobody knew yet. Other rows bear witness: the numbers that the system
gave out in order, the day on which the payment took effect, and an office that went on asking for what was paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.probes.result import Leak, ProbeResult

PROBE = "payments dated back"
COLUMN = "transactions.posted_on"
FEWEST_ROWS = 11
LATE_DAYS = 7
"""Days that posting may lag behind its witnesses before a row is counted."""
MOST_LATE, MOST_ASKED = 0.01, 0.1
"""Share of payments that may be out of order, and of letters and calls on accounts paid a week ago (2 to 3 % on
simulated hospitals: letters cross with payments)."""
IN_ORDER = 0.99
"""Share of the other rows that must be in the order of their numbers, before the numbers bear witness."""

_PAYMENT = "kind = 'patient_payment' AND amount < 0"


@dataclass(frozen=True, slots=True)
class Witness:
    """Rows that one kind of evidence looked at, those that speak against the ledger's day, and how that is told."""

    rows: int
    against: int
    most: float
    told: str


def probe_back_dated(extract: Extract, as_of: date) -> ProbeResult:
    """Ask the transaction numbers, the effective days and the contacts whether patients' payments are dated back.

    A witness convicts when it speaks against more rows than chance and mess allow: 11 rows, and a share over its
    limit by four standard errors.
    """
    if not extract.has("transactions"):
        return ProbeResult(PROBE, "account", 0, "", not_run="there is no table transactions")
    witnesses = [one for one in (_numbers(extract), _effective(extract), _asked(extract, as_of)) if one]
    leaks = tuple(
        Leak(COLUMN, f"{COLUMN}: {one.against:,} of {one.rows:,} {one.told}") for one in witnesses if _convicts(one)
    )
    figures = "; ".join(f"{one.against:,} of {one.rows:,} {one.told.split(':', maxsplit=1)[0]}" for one in witnesses)
    if not witnesses:
        why = "transaction numbers are in no order, and neither effective days nor contacts are there to compare"
        return ProbeResult(PROBE, "account", 0, "", not_run=why)
    return ProbeResult(PROBE, "account", len(witnesses), figures, leaks)


def _convicts(one: Witness) -> bool:
    error = (one.most * (1 - one.most) / one.rows) ** 0.5
    return one.against >= FEWEST_ROWS and one.against / one.rows > one.most + 4 * error


def _numbers(extract: Extract) -> Witness | None:
    """Compare payments with the newest other row of a lower number, where numbers follow the days."""
    others, ordered, payments, late = fetch_one_row(
        extract.connection,
        f"""
        WITH numbered AS (
            SELECT ({_PAYMENT}) AS is_payment, posted_on, transaction_id FROM transactions),
        placed AS (
            SELECT is_payment, posted_on,
                quantile_disc(CASE WHEN NOT is_payment THEN posted_on END, 0.5) OVER (
                    ORDER BY length(transaction_id), transaction_id ROWS BETWEEN 30 PRECEDING AND 30 FOLLOWING
                ) AS around
            FROM numbered)
        SELECT count_if(NOT is_payment), count_if(NOT is_payment AND abs(posted_on - around) <= {LATE_DAYS}),
            count_if(is_payment AND around IS NOT NULL), count_if(is_payment AND posted_on < around - {LATE_DAYS})
        FROM placed
        """,
    )
    if not payments or not others or ordered / others < IN_ORDER:
        return None
    told = f"payments bear a day over {LATE_DAYS} days before the rows of neighboring numbers: they were posted later"
    return Witness(payments, late, MOST_LATE, told)


def _effective(extract: Extract) -> Witness | None:
    """Count payments that took effect after the day on which they are said to have been posted."""
    if not extract.has("transactions", "effective_on"):
        return None
    rows, later = fetch_one_row(
        extract.connection,
        f"SELECT count(effective_on), count_if(effective_on > posted_on) FROM transactions WHERE {_PAYMENT}",
    )
    told = "payments took effect after their posting day: they were posted later"
    return Witness(rows, later, MOST_LATE, told) if rows else None


def _asked(extract: Extract, as_of: date) -> Witness | None:
    """Count letters, calls and texts about accounts that, by the ledger, a payment had settled a week before."""
    if not extract.has("contacts", "account_id"):
        return None
    rows, paid = fetch_one_row(
        extract.connection,
        f"""
        WITH asked AS (
            SELECT c.contact_id, sum(CASE WHEN t.responsibility = 'patient' THEN t.amount ELSE 0 END) AS balance,
                max(CASE WHEN t.kind = 'patient_payment' AND t.amount < 0 THEN 1 ELSE 0 END) AS has_paid,
                max(CASE WHEN t.responsibility = 'patient' AND t.amount > 0 THEN 1 ELSE 0 END) AS owed
            FROM contacts c JOIN transactions t
                ON t.account_id = c.account_id AND t.posted_on < c.contacted_on - {LATE_DAYS}
            WHERE c.direction = 'out' AND c.contacted_on < DATE '{as_of}' GROUP BY c.contact_id)
        SELECT count_if(owed = 1), count_if(owed = 1 AND balance <= 0 AND has_paid = 1) FROM asked
        """,
    )
    told = (
        f"letters, calls and texts ask about accounts that, by the ledger, a payment settled over {LATE_DAYS} days "
        "before: the office did not know of it"
    )
    return Witness(rows, paid, MOST_ASKED, told) if rows else None
