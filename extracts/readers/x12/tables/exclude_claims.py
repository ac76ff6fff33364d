"""Which claims of remittances are no rows of the ledger: broken, delivered again, or not decided and not paid."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from payrank.extracts.codes.code_lists import GROUP_CODES

UNDECIDED = ("5", "10", "13", "15", "16", "17", "27")
"""Claim status (CLP02): pended, received and not in process, suspended (four kinds), reviewed: codes of 4010."""
NOT_OURS = "23"
PREDETERMINED = "25"

AGAIN = "the same claim of the same remittance again"
ASIDES = {
    "predetermined": "predetermination, pricing only: no claim and no money (CLP02 25)",
    "undecided": "claim not decided yet, nothing paid (CLP02 5, 10, 13, 15, 16, 17, 27)",
    "not_ours": "claim of another payer, forwarded there, nothing paid (CLP02 23)",
    "taken_back": "reversal of a claim that is skipped",
    "again": AGAIN,
    "again_differs": f"{AGAIN}, with other adjustments",
}

LATEST_DAYS = 31
"""Days. A payment is announced some days before its money moves, never months."""
GROUP_RULE, DAY_RULE = "adjustment_group", "after_the_file"
RULES = {
    GROUP_RULE: f"a CAS01 of {', '.join(GROUP_CODES)} in every adjustment of a claim",
    DAY_RULE: f"a day of payment, production or creation up to {LATEST_DAYS} days after the latest envelope's",
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

ASIDE = f"""
CREATE TABLE x12_aside AS
SELECT file, source_line, reason FROM (
  SELECT file, source_line, CASE WHEN status = '{PREDETERMINED}' THEN 'predetermined'
    WHEN {MONEY} THEN NULL WHEN status IN {UNDECIDED} THEN 'undecided'
    WHEN status = '{NOT_OURS}' THEN 'not_ours' END AS reason
  FROM x12_claim
) WHERE reason IS NOT NULL
"""

TAKEN_BACK = """
INSERT INTO x12_aside
SELECT r.file, r.source_line, 'taken_back' FROM x12_claim AS r
WHERE r.reversal AND coalesce(x12_nothing(r.paid), false) AND EXISTS (
  SELECT 1 FROM x12_claim AS c JOIN x12_aside USING (file, source_line)
  WHERE c.account = r.account AND c.payer_claim IN (r.payer_claim, r.original_claim)
    AND abs(c.charged_dollars) = abs(r.charged_dollars)
) AND NOT EXISTS (
  SELECT 1 FROM x12_claim AS c ANTI JOIN x12_aside USING (file, source_line)
  WHERE NOT c.reversal AND c.account = r.account AND c.payer_claim IN (r.payer_claim, r.original_claim)
    AND abs(c.charged_dollars) = abs(r.charged_dollars)
)
"""

REPEATED = """
INSERT INTO x12_aside
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
SELECT file, source_line, CASE WHEN adjustments IS NOT DISTINCT FROM first THEN 'again' ELSE 'again_differs' END
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
"""Records that the contract may quarantine: what others share with them, as a payer, is better named by another."""

FORGET = "DELETE FROM x12_{table} AS t USING x12_{sorted} AS s WHERE t.file = s.file AND t.source_line = s.source_line"


def sort_out(connection: duckdb.DuckDBPyConnection, as_of: date | None) -> None:
    """Fill `x12_broken` (by rule), `x12_aside` (by reason), `x12_doubtful`; take the first two out of what was staged.

    Parameters
    ----------
    as_of
        The day after the files were made; None: unknown, and then no day is too late.
    """
    latest = as_of + timedelta(days=LATEST_DAYS) if as_of else date.max
    connection.execute(BROKEN, {"latest": latest})
    _forget(connection, "broken")
    for statement in (ASIDE, TAKEN_BACK, REPEATED):
        connection.execute(statement)
    connection.execute(
        "CREATE OR REPLACE TABLE x12_aside AS SELECT file, source_line, min(reason) AS reason FROM x12_aside "
        "GROUP BY file, source_line ORDER BY file, source_line"
    )
    _forget(connection, "aside")
    connection.execute(DOUBTFUL)


def _forget(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    if connection.execute(f"SELECT 1 FROM x12_{name} LIMIT 1").fetchall():
        for table in ("claim", "services", "adjustments"):
            connection.execute(FORGET.format(table=table, sorted=name))
