"""Canonical ledger and denial rows of remittances, as SQL.

| in the remittance | in the ledger |
|---|---|
| CLP04 paid | insurance_payment |
| CAS group PR | transfer: - insurance, + patient; none if the claim is forwarded (CLP02 19, 20, 21, 23) |
| CAS reason 23, any group | nothing: an earlier payer's payment and adjustments are that payer's rows |
| CAS that is a denial, group not PR | nothing: the amount is still being pursued; it is in `denials` |
| other CAS, group CO | contractual_adjustment |
| other CAS, groups OA, PI, CR | other_adjustment |
| AMT*I interest | interest owed and its payment: two rows that net to zero, because CLP04 excludes it |
"""

from __future__ import annotations

import duckdb

from payrank.extracts.codes.code_lists import GROUP_CODES
from payrank.extracts.codes.never_denials import render_is_denial
from payrank.extracts.codes.payer_classes import FILING_INDICATORS, render_payer_class

MACROS = (
    r"x12_day(value) AS CASE WHEN regexp_full_match(value, '\d{8}(-\d{8})?') "
    r"THEN concat(value[1:4], '-', value[5:6], '-', value[7:8]) ELSE nullif(value, '') END",
    r"x12_amount(value) AS CASE WHEN regexp_full_match(value, '-?\.\d{1,2}') THEN replace(value, '.', '0.') "
    r"WHEN regexp_full_match(value, '-?\d+\.') THEN rtrim(value, '.') ELSE nullif(value, '') END",
    r"x12_nothing(value) AS regexp_full_match(value, '-?(0+\.?0*|\.0+)')",
    "x12_plain(value) AS coalesce(CAST(TRY_CAST(x12_amount(value) AS DECIMAL(18,2)) AS VARCHAR), value)",
    r"x12_money(value) AS regexp_full_match(value, '-?\d{1,16}(\.\d{1,2})?')",
    "x12_key(value) AS left(sha256(value), 24)",
    "x12_later(day, other) AS CASE WHEN day IS NULL OR other > day THEN other ELSE day END",
)
"""Normalize CCYYMMDD dates and amounts without a leading zero; anything else is left unchanged. `x12_plain` also
removes differences in the number of decimals, so that equal amounts have equal text.
"""

FORWARDED = "('19', '20', '21', '23')"
"""Claim status: processed as primary, secondary, or tertiary and forwarded; not this payer's claim and forwarded."""

CLAIM = f"""
CREATE TABLE x12_claim AS
SELECT * EXCLUDE (trace, company, total, effective, produced, account_text, charged, ordinal, payer, produced_on),
  ident || '-' || payer_class AS payer_id, x12_later(effective_on, produced_on) AS posted_on,
  x12_key(concat_ws(chr(31), '835', coalesce(ident, ''), trace, company, total, effective, produced, ordinal,
    account_text, status, charged, paid, payer_claim)) AS key
FROM (
  SELECT c.* EXCLUDE (account, charged, paid, service_day, filing), c.account AS account_text, r.trace, r.company,
    r.total, r.effective, r.produced, r.payer, nullif(r.payer, '') AS ident,
    nullif(nullif(trim(c.account), ''), '0') AS account,
    x12_amount(c.charged) AS charged, x12_amount(c.paid) AS paid, x12_day(c.service_day) AS service_on,
    TRY_CAST(x12_amount(c.charged) AS DECIMAL(18,2)) AS charged_dollars,
    TRY_CAST(x12_amount(c.paid) AS DECIMAL(18,2)) AS paid_dollars,
    x12_day(r.effective) AS effective_on, x12_day(r.produced) AS produced_on,
    {render_payer_class("c.filing", FILING_INDICATORS)} AS payer_class, c.status = '22' AS reversal
  FROM x12_paid_claims AS c JOIN x12_remittances AS r USING (file, remit)
)
ORDER BY file, source_line
"""

ADJUSTMENT = f"""
CREATE VIEW x12_adjustment AS
SELECT *, {render_is_denial("group_code", "carc", "rarc")} AS denied FROM (
  SELECT a.file, a.source_line, a.service, a.group_code, a.carc, x12_amount(a.amount) AS amount,
    nullif(coalesce(nullif(s.remark, ''), c.remark), '') AS rarc, coalesce(s.procedure, '') AS procedure, a.number,
    c.status IN {FORWARDED} OR coalesce(r.forwarded, false) AS forwarded, c.key, c.reversal
  FROM x12_adjustments AS a JOIN x12_claim AS c USING (file, source_line)
  LEFT JOIN x12_services AS s USING (file, source_line, service)
  LEFT JOIN x12_reversed AS r USING (file, source_line)
)
"""

