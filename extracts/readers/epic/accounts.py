"""Canonical accounts: Epic's hospital accounts, which professional visits also have, and their guarantors."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

LEDGER_ACCOUNTS = """
CREATE TABLE epic_ledgers AS
SELECT account_id, CAST(first_posted AS VARCHAR) AS opened_on, served_on, guarantor_id, facility FROM (
  SELECT account_id, min(posted_on) AS first_posted FROM transactions GROUP BY account_id
) LEFT JOIN (
  SELECT account_id, min(served_on) AS served_on, min(guarantor_id) AS guarantor_id, min(facility) AS facility FROM (
    SELECT account_id, CASE kind WHEN 'charge' THEN service_on END AS served_on, guarantor_id, LOC_ID AS facility
    FROM professional_entries WHERE is_valid
    UNION ALL SELECT HSP_ACCOUNT_ID, day(SERVICE_DATE), NULL, NULL FROM HSP_TRANSACTIONS
    WHERE TX_TYPE_HA_C_NAME IN ('Charge', '1')
  ) GROUP BY account_id
) USING (account_id)
"""

GUARANTORS = """
CREATE TABLE epic_guarantors AS
WITH ids AS (
  SELECT HSP_ACCOUNT_ID AS account_id FROM HSP_ACCOUNT UNION SELECT PB_VISIT_ID FROM ARPB_VISITS
  UNION SELECT account_id FROM epic_ledgers
), candidates AS (
  SELECT ids.account_id, har.GUARANTOR_ID AS by_account, visit.GUARANTOR_ID AS by_visit,
    ledger.guarantor_id AS by_entry,
    default_guarantor.id AS by_default, area.id AS by_area
  FROM ids
  LEFT JOIN (SELECT HSP_ACCOUNT_ID, min(GUARANTOR_ID) AS GUARANTOR_ID, min(SERV_AREA_ID) AS area_id FROM HSP_ACCOUNT
    GROUP BY 1) AS har ON har.HSP_ACCOUNT_ID = ids.account_id
  LEFT JOIN (SELECT PB_VISIT_ID, min(GUARANTOR_ID) AS GUARANTOR_ID FROM ARPB_VISITS GROUP BY 1) AS visit
    ON visit.PB_VISIT_ID = ids.account_id
  LEFT JOIN epic_ledgers AS ledger ON ledger.account_id = ids.account_id
  LEFT JOIN (SELECT SBO_HSP_ACCOUNT_ID, min(ACCOUNT_ID) AS id FROM ACCOUNT GROUP BY 1) AS default_guarantor
    ON default_guarantor.SBO_HSP_ACCOUNT_ID = ids.account_id
  LEFT JOIN (SELECT SERV_AREA_ID, min(ACCOUNT_ID) AS id FROM ACCOUNT GROUP BY 1 HAVING count(*) = 1) AS area
    ON area.SERV_AREA_ID = har.area_id
  WHERE ids.account_id IS NOT NULL
)
SELECT account_id, coalesce(by_account, by_visit, by_entry, by_default, by_area, 'HAR-' || account_id) AS guarantor_id,
  CASE WHEN coalesce(by_account, by_visit, by_entry, by_default) IS NOT NULL THEN 'named'
    WHEN by_area IS NOT NULL THEN 'area' ELSE 'none' END AS source
FROM candidates
"""
"""The EHI export omits the guarantor from HSP_ACCOUNT. Clarity's GUARANTOR_ID is used if present."""

HOSPITAL = """
SELECT HSP_ACCOUNT_ID AS account_id, guarantor.guarantor_id, coalesce(opened_on, day_of(ADM_DATE_TIME)) AS opened_on,
  coalesce(day_of(ADM_DATE_TIME), served_on) AS service_on,
  coalesce(patient_class_of(ACCT_CLASS_HA_C_NAME), CASE WHEN ACCT_CLASS_HA_C_NAME IS NOT NULL THEN 'other' END)
    AS patient_class,
  PRIM_SVC_HA_C_NAME AS service_line, coalesce(ADM_LOC_ID, facility) AS facility, source_line
FROM HSP_ACCOUNT LEFT JOIN epic_ledgers AS ledger ON ledger.account_id = HSP_ACCOUNT_ID
LEFT JOIN epic_guarantors AS guarantor ON guarantor.account_id = HSP_ACCOUNT_ID
WHERE coalesce(opened_on, ADM_DATE_TIME) IS NOT NULL
ORDER BY length(HSP_ACCOUNT_ID), HSP_ACCOUNT_ID, source_line
"""

