"""Load claim transactions as the ledger, and the balances that claims state."""

from __future__ import annotations

from payrank.extracts.fetch_row import fetch_one_row
from payrank.extracts.pluralize import pluralize
from payrank.extracts.readers.session.import_session import ImportSession
from payrank.extracts.readers.session.source_table import LINE
from payrank.extracts.readers.synthea.stage_tables import SyntheaTables, render_day, render_payer

_PLAIN = r"-?\d{1,14}(\.\d{1,2})?"


def load_ledger(session: ImportSession, tables: SyntheaTables) -> None:
    """Load every transaction: charges, payments, adjustments, and both halves of each transfer.

    Responsibility for a claim line (payer 1, payer 2, or p for the patient) comes from TRANSFERTYPE of its charge or
    latest TRANSFERIN. Payers pay by ECHECK; patients use other methods. A patient payment on a line that a payer still
    holds, such as a copay, first transfers that amount to the patient in two rows.
    """
    for part in tables.parts_of("claims_transactions"):
        session.connection.execute(f"CREATE OR REPLACE TABLE synthea_lines AS {_render_lines(part.relation)}")
        session.load("transactions", part, _LEDGER)


def _render_lines(transactions: str) -> str:
    """Render transactions with the holder of their line before the transaction, and the payer for that holder.

    If a charge names nobody, as in older exports, the claim's first payer holds it, or the patient if there is none.
    """
    first = render_payer("claim.PRIMARYPATIENTINSURANCEID")
    uninsured = """(SELECT "Id" FROM synthea_payers WHERE NAME = 'NO_INSURANCE')"""
    return f"""
        SELECT *, coalesce(
            last_value(CASE type WHEN 'CHARGE' THEN coalesce(named, at_first) WHEN 'TRANSFERIN' THEN named END
                IGNORE NULLS) OVER (PARTITION BY claim, procedure, day ORDER BY place, {LINE}
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), at_first) AS holder
        FROM (SELECT row.ID AS id, row.CLAIMID AS claim, row.TYPE AS type, row.METHOD AS method,
            row.PROCEDURECODE AS procedure, {render_day("row.FROMDATE")} AS day, row.AMOUNT AS charged,
            row.PAYMENTS AS paid, row.ADJUSTMENTS AS adjusted, coalesce(row.TRANSFERS, row.AMOUNT) AS moved,
            row.TRANSFERTYPE AS named, TRY_CAST(row.CHARGEID AS HUGEINT) AS place,
            CASE WHEN claim."Id" IS NULL THEN NULL
                WHEN {first} IS NULL OR claim.PRIMARYPATIENTINSURANCEID IN {uninsured} THEN 'p' ELSE '1' END
                AS at_first,
            {first} AS first_payer, {render_payer("claim.SECONDARYPATIENTINSURANCEID")} AS second_payer, row.{LINE}
            FROM {transactions} AS row LEFT JOIN synthea_claims AS claim ON claim."Id" = row.CLAIMID)
    """


_LEDGER = f"""
    WITH classified AS (
        SELECT *,
            CASE WHEN type = 'CHARGE' THEN coalesce(named, at_first)
                WHEN type = 'TRANSFEROUT' THEN coalesce(named, holder)
                WHEN type = 'TRANSFERIN' THEN named
                WHEN type = 'PAYMENT' AND method IN ('COPAY', 'CASH', 'CC', 'CHECK') THEN 'p'
                ELSE holder END AS party
        FROM synthea_lines),
    rows AS (
        SELECT 0 AS part, id, claim, day,
            CASE type WHEN 'CHARGE' THEN 'charge'
                WHEN 'TRANSFERIN' THEN 'transfer'
                WHEN 'TRANSFEROUT' THEN 'transfer'
                WHEN 'ADJUSTMENT' THEN if(party = 'p', 'other_adjustment', 'contractual_adjustment')
                WHEN 'PAYMENT' THEN CASE WHEN method NOT IN ('COPAY', 'CASH', 'CC', 'CHECK', 'ECHECK') THEN method
                    WHEN method IS NULL THEN NULL
                    WHEN party = 'p' THEN 'patient_payment'
                    ELSE 'insurance_payment' END
                ELSE type END AS kind,
            CASE type WHEN 'CHARGE' THEN charged
                WHEN 'PAYMENT' THEN negated(paid)
                WHEN 'ADJUSTMENT' THEN negated(adjusted)
                WHEN 'TRANSFEROUT' THEN negated(moved)
                ELSE moved END AS amount,
            party, first_payer, second_payer, {LINE}
        FROM classified
        UNION ALL
        SELECT 1, id || ':transfer-out', claim, day, 'transfer', negated(paid), holder, first_payer, second_payer,
            {LINE} FROM classified WHERE type = 'PAYMENT' AND party = 'p' AND holder IN ('1', '2')
        UNION ALL
        SELECT 2, id || ':transfer-in', claim, day, 'transfer', paid, 'p', first_payer, second_payer,
            {LINE} FROM classified WHERE type = 'PAYMENT' AND party = 'p' AND holder IN ('1', '2'))
    SELECT id AS transaction_id, claim AS account_id, day AS posted_on, day AS effective_on, kind, amount,
        CASE party WHEN '1' THEN 'insurance' WHEN '2' THEN 'insurance' WHEN 'p' THEN 'patient' ELSE party END
            AS responsibility,
        CASE party WHEN '1' THEN first_payer WHEN '2' THEN second_payer END AS payer_id, {LINE}
    FROM rows ORDER BY {LINE}, part
"""


