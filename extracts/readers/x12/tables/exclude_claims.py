"""Exclude remittance claims that do not belong in the ledger: broken, duplicate, pending, or without payment."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from payrank.extracts.codes.code_lists import GROUP_CODES

PENDING = ("5", "10", "13", "15", "16", "17", "27")
"""Claim status (CLP02): pended, received and not in process, suspended (four codes), reviewed. Version 4010 codes."""
OTHER_PAYER = "23"
PREDETERMINED = "25"

DUPLICATE = "duplicate remittance claim"
SKIP_REASONS = {
    "predetermined": "predetermination: pricing only, no claim or payment (CLP02 25)",
    "pending": "pending claim, nothing paid (CLP02 5, 10, 13, 15, 16, 17, 27)",
    "other_payer": "claim of another payer, forwarded, nothing paid (CLP02 23)",
    "reversed": "reversal of a skipped claim",
    "duplicate": DUPLICATE,
    "duplicate_differs": f"{DUPLICATE}, with different adjustments",
}

MAX_DAYS_AHEAD = 31
"""Days. A payment is announced some days before the money moves, never months."""
GROUP_RULE, DAY_RULE = "adjustment_group", "after_the_file"
RULES = {
    GROUP_RULE: f"a CAS01 of {', '.join(GROUP_CODES)} in every claim adjustment",
    DAY_RULE: f"a payment, production, or creation date at most {MAX_DAYS_AHEAD} days after the latest envelope",
}

BROKEN = f"""
CREATE TABLE x12_broken AS
SELECT file, source_line, min(rule) AS rule FROM (
  SELECT file, source_line, '{GROUP_RULE}' AS rule FROM x12_adjustments
  WHERE group_code NOT IN {GROUP_CODES} AND NOT coalesce(x12_nothing(amount), false)
  UNION ALL
  SELECT file, source_line, '{DAY_RULE}' FROM x12_claim WHERE TRY_CAST(posted_on AS DATE) > $latest
  UNION ALL
  SELECT file, source_line, '{DAY_RULE}' FROM x12_submitted_claims WHERE TRY_CAST(x12_day(created) AS DATE) > $latest
) GROUP BY file, source_line
"""

MONEY = "NOT coalesce(x12_nothing(paid), false) OR NOT (interest = '' OR x12_nothing(interest))"

SKIPPED = f"""
CREATE TABLE x12_skipped AS
SELECT file, source_line, reason FROM (
  SELECT file, source_line, CASE WHEN status = '{PREDETERMINED}' THEN 'predetermined'
    WHEN {MONEY} THEN NULL WHEN status IN {PENDING} THEN 'pending'
    WHEN status = '{OTHER_PAYER}' THEN 'other_payer' END AS reason
  FROM x12_claim
) WHERE reason IS NOT NULL
"""

REVERSED = """
INSERT INTO x12_skipped
SELECT r.file, r.source_line, 'reversed' FROM x12_claim AS r
WHERE r.reversal AND coalesce(x12_nothing(r.paid), false) AND EXISTS (
  SELECT 1 FROM x12_claim AS c JOIN x12_skipped USING (file, source_line)
  WHERE c.account = r.account AND c.payer_claim IN (r.payer_claim, r.original_claim)
    AND abs(c.charged_dollars) = abs(r.charged_dollars)
) AND NOT EXISTS (
  SELECT 1 FROM x12_claim AS c ANTI JOIN x12_skipped USING (file, source_line)
  WHERE NOT c.reversal AND c.account = r.account AND c.payer_claim IN (r.payer_claim, r.original_claim)
    AND abs(c.charged_dollars) = abs(r.charged_dollars)
)
"""

REPEATED = """
INSERT INTO x12_skipped
WITH repeated AS (
  SELECT key, file, source_line FROM x12_claim WHERE key IN (SELECT key FROM x12_claim GROUP BY key HAVING count(*) > 1)
), content AS (
  SELECT file, source_line, bit_xor(hash(number, service, group_code, carc, x12_plain(amount))) AS adjustments
  FROM x12_adjustments SEMI JOIN repeated USING (file, source_line) GROUP BY file, source_line
), compared AS (
  SELECT file, source_line, adjustments, row_number() OVER same AS place, first_value(adjustments) OVER same AS first
  FROM repeated LEFT JOIN content USING (file, source_line)
  WINDOW same AS (PARTITION BY key ORDER BY file, source_line)
)
SELECT file, source_line, CASE WHEN adjustments IS NOT DISTINCT FROM first THEN 'duplicate' ELSE 'duplicate_differs' END
FROM compared WHERE place > 1
"""

DOUBTFUL = """
CREATE TABLE x12_doubtful AS
SELECT file, source_line FROM x12_claim
WHERE account IS NULL OR NOT coalesce(x12_money(paid), false) OR TRY_CAST(posted_on AS DATE) IS NULL
  OR (effective_on <> '' AND TRY_CAST(effective_on AS DATE) IS NULL)
  OR (service_on <> '' AND TRY_CAST(service_on AS DATE) IS NULL)
  OR (interest <> '' AND NOT x12_money(x12_amount(interest)))
UNION
SELECT file, source_line FROM x12_adjustments WHERE NOT coalesce(x12_money(x12_amount(amount)), false)
UNION
SELECT file, source_line FROM x12_services
WHERE service_day <> '' AND TRY_CAST(x12_day(service_day) AS DATE) IS NULL
UNION
SELECT file, source_line FROM x12_submitted_claims
WHERE account IN ('', '0') OR TRY_CAST(x12_day(created) AS DATE) IS NULL
UNION
SELECT file, source_line FROM x12_charge_lines WHERE NOT coalesce(x12_money(x12_amount(amount)), false)
"""
"""Records that may be quarantined. Data they share with other records, such as a payer, is taken from the others."""

DELETE_EXCLUDED = """
DELETE FROM x12_{table} AS t USING x12_{excluded} AS e WHERE t.file = e.file AND t.source_line = e.source_line
"""


def exclude_claims(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> None:
    """Create `x12_broken` (with a rule), `x12_skipped` (with a reason), and `x12_doubtful`.

    Records in the first two are removed from the staged tables.

    Parameters
    ----------
    as_of
        The day after the files' date. If None, no date is too late.
    """
    latest = as_of + timedelta(days=MAX_DAYS_AHEAD) if as_of else date.max
    connection.execute(BROKEN, {"latest": latest})
    _delete_excluded(connection, "broken")
    for statement in (SKIPPED, REVERSED, REPEATED):
        connection.execute(statement)
    connection.execute(
        "CREATE OR REPLACE TABLE x12_skipped AS SELECT file, source_line, min(reason) AS reason FROM x12_skipped "
        "GROUP BY file, source_line ORDER BY file, source_line"
    )
    _delete_excluded(connection, "skipped")
    connection.execute(DOUBTFUL)


def _delete_excluded(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    if connection.execute(f"SELECT 1 FROM x12_{name} LIMIT 1").fetchall():
        for table in ("claim", "services", "adjustments"):
            connection.execute(DELETE_EXCLUDED.format(table=table, excluded=name))
