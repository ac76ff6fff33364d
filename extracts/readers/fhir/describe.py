"""What an import of FHIR resources tells its user: what R4 cannot carry, and what stood in for it how often."""

from __future__ import annotations

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession

CANNOT_CARRY = (
    "FHIR R4 has no account balance, no patient payment and no posting date of the AR system: patient balances here "
    "are what insurers left to patients, never less what patients paid, and nothing can be tied; rows are dated by "
    "created, insurers' payments by payment.date, PaymentReconciliation by detail.date or paymentDate, invoices by date"
)

_COUNTS: tuple[tuple[str, str, str], ...] = (
    (
        "adjudication",
        "SELECT count(*) FROM owed WHERE TRY_CAST(paid_by_patient AS DECIMAL(18, 2)) <> 0",
        "with an amount paid by the patient (paidbypatient), which has no day of its own and is not landed",
    ),
    (
        "contractual adjustment",
        "SELECT count(*) FROM owed WHERE worked_out IS NOT NULL",
        "worked out as submitted - eligible - noncovered, where the insurer names none",
    ),
    (
        "answer",
        "SELECT count(*) FROM owed WHERE later",
        "of a second or later insurer: what it leaves to the patient is landed as the change against the one before",
    ),
    (
        "claim",
        "SELECT count(*) FROM standing_claims AS claim JOIN adjudicated ON account = claim.key AND turn = 1 "
        "WHERE TRY_CAST(total AS DECIMAL(18, 2)) <> TRY_CAST(submitted AS DECIMAL(18, 2))",
        "whose total is not what its answer says was submitted; the Claim's total is the charge",
    ),
    (
        "account",
        "SELECT count(*) FROM charged WHERE amount IS NULL",
        "of a claim that states no charge",
    ),
    (
        "invoice",
        "SELECT count(*) FROM standing_invoices WHERE status = 'balanced'",
        "marked balanced: R4 does not say who paid what and when, so their charges stay open",
    ),
    (
        "detail",
        "SELECT count(*) FROM paid WHERE account IS NULL",
        "of PaymentReconciliations that name no claim, not landed",
    ),
    (
        "PaymentReconciliation",
        "SELECT count(*) FROM standing_reconciliations AS whole JOIN (SELECT key, "
        "sum(TRY_CAST(amount AS DECIMAL(18, 2))) AS parts FROM standing_details GROUP BY key) AS d USING (key) "
        "WHERE TRY_CAST(whole.amount AS DECIMAL(18, 2)) <> parts",
        "whose details do not add up to paymentAmount; each detail is landed as it is",
    ),
)


def describe(session: ImportSession, unknown_payers: int) -> None:
    """Give the notices."""
    session.add_notice(CANNOT_CARRY)
    for noun, query, text in _COUNTS:
        (count,) = fetch_one_row(session.connection, query)
        if count:
            session.add_notice(f"{pluralize(count, noun)} {text}")
    if unknown_payers:
        session.add_notice(f"{pluralize(unknown_payers, 'payer')} of no known class, taken as other")
