"""The balances that Epic itself states, for the ledger to tie to."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

STATED = """
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
"""What is not billed yet is owed by whom it will be billed to, as in the ledger."""

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
"""A single billing office states one balance for hospital and professional transactions together: it goes first."""

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
    """Land each account's balance as Epic states it, whole, and by who owes it where the parts make the whole.

    Public documentation: HSP_ACCOUNT and HSP_ACCT_SBO (SBO_TOT_BALANCE, SBO_INS_BALANCE, SBO_SP_BAL,
    SBO_PREBILL_BALANC); ARPB_TRANSACTIONS (OUTSTANDING_AMT, INSURANCE_AMT, PATIENT_AMT), added up by account.
    """
    folder.connection.execute(STATED)
    folder.connection.execute(OUTSTANDING)
    for table in ("HSP_ACCOUNT", "HSP_ACCT_SBO"):
        folder.load("stated_balances", table, HOSPITAL.format(table=table))
    folder.mark_reference("HSP_ACCT_SBO")
    folder.load("stated_balances", "ARPB_TRANSACTIONS", UNREADABLE)
    folder.load("stated_balances", "ARPB_TRANSACTIONS", PROFESSIONAL)
    folder.notice_count(
        folder.count("FROM hospital_stated WHERE (insurance + patient = money(whole)) IS NOT true")
        + folder.count("FROM professional_stated WHERE (insurance + patient = whole) IS NOT true"),
        "account",
        "whose insurance and patient balances do not make its whole balance in Epic: tied by the whole alone",
    )
    folder.notice_count(
        folder.count(
            "FROM ARPB_VISITS LEFT JOIN (SELECT account_id, sum(amount) AS balance FROM transactions GROUP BY 1) "
            "ON account_id = PB_VISIT_ID WHERE money(PB_TOTAL_BALANCE) <> coalesce(balance, 0)"
        ),
        "visit",
        "whose PB_TOTAL_BALANCE in ARPB_VISITS is not that of its ledger",
    )
