"""Canonical rows of remittances: what a payment, its adjustments and denials mean to the ledger, as SQL.

| in the remittance | in the ledger |
|---|---|
| CLP04 paid | insurance_payment |
| CAS group PR | transfer: - insurance, + patient; none where the claim goes on to another payer (CLP02 19, 20, 21) |
| CAS reason 23, any group | nothing: an earlier payer's payment and adjustments are that payer's rows |
| CAS that is a denial, group not PR | nothing: the money is still asked for; it is in `denials` |
| other CAS, group CO | contractual_adjustment |
| other CAS, groups OA, PI, CR | other_adjustment |
| AMT*I interest | interest owed and its payment: two rows that net to zero, for CLP04 leaves it out |
"""

from __future__ import annotations

import duckdb

from extracts.readers.x12.never_denials import GROUPS, render_is_denial
from extracts.readers.x12.payer_classes import render_payer_class

MACROS = (
    r"x12_day(given) AS CASE WHEN regexp_full_match(given, '\d{8}(-\d{8})?') "
    r"THEN concat(given[1:4], '-', given[5:6], '-', given[7:8]) ELSE nullif(given, '') END",
    r"x12_amount(given) AS CASE WHEN regexp_full_match(given, '-?\.\d{1,2}') THEN replace(given, '.', '0.') "
    r"WHEN regexp_full_match(given, '-?\d+\.') THEN rtrim(given, '.') ELSE nullif(given, '') END",
    r"x12_nothing(given) AS regexp_full_match(given, '-?(0+\.?0*|\.0+)')",
    "x12_key(given) AS left(sha256(given), 24)",
    "x12_later(one, other) AS CASE WHEN one IS NULL OR other > one THEN other ELSE one END",
)
"""Days as CCYYMMDD and amounts without a zero before the point are made plain; what is neither stays as it is."""

FORWARDED = "('19', '20', '21')"
"""Claim status: processed as primary, secondary or tertiary, and forwarded to a further payer."""

CLAIM = f"""
CREATE TABLE x12_claim AS
SELECT *, ident || '-' || payer_class AS payer_id, x12_later(effective_on, produced_on) AS posted_on,
  x12_key(concat_ws(chr(31), '835', coalesce(ident, ''), trace, company, total, effective, produced, ordinal, given,
    status, charged, paid, payer_claim)) AS key
FROM (
  SELECT c.* EXCLUDE (account, charged, paid, service_day), c.account AS given, r.trace, r.company, r.total,
    r.effective, r.produced, r.payer_name, r.payee, nullif(r.payer, '') AS ident,
    nullif(nullif(trim(c.account), ''), '0') AS account,
    x12_amount(c.charged) AS charged, x12_amount(c.paid) AS paid, x12_day(c.service_day) AS service_on,
    TRY_CAST(x12_amount(c.charged) AS DECIMAL(18,2)) AS charged_dollars,
    TRY_CAST(x12_amount(c.paid) AS DECIMAL(18,2)) AS paid_dollars,
    x12_day(r.effective) AS effective_on, x12_day(r.produced) AS produced_on,
    {render_payer_class("c.filing")} AS payer_class, c.status = '22' AS reversal
  FROM x12_paid_claims AS c JOIN x12_remittances AS r USING (file, remit)
)
"""

ADJUSTMENT = f"""
CREATE TABLE x12_adjustment AS
SELECT *, {render_is_denial("group_code", "carc", "rarc")} AS denied FROM (
  SELECT a.file, a.source_line, a.service, a.group_code, a.carc, x12_amount(a.amount) AS amount,
    nullif(coalesce(nullif(s.remark, ''), c.remark), '') AS rarc, coalesce(s.procedure, '') AS procedure,
    row_number() OVER (PARTITION BY a.file, a.source_line ORDER BY a.rowid) AS number
  FROM x12_adjustments AS a JOIN x12_paid_claims AS c USING (file, source_line)
  LEFT JOIN x12_services AS s USING (file, source_line, service)
)
"""

