"""The balances that Epic states, for reconciliation with the ledger."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

HOSPITAL_STATED = """
CREATE TABLE hospital_stated AS
SELECT stated.*, billed_to, money(SBO_SP_BAL) + CASE billed_to WHEN 'patient' THEN prebilled ELSE 0 END AS patient,
  money(SBO_INS_BALANCE) + CASE billed_to WHEN 'patient' THEN 0 ELSE prebilled END AS insurance
FROM (
  SELECT HSP_ACCOUNT_ID AS account_id, SBO_TOT_BALANCE AS whole, SBO_SP_BAL, SBO_INS_BALANCE,
    coalesce(money(SBO_PREBILL_BALANC), 0) AS prebilled, 'HSP_ACCOUNT' AS table_name, source_line FROM HSP_ACCOUNT
  WHERE SBO_TOT_BALANCE IS NOT NULL
  UNION ALL
  SELECT HSP_ACCOUNT_ID, SBO_TOT_BALANCE, SBO_SP_BAL, SBO_INS_BALANCE, coalesce(money(SBO_PREBILL_BALANC), 0),
    'HSP_ACCT_SBO', source_line FROM HSP_ACCT_SBO
  WHERE SBO_TOT_BALANCE IS NOT NULL
    AND NOT EXISTS (FROM HSP_ACCOUNT AS har WHERE har.SBO_TOT_BALANCE IS NOT NULL
      AND har.HSP_ACCOUNT_ID = HSP_ACCT_SBO.HSP_ACCOUNT_ID)
) AS stated LEFT JOIN hospital_payers USING (account_id)
"""
"""Unbilled amounts are owed by whoever will be billed, as in the ledger."""

HOSPITAL = """
SELECT account_id, CAST(NULL AS VARCHAR) AS responsibility, whole AS balance, source_line FROM hospital_stated
WHERE table_name = '{table}'
UNION ALL SELECT account_id, 'insurance', CAST(insurance AS VARCHAR), source_line FROM hospital_stated
WHERE table_name = '{table}' AND insurance + patient = money(whole)
UNION ALL SELECT account_id, 'patient', CAST(patient AS VARCHAR), source_line FROM hospital_stated
WHERE table_name = '{table}' AND insurance + patient = money(whole)
ORDER BY account_id, responsibility NULLS FIRST, source_line
"""

OUTSTANDING = """
CREATE TABLE professional_stated AS
SELECT account_id, sum(money(OUTSTANDING_AMT)) AS whole, sum(money(INSURANCE_AMT)) AS insurance,
  sum(money(PATIENT_AMT)) AS patient, min(source_line) AS source_line
FROM professional_entries
WHERE OUTSTANDING_AMT IS NOT NULL
  AND NOT EXISTS (FROM hospital_stated WHERE hospital_stated.account_id = professional_entries.account_id)
GROUP BY account_id
HAVING whole <> 0 OR account_id IN (SELECT account_id FROM transactions)
"""
"""With a single billing office, one balance covers hospital and professional transactions and takes precedence."""

PROFESSIONAL = """
SELECT account_id, CAST(NULL AS VARCHAR) AS responsibility, whole AS balance, source_line FROM professional_stated
UNION ALL SELECT account_id, 'insurance', insurance, source_line FROM professional_stated
WHERE insurance + patient = whole
UNION ALL SELECT account_id, 'patient', patient, source_line FROM professional_stated WHERE insurance + patient = whole
ORDER BY account_id, responsibility NULLS FIRST
"""

UNREADABLE = """
SELECT account_id, OUTSTANDING_AMT AS balance, source_line FROM professional_entries
WHERE OUTSTANDING_AMT IS NOT NULL AND money(OUTSTANDING_AMT) IS NULL ORDER BY account_id, source_line
"""


def load_stated_balances(folder: StagedFolder) -> None:
    """Load each account's total balance as Epic states it, and the parts by responsibility if they add up to it.

    Public documentation: HSP_ACCOUNT and HSP_ACCT_SBO (SBO_TOT_BALANCE, SBO_INS_BALANCE, SBO_SP_BAL,
    SBO_PREBILL_BALANC); ARPB_TRANSACTIONS (OUTSTANDING_AMT, INSURANCE_AMT, PATIENT_AMT), summed by account.
    """
    folder.connection.execute(HOSPITAL_STATED)
    folder.connection.execute(OUTSTANDING)
    for table in ("HSP_ACCOUNT", "HSP_ACCT_SBO"):
        folder.load("stated_balances", table, HOSPITAL.format(table=table))
    folder.mark_reference("HSP_ACCT_SBO")
    folder.load("stated_balances", "ARPB_TRANSACTIONS", UNREADABLE)
    folder.load("stated_balances", "ARPB_TRANSACTIONS", PROFESSIONAL)
    folder.add_count_notice(
        folder.count("FROM hospital_stated WHERE (insurance + patient = money(whole)) IS NOT true")
        + folder.count("FROM professional_stated WHERE (insurance + patient = whole) IS NOT true"),
        "account",
        "whose insurance and patient balances do not add up to the total in Epic: only the total is reconciled",
    )
    folder.add_count_notice(
        folder.count(
            "FROM ARPB_VISITS LEFT JOIN (SELECT account_id, sum(amount) AS balance FROM transactions GROUP BY 1) "
            "ON account_id = PB_VISIT_ID WHERE money(PB_TOTAL_BALANCE) <> coalesce(balance, 0)"
        ),
        "visit",
        "whose PB_TOTAL_BALANCE in ARPB_VISITS differs from its ledger",
    )
