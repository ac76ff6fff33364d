"""Probe: `posted_on` is the date on which a payment was posted, not an earlier one.

A feature sees a payment from the day after `posted_on`. If a system stores the date of service, statement, or deposit
there, features see payments that nobody knew about yet. Three kinds of evidence show it: transaction numbers assigned
in order, the effective date of the payment, and collection contacts about accounts that were already paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from payrank.extracts.contract.privacy import MIN_PEOPLE
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.probes.result import Leak, ProbeResult

PROBE = "payments dated back"
COLUMN = "transactions.posted_on"
MIN_ROWS = MIN_PEOPLE
LATE_DAYS = 7
"""Days by which the evidence may lag behind `posted_on` before a row counts."""
MAX_LATE, MAX_CONTACTED = 0.01, 0.1
"""Largest plausible share of payments out of order, and of contacts about accounts paid a week ago (2% to 3% on
simulated hospitals, because letters cross with payments in the mail)."""
IN_ORDER = 0.99
"""Share of other rows that must be in order of their numbers before the numbers count as evidence."""

_PAYMENT = "kind = 'patient_payment' AND amount < 0"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kind of evidence: rows examined, rows that contradict `posted_on`, the share allowed, and its description."""

    rows: int
    contradicting: int
    allowed_share: float
    text: str


def probe_back_dated(extract: Extract, as_of: date) -> ProbeResult:
    """Check transaction numbers, effective dates, and contacts for back-dated patient payments.

    Evidence shows a leak when it contradicts more rows than chance and messy data allow: at least 11 rows, and a share
    that exceeds its limit by four standard errors.
    """
    if not extract.has("transactions"):
        return ProbeResult(PROBE, "account", 0, "", not_run="table transactions is missing")
    candidates = (_check_numbers(extract), _check_effective(extract), _check_contacts(extract, as_of))
    evidence = [item for item in candidates if item]
    if not evidence:
        reason = "transaction numbers are not in order, and there are no effective dates or contacts to compare"
        return ProbeResult(PROBE, "account", 0, "", not_run=reason)
    counts = [f"{item.contradicting:,} of {item.rows:,} {item.text}" for item in evidence]
    leaks = tuple(
        Leak(COLUMN, f"{COLUMN}: {count}")
        for count, item in zip(counts, evidence, strict=True)
        if _exceeds_allowed(item)
    )
    details = "; ".join(count.split(":", maxsplit=1)[0] for count in counts)
    return ProbeResult(PROBE, "account", len(evidence), details, leaks)


def _exceeds_allowed(evidence: Evidence) -> bool:
    error = (evidence.allowed_share * (1 - evidence.allowed_share) / evidence.rows) ** 0.5
    share = evidence.contradicting / evidence.rows
    return evidence.contradicting >= MIN_ROWS and share > evidence.allowed_share + 4 * error


def _check_numbers(extract: Extract) -> Evidence | None:
    """Compare payments with the median date of rows with neighboring numbers, if numbers follow the dates."""
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
    text = f"payments are dated over {LATE_DAYS} days before the rows with neighboring numbers: they were posted later"
    return Evidence(payments, late, MAX_LATE, text)


def _check_effective(extract: Extract) -> Evidence | None:
    """Count payments with an effective date after their posting date."""
    if not extract.has("transactions", "effective_on"):
        return None
    rows, later = fetch_one_row(
        extract.connection,
        f"SELECT count(effective_on), count_if(effective_on > posted_on) FROM transactions WHERE {_PAYMENT}",
    )
    text = "payments have an effective date after their posting date: they were posted later"
    return Evidence(rows, later, MAX_LATE, text) if rows else None


def _check_contacts(extract: Extract, as_of: date) -> Evidence | None:
    """Count letters, calls, and texts about accounts that a payment had settled a week before (per the ledger)."""
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
    text = (
        f"letters, calls, and texts concern accounts that a payment settled over {LATE_DAYS} days earlier, "
        "according to the ledger: the office did not know about the payment"
    )
    return Evidence(rows, paid, MAX_CONTACTED, text) if rows else None
