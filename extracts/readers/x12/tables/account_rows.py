"""Canonical accounts, coverages, and payers, one row each, from remittances and claims.

A row comes from the first record that names it. Records that may be quarantined rank last, then claims (837) rank
before remittances, then by day, file, and position.
"""

from __future__ import annotations

import duckdb

PATIENT_CLASS = """
CASE
  WHEN emergency = 1 OR (place_kind = 'B' AND place = '23') THEN 'emergency'
  WHEN place_kind = 'A' AND place IN ('11', '12', '18', '21', '22', '41') THEN 'inpatient'
  WHEN place_kind = 'B' AND place IN ('21', '31', '51', '61') THEN 'inpatient'
  WHEN place_kind = 'A' AND place IN ('13', '14', '83', '85') OR (place_kind = 'B' AND place IN ('19', '22', '24'))
    THEN 'outpatient'
  WHEN place_kind = 'B' AND place IN ('11', '17', '20', '49', '50', '71', '72') THEN 'clinic'
END
"""
"""For an 837: type of bill (CLM05-2 = A; NUBC) or place of service (B; CMS place of service codes). An 835 repeats the
code in CLP08 without stating which of the two it is, so only the MIA segment of an inpatient claim is used there.
"""

NAMED = f"""
CREATE TABLE x12_named AS
SELECT n.*, d.file IS NOT NULL AS doubtful FROM (
SELECT 0 AS rank, file, source_line, account, created_on AS known_on, service_on, {PATIENT_CLASS} AS patient_class,
  nullif(provider, '') AS facility, ident, nullif(subscriber, '') AS member, payer_id,
  nullif(payer_name, '') AS payer_name, payer_class, strpos('PST', nullif(priority, '')) AS priority
FROM x12_charged
UNION ALL
SELECT 1, file, c.source_line, account, posted_on, least(service_on, first_day),
  CASE WHEN inpatient > 0 THEN 'inpatient' END, nullif(r.payee, ''), ident,
  coalesce(nullif(insured, ''), nullif(patient, '')), payer_id, nullif(payer_name, ''), payer_class,
  CASE WHEN status IN ('1', '19') THEN 1 WHEN status IN ('2', '20') THEN 2 WHEN status IN ('3', '21') THEN 3 END
FROM x12_claim AS c JOIN (SELECT file, remit, payer_name, payee FROM x12_remittances) AS r USING (file, remit)
LEFT JOIN x12_first_days USING (file, source_line)
) AS n LEFT JOIN x12_doubtful AS d ON d.file = n.file AND d.source_line = n.source_line
"""

OTHERS = """
INSERT INTO x12_named
SELECT 2, o.file, o.source_line, c.account, c.created_on, NULL, NULL, NULL, nullif(o.payer, ''), NULL,
  nullif(o.payer, '') || '-' || o.payer_class, nullif(o.payer_name, ''), o.payer_class,
  strpos('PST', nullif(o.priority, '')), (SELECT count(*) > 0 FROM x12_doubtful AS d
    WHERE d.file = o.file AND d.source_line = o.source_line)
FROM ({other_coverages}) AS o JOIN x12_charged AS c USING (file, source_line)
"""

ACCOUNTS = """
CREATE TABLE x12_accounts AS
SELECT file, source_line, account AS account_id,
  coalesce(coalesce(ident || ':', '') || member, 'account:' || account) AS guarantor_id, opened_on,
  first_service AS service_on, patient_class, facility
FROM (
  SELECT *, min(known_on) OVER same AS opened_on, min(service_on) OVER same AS first_service,
    row_number() OVER (same ORDER BY doubtful, rank, known_on NULLS LAST, file, source_line) AS place
  FROM x12_named WHERE rank < 2
  WINDOW same AS (PARTITION BY coalesce(account, concat(chr(31), file, chr(31), source_line)))
) WHERE place = 1
"""
"""The guarantor is the subscriber, or the patient if there is no subscriber. The member ID is prefixed with the
payer ID, because two payers may use the same number. Without a member ID, each account is its own guarantor.
"""

COVERAGES = """
CREATE TABLE x12_coverages AS
SELECT file, source_line, account AS account_id, payer_id, priority, known_on FROM (
  SELECT *, row_number() OVER (PARTITION BY account, payer_id, priority ORDER BY doubtful, known_on NULLS LAST, rank,
    file, source_line) AS place
  FROM x12_named WHERE account IS NOT NULL AND payer_id IS NOT NULL AND priority > 0
) WHERE place = 1
"""

PAYERS = """
CREATE TABLE x12_payers AS
SELECT file, source_line, payer_id, payer_name, payer_class FROM (
  SELECT *, row_number() OVER (PARTITION BY payer_id ORDER BY doubtful, rank, file, source_line) AS place
  FROM x12_named WHERE payer_id IS NOT NULL
) WHERE place = 1
"""


def make_account_rows(connection: duckdb.DuckDBPyConnection, render_class: str) -> None:
    """Create the tables `x12_accounts`, `x12_coverages`, and `x12_payers`.

    Parameters
    ----------
    render_class
        SQL expression for the payer class of the column `filing`.
    """
    other_coverages = f"SELECT *, {render_class} AS payer_class FROM x12_other_coverages"
    for statement in (
        NAMED,
        OTHERS.format(other_coverages=other_coverages),
        ACCOUNTS,
        COVERAGES,
        PAYERS,
        "DROP TABLE x12_named",
    ):
        connection.execute(statement)