LEDGER = f"""
CREATE TABLE x12_ledger AS
WITH adjusted AS (
  SELECT a.*, c.status IN {FORWARDED} OR coalesce(o.status IN {FORWARDED}, false) AS forwarded
  FROM x12_adjustment AS a JOIN x12_claim AS c USING (file, source_line)
  LEFT JOIN x12_reversed AS r USING (file, source_line)
  LEFT JOIN x12_claim AS o ON o.file = r.original_file AND o.source_line = r.original_line
  WHERE NOT coalesce(x12_nothing(a.amount), false)
), rows AS (
  SELECT file, source_line, 0 AS number, 'p' AS mark, '' AS part, 'insurance_payment' AS kind, negated(paid) AS amount,
    'insurance' AS responsibility, '' AS reason
  FROM x12_claim WHERE NOT coalesce(x12_nothing(paid), false)
  UNION ALL
  SELECT file, source_line, 0, 'i', part, kind, amount, 'insurance', 'interest' FROM (
    SELECT file, source_line, unnest(['-owed', '-paid']) AS part, unnest(['interest', 'insurance_payment']) AS kind,
      unnest([x12_amount(interest), negated(x12_amount(interest))]) AS amount
    FROM x12_claim WHERE interest <> '' AND NOT x12_nothing(interest)
  )
  UNION ALL
  SELECT file, source_line, number, 't', unnest(['-from', '-to']), 'transfer', unnest([negated(amount), amount]),
    unnest(['insurance', 'patient']), concat_ws(chr(31), service > 0, procedure, group_code, carc)
  FROM adjusted WHERE group_code = 'PR' AND carc <> '23' AND NOT forwarded
  UNION ALL
  SELECT file, source_line, number, 'a', '',
    CASE WHEN group_code = 'CO' THEN 'contractual_adjustment' WHEN group_code IN {GROUPS} THEN 'other_adjustment'
      ELSE group_code END,
    negated(amount), 'insurance', concat_ws(chr(31), service > 0, procedure, group_code, carc)
  FROM adjusted
  WHERE group_code NOT IN {GROUPS} OR (group_code <> 'PR' AND carc <> '23' AND NOT denied)
)
SELECT r.file, r.source_line, r.number, c.account AS account_id, c.posted_on, c.effective_on, r.kind, r.amount,
  r.responsibility, c.payer_id,
  concat(c.key, '-', r.mark, r.number, r.part) AS transaction_id,
  concat_ws(chr(31), r.kind, r.responsibility, r.reason, abs(TRY_CAST(r.amount AS DECIMAL(18,2)))) AS alike,
  row_number() OVER (PARTITION BY r.file, r.source_line, alike ORDER BY r.number) AS repetition
FROM rows AS r JOIN x12_claim AS c USING (file, source_line)
"""

TRANSACTIONS = """
CREATE TABLE x12_transactions AS
SELECT l.file, l.source_line, l.transaction_id, l.account_id, l.posted_on, l.effective_on, l.kind, l.amount,
  l.responsibility, l.payer_id, o.transaction_id AS reverses_id
FROM x12_ledger AS l
LEFT JOIN x12_reversed AS r USING (file, source_line)
LEFT JOIN x12_ledger AS o ON o.file = r.original_file AND o.source_line = r.original_line AND o.alike = l.alike
  AND o.repetition = l.repetition AND o.amount <> l.amount
"""

DENIALS = """
CREATE TABLE x12_denials AS
SELECT a.file, a.source_line, concat(c.key, '-d', a.number) AS denial_id, c.account AS account_id,
  coalesce(nullif(c.payer_claim, ''), c.account) AS claim_id, c.payer_id, c.posted_on AS denied_on,
  a.amount AS denied_amount, a.group_code, a.carc, a.rarc
FROM (
  SELECT file, source_line, service, group_code, carc, rarc, min(number) AS number,
    CASE WHEN count(*) = 1 THEN any_value(amount) ELSE CAST(sum(TRY_CAST(amount AS DECIMAL(18,2))) AS VARCHAR) END
      AS amount
  FROM x12_adjustment WHERE denied AND amount IS NOT NULL AND NOT starts_with(amount, '-') AND NOT x12_nothing(amount)
  GROUP BY file, source_line, service, group_code, carc, rarc
) AS a JOIN x12_claim AS c USING (file, source_line)
WHERE NOT c.reversal
"""


def prepare_remittances(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `x12_claim` and `x12_adjustment` of what was staged."""
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    connection.execute(CLAIM)
    connection.execute(ADJUSTMENT)


def make_remittance_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `x12_transactions` and `x12_denials`; `x12_reversed` must be there."""
    for statement in (LEDGER, TRANSACTIONS, "DROP TABLE x12_ledger", DENIALS, "DROP TABLE x12_adjustment"):
        connection.execute(statement)