VISITS = """
SELECT PB_VISIT_ID AS account_id, guarantor.guarantor_id, opened_on, served_on AS service_on, 'clinic' AS patient_class,
  coalesce(REVENUE_LOCATION_ID, facility) AS facility, source_line
FROM ARPB_VISITS JOIN epic_ledgers AS ledger ON ledger.account_id = PB_VISIT_ID
JOIN epic_guarantors AS guarantor ON guarantor.account_id = PB_VISIT_ID
WHERE PB_VISIT_ID NOT IN (SELECT HSP_ACCOUNT_ID FROM HSP_ACCOUNT WHERE HSP_ACCOUNT_ID IS NOT NULL)
ORDER BY length(PB_VISIT_ID), PB_VISIT_ID, source_line
"""

UNRECORDED = """
SELECT ledger.account_id, guarantor.guarantor_id, opened_on, served_on AS service_on, {patient_class} AS patient_class,
  facility,
  entries.source_line
FROM epic_ledgers AS ledger
JOIN (SELECT {account} AS account_id, min(source_line) AS source_line FROM {table} GROUP BY 1) AS entries
  ON entries.account_id = ledger.account_id
JOIN epic_guarantors AS guarantor ON guarantor.account_id = ledger.account_id
WHERE ledger.account_id NOT IN (SELECT account_id FROM accounts)
ORDER BY length(ledger.account_id), ledger.account_id
"""

RECORDS = "CREATE TABLE epic_account_records (account_id VARCHAR, table_name VARCHAR, source_line BIGINT)"
"""The record that each account comes from."""

NO_ENTRIES = "account without entries or a date"


def load_accounts(folder: StagedFolder) -> None:
    """Load accounts, opened on the date of their first entry, otherwise on the admission date.

    Public documentation: HSP_ACCOUNT (ACCT_CLASS_HA, ADM_DATE_TIME, PRIM_SVC_HA), ARPB_VISITS (PB_VISIT_ID,
    GUARANTOR_ID), ACCOUNT (SBO_HSP_ACCOUNT_ID), ARPB_TRANSACTIONS (HOSP_ACCT_ID, ACCOUNT_ID).
    """
    folder.connection.execute(LEDGER_ACCOUNTS)
    folder.connection.execute(GUARANTORS)
    folder.connection.execute(RECORDS)
    folder.session.create_table("accounts", ("account_id", "guarantor_id", "opened_on", "patient_class"))
    _load(folder, "HSP_ACCOUNT", HOSPITAL)
    folder.skip("HSP_ACCOUNT", NO_ENTRIES, "SELECT source_line FROM HSP_ACCOUNT WHERE ADM_DATE_TIME IS NULL")
    _load(folder, "ARPB_VISITS", VISITS)
    folder.skip(
        "ARPB_VISITS",
        NO_ENTRIES,
        "SELECT source_line FROM ARPB_VISITS WHERE PB_VISIT_ID IS NULL "
        "OR PB_VISIT_ID NOT IN (SELECT account_id FROM accounts)",
    )
    folder.mark_reference("ARPB_VISITS")
    unnamed = 0
    for table, account, patient_class in (
        ("ARPB_TRANSACTIONS", "account_id", "'clinic'"),
        ("HSP_TRANSACTIONS", "HSP_ACCOUNT_ID", "CAST(NULL AS VARCHAR)"),
    ):
        entries = "professional_entries" if table == "ARPB_TRANSACTIONS" else table
        query = UNRECORDED.format(table=entries, account=account, patient_class=patient_class)
        unnamed += _load(folder, table, query)
    folder.add_count_notice(unnamed, "account", "with entries but no record in HSP_ACCOUNT or ARPB_VISITS")
    by_source = "FROM accounts JOIN epic_guarantors USING (account_id) WHERE source ="
    folder.add_count_notice(
        folder.count(f"{by_source} 'area'"),
        "account",
        "whose guarantor is inferred from a service area that has only one",
    )
    folder.add_count_notice(
        folder.count(f"{by_source} 'none'"),
        "account",
        "without a guarantor: each is treated as its own guarantor",
    )


def _load(folder: StagedFolder, name: str, query: str) -> int:
    folder.connection.execute(
        f"INSERT INTO epic_account_records SELECT account_id, '{name}', source_line FROM ({query})"
    )
    return folder.load("accounts", name, query)
