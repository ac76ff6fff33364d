"""Build the canonical rows of all eligible resources as tables `rows_<table>`, with file, line, and part."""

from __future__ import annotations

import duckdb


def build_tables(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Build the tables. Returns the names of the canonical tables in loading order."""
    for name, query in _STEPS.items():
        connection.execute(f"CREATE TABLE {name} AS {query}")
    return tuple(name.removeprefix("rows_") for name in _STEPS if name.startswith("rows_"))


_ADJUDICATED = """
SELECT *, coalesce(claim, key) AS account,
    row_number() OVER (PARTITION BY coalesce(claim, key) ORDER BY created, file, source_line) AS turn
FROM active_benefits
"""

_CHARGED = """
SELECT key AS account, patient, created, service_on, total AS amount, payer, insured, file, source_line
FROM active_claims
UNION ALL BY NAME
SELECT account, patient, created, service_on, submitted AS amount, payer, insured, file, source_line
FROM adjudicated WHERE turn = 1 AND account NOT IN (SELECT key FROM active_claims)
"""
"""One row per claim: the Claim itself, or the first response if there is no Claim."""

_OWED = """
WITH insurers AS (
    SELECT account, coalesce(payer, '') AS insurer, min((created, file, source_line)) AS started,
        sum(TRY_CAST(patient_part AS DECIMAL(18, 2))) AS part
    FROM adjudicated GROUP BY ALL),
chain AS (SELECT *, lag(part) OVER (PARTITION BY account ORDER BY started) AS before FROM insurers)
SELECT adjudicated.*, CASE
    WHEN patient_part IS NULL OR before IS NULL OR TRY_CAST(patient_part AS DECIMAL(18, 2)) IS NULL
        OR (created, file, source_line) <> started THEN patient_part
    ELSE CAST(TRY_CAST(patient_part AS DECIMAL(18, 2)) - before AS VARCHAR) END AS moved, before IS NOT NULL AS later
FROM adjudicated JOIN chain
ON chain.account = adjudicated.account AND chain.insurer = coalesce(adjudicated.payer, '')
"""
"""What each response transfers to the patient. A later insurer states the remaining amount, so only the change moves.
"""

_PAID = """
SELECT detail.*, coalesce(
    CASE WHEN detail.request LIKE 'Claim/%' THEN detail.request END, answer.account, asked.account) AS account
FROM active_details AS detail
LEFT JOIN all_answers AS answer ON answer.key = detail.response
LEFT JOIN all_answers AS asked ON asked.key = detail.request
"""

_ALL_ANSWERS = """
SELECT fhir_benefits.key, min(coalesce(claim, fhir_benefits.key)) AS account
FROM fhir_benefits JOIN fhir_records AS record USING (file, source_line) WHERE record.rule IS NULL GROUP BY ALL
"""

_ACCOUNTS = """
SELECT account AS account_id, patient AS guarantor_id, created AS opened_on, service_on, file, source_line, 0 AS part
FROM charged
UNION ALL BY NAME
SELECT key AS account_id, patient AS guarantor_id, opened_on, service_on, file, source_line, 0 AS part
FROM opened WHERE opened_on IS NOT NULL
UNION ALL BY NAME
SELECT account AS account_id, patient AS guarantor_id, issued_on AS opened_on, NULL AS service_on, file, source_line,
    0 AS part
FROM invoiced WHERE first AND account NOT IN (SELECT key FROM active_accounts)
"""

_INVOICED = """
SELECT * REPLACE (coalesce(account, key) AS account),
    row_number() OVER (PARTITION BY coalesce(account, key) ORDER BY issued_on, file, source_line) = 1 AS first
FROM active_invoices
"""

_OPENED = """
SELECT account.key, account.patient, account.file, account.source_line, account.opened_on AS service_on,
    coalesce(account.opened_on, (SELECT min(issued_on) FROM invoiced WHERE invoiced.account = account.key)) AS opened_on
FROM active_accounts AS account
"""
"""An Account is open from the start of its servicePeriod, or from its first invoice."""

_COVERAGES = """
SELECT account AS account_id, cover.payer AS payer_id, cover.position AS priority, cover.known_on,
    coverage.ended_on, cover.file, cover.source_line, TRY_CAST(cover.position AS INTEGER) AS part
FROM (
    SELECT *, key AS account FROM active_covers WHERE key LIKE 'Claim/%'
    UNION ALL
    SELECT cover.* REPLACE (opened.opened_on AS known_on), opened.key FROM active_covers AS cover
    JOIN opened USING (file, source_line) WHERE opened.opened_on IS NOT NULL
    UNION ALL
    SELECT cover.*, charged.account FROM active_covers AS cover JOIN charged USING (file, source_line)
    WHERE cover.key LIKE 'ExplanationOfBenefit/%') AS cover
LEFT JOIN active_coverages AS coverage ON coverage.key = cover.coverage
WHERE cover.payer IS NOT NULL AND cover.payer NOT IN (SELECT payer_id FROM fhir_payers WHERE payer_class = 'self_pay')
QUALIFY row_number() OVER (PARTITION BY account, cover.payer, cover.position ORDER BY cover.file, cover.source_line,
    cover.coverage) = 1
"""

_PAYERS = "SELECT payer_id, payer_name, payer_class, file, source_line, 0 AS part FROM fhir_payers"
_GUARANTORS = "SELECT key AS guarantor_id, birth_year, file, source_line, 0 AS part FROM active_patients"

_TRANSACTIONS = """
WITH charges AS (
    SELECT charged.*, insured IS NULL OR coalesce(payer_class = 'self_pay', false) AS is_self_pay
    FROM charged LEFT JOIN fhir_payers ON payer_id = payer WHERE amount IS NOT NULL),
rows AS (
    SELECT account || ':charge' AS transaction_id, account AS account_id, created AS posted_on,
        service_on AS effective_on, 'charge' AS kind, amount, if(is_self_pay, 'patient', 'insurance') AS responsibility,
        if(is_self_pay, NULL, payer) AS payer_id, file, source_line, 0 AS part
    FROM charges
    UNION ALL BY NAME
    SELECT key || ':payment' AS transaction_id, account AS account_id, coalesce(paid_on, created) AS posted_on,
        service_on AS effective_on, 'insurance_payment' AS kind, negated(paid) AS amount,
        'insurance' AS responsibility, payer AS payer_id, file, source_line, 1 AS part
    FROM owed WHERE account NOT IN (SELECT account FROM paid WHERE account IS NOT NULL)
    UNION ALL BY NAME
    SELECT key || ':contractual' AS transaction_id, account AS account_id, created AS posted_on,
        service_on AS effective_on, 'contractual_adjustment' AS kind, negated(contractual) AS amount,
        'insurance' AS responsibility, payer AS payer_id, file, source_line, 2 AS part
    FROM owed
    UNION ALL BY NAME
    SELECT key || ':transfer-out' AS transaction_id, account AS account_id, created AS posted_on,
        service_on AS effective_on, 'transfer' AS kind, negated(moved) AS amount,
        'insurance' AS responsibility, payer AS payer_id, file, source_line, 3 AS part
    FROM owed
    UNION ALL BY NAME
    SELECT key || ':transfer-in' AS transaction_id, account AS account_id, created AS posted_on,
        service_on AS effective_on, 'transfer' AS kind, moved AS amount,
        'patient' AS responsibility, NULL AS payer_id, file, source_line, 4 AS part
    FROM owed
    UNION ALL BY NAME
    SELECT key || ':' || position AS transaction_id, account AS account_id, paid_on AS posted_on,
        NULL AS effective_on, 'insurance_payment' AS kind, negated(amount) AS amount, 'insurance' AS responsibility,
        payer AS payer_id, file, source_line, TRY_CAST(position AS INTEGER) AS part
    FROM paid WHERE account IS NOT NULL
    UNION ALL BY NAME
    SELECT key || ':charge' AS transaction_id, account AS account_id, issued_on AS posted_on,
        NULL AS effective_on, 'charge' AS kind, amount, responsibility, NULL AS payer_id, file, source_line, 0 AS part
    FROM invoiced)
SELECT * FROM rows
WHERE kind = 'charge' OR (amount IS NOT NULL AND TRY_CAST(amount AS DECIMAL(38, 6)) IS DISTINCT FROM 0)
"""
"""Zero amounts are not transactions, except for charges."""

_DENIALS = """
SELECT reason.key || ':' || reason.position AS denial_id, owed.account AS account_id, owed.claim AS claim_id,
    owed.payer AS payer_id, owed.created AS denied_on, reason.amount AS denied_amount, reason.group_code, reason.carc,
    reason.rarc, reason.file, reason.source_line, TRY_CAST(reason.position AS INTEGER) AS part
FROM active_reasons AS reason JOIN owed USING (file, source_line)
"""

_STEPS = {
    "adjudicated": _ADJUDICATED,
    "charged": _CHARGED,
    "owed": _OWED,
    "all_answers": _ALL_ANSWERS,
    "paid": _PAID,
    "invoiced": _INVOICED,
    "opened": _OPENED,
    "rows_accounts": _ACCOUNTS,
    "rows_coverages": _COVERAGES,
    "rows_payers": _PAYERS,
    "rows_guarantors": _GUARANTORS,
    "rows_transactions": _TRANSACTIONS,
    "rows_denials": _DENIALS,
}