def load_stated_balances(session: ImportSession, tables: SyntheaTables) -> None:
    """Load what each claim states as due: OUTSTANDING1 and OUTSTANDING2 by insurance, OUTSTANDINGP by the patient."""
    both = (
        "CASE WHEN OUTSTANDING2 IS NULL THEN OUTSTANDING1 WHEN OUTSTANDING1 IS NULL THEN OUTSTANDING2 "
        f"WHEN NOT regexp_full_match(OUTSTANDING1, '{_PLAIN}') THEN OUTSTANDING1 "
        f"WHEN NOT regexp_full_match(OUTSTANDING2, '{_PLAIN}') THEN OUTSTANDING2 "
        "ELSE CAST(TRY_CAST(OUTSTANDING1 AS DECIMAL(18, 2)) + TRY_CAST(OUTSTANDING2 AS DECIMAL(18, 2)) AS VARCHAR) END"
    )
    for part in tables.parts_of("claims"):
        sides = " UNION ALL ".join(
            f"""SELECT "Id" AS account_id, '{side}' AS responsibility, {balance} AS balance, {LINE}
            FROM {part.relation}"""
            for side, balance in (("insurance", both), ("patient", "OUTSTANDINGP"))
        )
        session.load(
            "stated_balances",
            part,
            f"FROM ({sides}) WHERE balance IS NOT NULL ORDER BY {LINE}, responsibility",
        )


def add_ledger_notices(session: ImportSession) -> None:
    """Add notices about claims with incomplete transfers, copays above the charge, or no transactions."""
    moved = "TRY_CAST(coalesce(TRANSFERS, AMOUNT) AS DECIMAL(18, 2))"
    (unbalanced,) = fetch_one_row(
        session.connection,
        "SELECT count(*) FROM (SELECT CLAIMID FROM synthea_claims_transactions WHERE TYPE LIKE 'TRANSFER%' GROUP BY "
        f"CLAIMID HAVING sum(CASE TYPE WHEN 'TRANSFERIN' THEN {moved} ELSE -{moved} END) <> 0)",
    )
    if unbalanced:
        session.add_notice(
            f"claims_transactions: {pluralize(unbalanced, 'claim')} whose TRANSFERIN and TRANSFEROUT do not sum to "
            "zero; the missing half is not added"
        )
    (excessive,) = fetch_one_row(
        session.connection,
        "SELECT count(DISTINCT CLAIMID) FROM synthea_claims_transactions AS copay JOIN synthea_claims_transactions AS "
        "charge USING (CLAIMID, PROCEDURECODE, FROMDATE) WHERE copay.METHOD = 'COPAY' AND charge.TYPE = 'CHARGE' AND "
        "TRY_CAST(copay.PAYMENTS AS DECIMAL(18, 2)) > TRY_CAST(charge.AMOUNT AS DECIMAL(18, 2))",
    )
    if excessive:
        session.add_notice(
            f"claims_transactions: {pluralize(excessive, 'claim')} with a copay above the charge it pays, which "
            "Synthea still states as settled; the ledger keeps the payment, so these claims do not reconcile"
        )
    (without_ledger,) = fetch_one_row(
        session.connection,
        'SELECT count(*) FROM synthea_claims WHERE "Id" NOT IN (SELECT CLAIMID FROM synthea_claims_transactions '
        "WHERE CLAIMID IS NOT NULL)",
    )
    if without_ledger:
        session.add_notice(f"claims: {pluralize(without_ledger, 'claim')} without any transaction")
