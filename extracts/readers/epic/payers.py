"""Payers with their class, and each account's coverages in filing order."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

CLASSES = """
CREATE TABLE epic_payer_classes AS
SELECT payer_id, first(class ORDER BY votes DESC, class) AS class FROM (
  SELECT payer_id, class, count(*) AS votes FROM (
    SELECT PRIMARY_PAYOR_ID AS payer_id, ACCT_FIN_CLASS_C_NAME AS class FROM HSP_ACCOUNT
    UNION ALL SELECT PAYOR_ID, FIN_CLASS_C_NAME FROM HSP_TRANSACTIONS
    UNION ALL SELECT ORIGINAL_EPM_ID, ORIGINAL_FC_C_NAME FROM ARPB_TRANSACTIONS
  ) WHERE payer_id IS NOT NULL AND class IS NOT NULL AND NOT is_self_pay(class) GROUP BY ALL
) GROUP BY payer_id
"""
"""The most common financial class of each payer's entries."""

PAYERS = """
SELECT PAYOR_ID AS payer_id, PAYOR_NAME AS payer_name,
  coalesce(payer_class_of(concat_ws(' ', FINANCIAL_CLASS_C_NAME, PRODUCT_TYPE_C_NAME)), payer_class_of(class), 'other')
    AS payer_class, source_line
FROM CLARITY_EPM LEFT JOIN epic_payer_classes ON payer_id = PAYOR_ID ORDER BY length(PAYOR_ID), PAYOR_ID, source_line
"""

COVERAGE_PAYERS = """
SELECT PAYOR_ID AS payer_id, any_value(payer_name) AS payer_name, coalesce(payer_class_of(any_value(class)), 'other')
  AS payer_class, min(source_line) AS source_line
FROM (SELECT PAYOR_ID, min(PAYOR_NAME) OVER (PARTITION BY PAYOR_ID) AS payer_name, source_line FROM COVERAGE
  WHERE PAYOR_ID IS NOT NULL) AS covering
LEFT JOIN epic_payer_classes ON epic_payer_classes.payer_id = PAYOR_ID
WHERE PAYOR_ID NOT IN (SELECT PAYOR_ID FROM CLARITY_EPM WHERE PAYOR_ID IS NOT NULL)
GROUP BY PAYOR_ID ORDER BY length(PAYOR_ID), PAYOR_ID
"""

COVERAGE_LIST = """
CREATE TABLE epic_coverages AS
SELECT listed.*, covering.COVERAGE_ID IS NULL AS is_absent, accounts.account_id IS NULL AS is_outside,
  PAYOR_ID AS payer_id, CAST(accounts.opened_on AS VARCHAR) AS known_on, day(CVG_TERM_DT) AS ended_on
FROM (
  SELECT 'HSP_ACCT_CVG_LIST' AS table_name, HSP_ACCOUNT_ID AS id, LINE AS priority, COVERAGE_ID, source_line
  FROM HSP_ACCT_CVG_LIST
  UNION ALL SELECT 'ARPB_VISITS', PB_VISIT_ID, '1', COVERAGE_ID, source_line FROM ARPB_VISITS
  WHERE COVERAGE_ID IS NOT NULL
    AND PB_VISIT_ID NOT IN (SELECT HSP_ACCOUNT_ID FROM HSP_ACCT_CVG_LIST WHERE HSP_ACCOUNT_ID IS NOT NULL)
) AS listed
LEFT JOIN (SELECT DISTINCT ON (COVERAGE_ID) * FROM COVERAGE ORDER BY COVERAGE_ID, source_line) AS covering
  ON covering.COVERAGE_ID = listed.COVERAGE_ID
LEFT JOIN accounts ON accounts.account_id = listed.id
"""

COVERAGES = """
SELECT id AS account_id, payer_id, priority, known_on, ended_on, source_line FROM epic_coverages
WHERE table_name = '{table}' AND NOT is_absent AND NOT is_outside AND payer_id IS NOT NULL
ORDER BY length(id), id, length(priority), priority, source_line
"""

PRIMARY = """
SELECT HSP_ACCOUNT_ID AS account_id, PRIMARY_PAYOR_ID AS payer_id, '1' AS priority,
  CAST(accounts.opened_on AS VARCHAR) AS known_on, source_line
FROM HSP_ACCOUNT JOIN accounts ON accounts.account_id = HSP_ACCOUNT_ID
WHERE PRIMARY_PAYOR_ID IS NOT NULL AND HSP_ACCOUNT_ID NOT IN (SELECT account_id FROM coverages)
ORDER BY length(HSP_ACCOUNT_ID), HSP_ACCOUNT_ID, source_line
"""


def load_payers(folder: StagedFolder) -> None:
    """Load payers and coverages. Coverages are dated with their account, because Epic does not date the filing order.

    Public documentation: CLARITY_EPM, COVERAGE (PAYOR_ID, CVG_TERM_DT), HSP_ACCT_CVG_LIST (LINE is the filing order),
    ARPB_VISITS (COVERAGE_ID), HSP_ACCOUNT (PRIMARY_PAYOR_ID), financial classes of entries.
    """
    folder.connection.execute(CLASSES)
    folder.connection.execute(COVERAGE_LIST)
    folder.session.create_table("payers", ("payer_id", "payer_name", "payer_class"))
    folder.session.create_table("coverages", ("account_id", "payer_id", "priority", "known_on", "ended_on"))
    folder.load("payers", "CLARITY_EPM", PAYERS)
    folder.load("payers", "COVERAGE", COVERAGE_PAYERS)
    folder.mark_reference("COVERAGE")
    folder.add_count_notice(
        folder.count("FROM payers WHERE payer_class = 'other'"),
        "payer",
        "of an unknown financial class, classified as other",
    )
    for table in ("HSP_ACCT_CVG_LIST", "ARPB_VISITS"):
        folder.load("coverages", table, COVERAGES.format(table=table))
    listed = "SELECT source_line FROM epic_coverages WHERE table_name = 'HSP_ACCT_CVG_LIST' AND"
    folder.skip("HSP_ACCT_CVG_LIST", "coverage missing from COVERAGE", f"{listed} is_absent")
    folder.skip("HSP_ACCT_CVG_LIST", "coverage of an account that is not imported", f"{listed} is_outside")
    folder.skip("HSP_ACCT_CVG_LIST", "coverage without a payer", f"{listed} payer_id IS NULL")
    folder.load("coverages", "HSP_ACCOUNT", PRIMARY)
