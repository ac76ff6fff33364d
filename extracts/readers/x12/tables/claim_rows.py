"""Canonical charges from claims (837).

A charge counts once, however often its claim is resent, rebilled, or replaced.
"""

from __future__ import annotations

import duckdb

from payrank.extracts.codes.payer_classes import FILING_INDICATORS, render_payer_class
from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.readers.x12.tables.follow_claims import SKIP_REASONS, follow_claims

PAYER_SEQUENCE = "PSTABCDEFGH"
"""Payer responsibility sequence (SBR01): primary, secondary, tertiary, then fourth to eleventh."""
ENCOUNTER = "claim reported as an encounter, not charged"
AFTER_LAST = len(PAYER_SEQUENCE) + 1

FIRST_DAYS = """
CREATE TABLE x12_first_days AS
SELECT file, source_line, min(x12_day(service_day)) AS first_day FROM x12_services WHERE service_day <> ''
GROUP BY file, source_line
"""

SUBMITTED = f"""
CREATE TABLE x12_submitted AS
WITH claims AS (
  SELECT c.* EXCLUDE (account, charged, first_day), nullif(nullif(trim(c.account), ''), '0') AS account,
    nullif(c.payer, '') AS ident, x12_plain(c.charged) AS charged,
    {render_payer_class("c.filing", FILING_INDICATORS)} AS payer_class, x12_day(c.created) AS created_on,
    least(x12_day(c.service_day), x12_day(c.first_day)) AS service_on,
    coalesce(nullif(strpos('{PAYER_SEQUENCE}', nullif(c.priority, '')), 0), {AFTER_LAST}) AS rank
  FROM x12_submitted_claims AS c ANTI JOIN x12_broken USING (file, source_line)
)
SELECT * EXCLUDE (lines, payer), ident || '-' || payer_class AS payer_id,
  x12_key(concat_ws(chr(31), account, charged, provider, service_day, lines)) AS content,
  x12_key(concat_ws(chr(31), '837', account, charged, frequency, priority, payer, provider, service_day, lines)) AS key
FROM claims
"""

CHARGED = f"""
CREATE TABLE x12_charged AS
SELECT s.* EXCLUDE (key, content, procedures, billed, days), f.before_file, f.before_line,
  CASE WHEN f.occurrence > 1 THEN concat(s.key, '.', f.occurrence) ELSE s.key END AS key,
  CASE WHEN purpose = 'RP' THEN '{ENCOUNTER}'
    {" ".join(f"WHEN f.skip_reason = {number} THEN {quote_text(reason)}" for number, reason in enumerate(SKIP_REASONS))}
  END AS skip_reason
FROM x12_submitted AS s LEFT JOIN x12_followed AS f USING (file, source_line)
"""
"""`before_file` and `before_line` identify the claim that a replacement (CLM05-3 = 7) or a void (8) cancels."""

AMOUNTS = """
CREATE TABLE x12_charges AS
SELECT c.*, a.service, a.amount, coalesce(a.day, c.service_on) AS day
FROM (SELECT file, source_line, key, account, created_on, service_on, payer_id, frequency, before_file, before_line
  FROM x12_charged WHERE skip_reason IS NULL) AS c
JOIN (
  SELECT file, source_line, service, x12_amount(amount) AS amount, x12_day(service_day) AS day FROM x12_charge_lines
  UNION ALL
  SELECT file, source_line, 0, x12_amount(charged), NULL FROM x12_charged ANTI JOIN x12_charge_lines
    USING (file, source_line)
) AS a USING (file, source_line)
WHERE NOT coalesce(x12_nothing(a.amount), false)
"""

CHARGES = """
CREATE VIEW x12_charge_rows AS
SELECT file, source_line, concat(key, '-c', service) AS transaction_id, account AS account_id, created_on AS posted_on,
  day AS effective_on, 'charge' AS kind, amount, 'insurance' AS responsibility, payer_id, NULL AS reverses_id
FROM x12_charges WHERE frequency <> '8'
UNION ALL
SELECT c.file, c.source_line, concat(c.key, '-v', o.service), c.account, c.created_on, o.day, 'charge',
  negated(o.amount), 'insurance', o.payer_id, concat(o.key, '-c', o.service)
FROM x12_charged AS c JOIN x12_charges AS o ON o.file = c.before_file AND o.source_line = c.before_line
WHERE c.skip_reason IS NULL AND c.before_file >= 0
"""


def make_claim_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Create the table `x12_charged`, and the view `x12_charge_rows` of claims that charge or cancel charges.

    Returns
    -------
    The number of replacements that charge although their account has no earlier claim to cancel.
    """
    connection.execute(FIRST_DAYS)
    connection.execute(SUBMITTED)
    unmatched = follow_claims(connection)
    for statement in (CHARGED, "DROP TABLE x12_submitted", "DROP TABLE x12_followed", AMOUNTS, CHARGES):
        connection.execute(statement)
    return unmatched
