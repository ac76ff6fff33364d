"""Canonical rows of claims (837): charges, once, whatever was sent again, to a later payer, or in place of another."""

from __future__ import annotations

import duckdb

from extracts.readers.x12.payer_classes import render_payer_class

SUBMITTED = f"""
CREATE TABLE x12_submitted AS
WITH lines AS (
  SELECT file, source_line,
    string_agg(concat_ws(chr(31), procedure, amount, service_day), chr(30) ORDER BY service) AS lines,
    min(x12_day(service_day)) AS first_day
  FROM x12_charge_lines GROUP BY file, source_line
), claims AS (
  SELECT c.* EXCLUDE (account, payer), nullif(nullif(trim(c.account), ''), '0') AS account,
    nullif(c.payer, '') AS ident,
    {render_payer_class("c.filing")} AS payer_class, x12_day(c.created) AS created_on,
    least(x12_day(c.service_day), l.first_day) AS service_on,
    x12_key(concat_ws(chr(31), '837', c.account, c.charged, c.frequency, c.priority, c.payer, c.provider, c.service_day,
      coalesce(l.lines, ''))) AS key
  FROM x12_submitted_claims AS c LEFT JOIN lines AS l USING (file, source_line)
), ranked AS (
  SELECT *, ident || '-' || payer_class AS payer_id,
    row_number() OVER (PARTITION BY key ORDER BY created_on, file, source_line) > 1 AS again,
    bool_or(priority = 'P' AND purpose <> 'RP') OVER (PARTITION BY account) AS first_payer_known
  FROM claims
)
SELECT *, CASE
  WHEN purpose = 'RP' THEN 'claim reported as an encounter, not charged'
  WHEN again THEN 'the same claim sent again'
  WHEN priority <> 'P' AND first_payer_known THEN 'claim to a later payer: its charges came with the claim to the first'
  END AS aside
FROM ranked
"""

CHARGED = """
CREATE TABLE x12_charged AS
SELECT * EXCLUDE (aside), coalesce(aside, CASE WHEN frequency = '8' AND before IS NULL
  THEN 'void of a claim that is not in this import' END) AS aside
FROM (
  SELECT *, CASE WHEN aside IS NULL AND frequency IN ('7', '8') THEN lag(CASE WHEN frequency <> '8' THEN key END)
    OVER (PARTITION BY account, provider, aside IS NULL ORDER BY created_on, file, source_line) END AS before
  FROM x12_submitted
)
"""
"""`before` is the key of the claim that a replacement (CLM05-3 = 7) or a void (8) takes back."""

CHARGES = """
INSERT INTO x12_transactions
WITH amounts AS (
  SELECT file, source_line, service, x12_amount(amount) AS amount, x12_day(service_day) AS day FROM x12_charge_lines
  UNION ALL
  SELECT file, source_line, 0, x12_amount(charged), NULL FROM x12_charged
  WHERE (file, source_line) NOT IN (SELECT (file, source_line) FROM x12_charge_lines)
), charges AS (
  SELECT c.*, a.service, a.amount, coalesce(a.day, c.service_on) AS day
  FROM x12_charged AS c JOIN amounts AS a USING (file, source_line)
  WHERE c.aside IS NULL AND NOT coalesce(x12_nothing(a.amount), false)
)
SELECT file, source_line, concat(key, '-c', service), account, created_on, day, 'charge', amount, 'insurance', payer_id,
  NULL
FROM charges WHERE frequency <> '8'
UNION ALL
SELECT c.file, c.source_line, concat(c.key, '-v', o.service), c.account, c.created_on, o.day, 'charge',
  negated(o.amount), 'insurance', o.payer_id, concat(o.key, '-c', o.service)
FROM x12_charged AS c JOIN charges AS o ON o.key = c.before
WHERE c.aside IS NULL AND c.before IS NOT NULL
"""


def make_claim_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `x12_charged`, and add the charges to `x12_transactions`."""
    for statement in (SUBMITTED, CHARGED, CHARGES):
        connection.execute(statement)
