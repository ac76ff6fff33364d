"""Notices of a FHIR import: what R4 cannot express, and how often each fallback was used."""

from __future__ import annotations

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession

CANNOT_CARRY = (
    "FHIR R4 has no account balances, patient payments, or AR posting dates: patient balances here are what insurers "
    "left to patients, without patient payments, and cannot be reconciled; rows are dated by created, insurance "
    "payments by payment.date, PaymentReconciliation by detail.date or paymentDate, and invoices by date"
)

_COUNTS: tuple[tuple[str, str, str], ...] = (
    (
        "adjudication",
        "SELECT count(*) FROM owed WHERE TRY_CAST(paid_by_patient AS DECIMAL(18, 2)) <> 0",
        "with an amount paid by the patient (paidbypatient), which has no date and is not loaded",
    ),
    (
        "contractual adjustment",
        "SELECT count(*) FROM owed WHERE calculated IS NOT NULL",
        "calculated as submitted - eligible - noncovered because the insurer gives none",
    ),
    (
        "response",
        "SELECT count(*) FROM owed WHERE later",
        "from a second or later insurer: only the change in patient responsibility is loaded",
    ),
    (
        "claim",
        "SELECT count(*) FROM active_claims AS claim JOIN adjudicated ON account = claim.key AND turn = 1 "
        "WHERE TRY_CAST(total AS DECIMAL(18, 2)) <> TRY_CAST(submitted AS DECIMAL(18, 2))",
        "whose total differs from the submitted amount in its response; the Claim's total is the charge",
    ),
    (
        "account",
        "SELECT count(*) FROM charged WHERE amount IS NULL",
        "of a claim without a charge",
    ),
    (
        "invoice",
        "SELECT count(*) FROM active_invoices WHERE status = 'balanced'",
        "marked balanced: R4 does not give payers, amounts, or dates, so their charges stay open",
    ),
    (
        "detail",
        "SELECT count(*) FROM paid WHERE account IS NULL",
        "of PaymentReconciliations without a claim reference, not loaded",
    ),
    (
        "PaymentReconciliation",
        "SELECT count(*) FROM active_reconciliations AS whole JOIN (SELECT key, "
        "sum(TRY_CAST(amount AS DECIMAL(18, 2))) AS parts FROM active_details GROUP BY key) AS d USING (key) "
        "WHERE TRY_CAST(whole.amount AS DECIMAL(18, 2)) <> parts",
        "whose details do not add up to paymentAmount; each detail is loaded as stated",
    ),
)


def add_notices(session: ImportSession, unknown_payers: int) -> None:
    """Add the notices to the session."""
    session.add_notice(CANNOT_CARRY)
    for noun, query, text in _COUNTS:
        (count,) = fetch_one_row(session.connection, query)
        if count:
            session.add_notice(f"{pluralize(count, noun)} {text}")
    if unknown_payers:
        session.add_notice(f"{pluralize(unknown_payers, 'payer')} of unknown class, classified as other")