ROWS = f"""
CREATE VIEW x12_ledger AS
SELECT file, source_line, 0 AS number, concat(key, '-p0') AS transaction_id, 'insurance_payment' AS kind,
  negated(paid) AS amount, 'insurance' AS responsibility, '' AS reason
FROM x12_claim WHERE NOT coalesce(x12_nothing(paid), false)
UNION ALL
SELECT file, source_line, 0, concat(key, '-i0', part), kind, amount, 'insurance', 'interest' FROM (
  SELECT file, source_line, key, unnest(['-owed', '-paid']) AS part, unnest(['interest', 'insurance_payment']) AS kind,
    unnest([x12_amount(interest), negated(x12_amount(interest))]) AS amount
  FROM x12_claim WHERE interest <> '' AND NOT x12_nothing(interest)
)
UNION ALL
SELECT file, source_line, number, concat(key, '-t', number, unnest(['-from', '-to'])), 'transfer',
  unnest([negated(amount), amount]), unnest(['insurance', 'patient']),
  concat_ws(chr(31), service > 0, procedure, group_code, carc)
FROM x12_adjustment
WHERE group_code = 'PR' AND carc <> '23' AND NOT forwarded AND NOT coalesce(x12_nothing(amount), false)
UNION ALL
SELECT file, source_line, number, concat(key, '-a', number),
  CASE WHEN group_code = 'CO' THEN 'contractual_adjustment' ELSE 'other_adjustment' END,
  negated(amount), 'insurance', concat_ws(chr(31), service > 0, procedure, group_code, carc)
FROM x12_adjustment
WHERE group_code IN {GROUP_CODES} AND group_code <> 'PR' AND carc <> '23' AND NOT denied
  AND NOT coalesce(x12_nothing(amount), false)
"""

PAIRS = """
CREATE TABLE x12_pairs AS
WITH involved AS (
  SELECT file, source_line FROM x12_reversed UNION SELECT original_file, original_line FROM x12_reversed
), rows AS (
  SELECT file, source_line, transaction_id, amount,
    concat_ws(chr(31), kind, responsibility, reason, abs(TRY_CAST(amount AS DECIMAL(18,2)))) AS alike,
    row_number() OVER (PARTITION BY file, source_line, alike ORDER BY number) AS repetition
  FROM x12_ledger SEMI JOIN involved USING (file, source_line)
)
SELECT l.file, l.source_line, l.transaction_id, o.transaction_id AS reverses_id
FROM rows AS l JOIN x12_reversed AS r USING (file, source_line)
JOIN rows AS o ON o.file = r.original_file AND o.source_line = r.original_line AND o.alike = l.alike
  AND o.repetition = l.repetition AND o.amount <> l.amount
"""
"""Rows of a reversal paired with the rows of its original claim that they reverse."""

TRANSACTIONS = """
CREATE VIEW x12_remittance_rows AS
SELECT l.file, l.source_line, l.transaction_id, c.account AS account_id, c.posted_on, c.effective_on, l.kind, l.amount,
  l.responsibility, c.payer_id, p.reverses_id
FROM x12_ledger AS l JOIN x12_claim AS c USING (file, source_line)
LEFT JOIN x12_pairs AS p USING (file, source_line, transaction_id)
"""

DENIALS = """
CREATE VIEW x12_denials AS
SELECT a.file, a.source_line, concat(c.key, '-d', a.number) AS denial_id, c.account AS account_id,
  coalesce(nullif(c.payer_claim, ''), c.account) AS claim_id, c.payer_id, c.posted_on AS denied_on,
  a.amount AS denied_amount, a.group_code, a.carc, a.rarc
FROM (
  SELECT file, source_line, service, group_code, carc, rarc, min(number) AS number,
    CASE WHEN count(*) = 1 THEN any_value(amount) ELSE CAST(sum(TRY_CAST(amount AS DECIMAL(18,2))) AS VARCHAR) END
      AS amount
  FROM x12_adjustment
  WHERE denied AND NOT reversal AND amount IS NOT NULL AND NOT starts_with(amount, '-') AND NOT x12_nothing(amount)
  GROUP BY file, source_line, service, group_code, carc, rarc
) AS a JOIN x12_claim AS c USING (file, source_line)
"""


def prepare_remittances(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table `x12_claim` from the staged tables, in order of files and segments."""
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    connection.execute(CLAIM)
    connection.execute("DROP TABLE x12_paid_claims")


def make_remittance_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the views `x12_remittance_rows` and `x12_denials`. The table `x12_reversed` must exist.

    They are views so that rows can be created for some claims at a time. All rows together would not fit in memory.
    """
    for statement in (ADJUSTMENT, ROWS, PAIRS, TRANSACTIONS, DENIALS):
        connection.execute(statement)
