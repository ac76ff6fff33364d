"""Statuses of the guarantor - bankrupt, deceased, contested - and what an export that leaves them out does not tell."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

HARMLESS = ("returned mail", "payment plan", "plan not converted")
"""Statuses that Epic releases and that stop nobody from calling."""

NOT_EXPORTED = "guarantor_status_not_exported"

STATUSES = f"""
SELECT 'guarantor' AS subject_type, ACCOUNT_ID AS subject_id, flag,
  (SELECT CAST(max(posted_on) AS VARCHAR) FROM transactions) AS known_on, source_line
FROM (
  SELECT *, coalesce(guarantor_flag_of(ACCOUNT_STATUS_C_NAME), lower(ACCOUNT_STATUS_C_NAME)) AS flag FROM ACCOUNT_STATUS
  WHERE ACCOUNT_STATUS_C_NAME IS NOT NULL AND lower(ACCOUNT_STATUS_C_NAME) NOT IN {HARMLESS}
)
QUALIFY row_number() OVER (PARTITION BY ACCOUNT_ID, flag ORDER BY length(LINE), LINE, source_line) = 1
ORDER BY length(ACCOUNT_ID), ACCOUNT_ID, flag
"""
"""Epic keeps the statuses of today without a day: they are known on the last day of the ledger, and not before."""

UNKNOWN = """
SELECT 'account' AS subject_type, accounts.account_id AS subject_id, '{flag}' AS flag, accounts.opened_on AS known_on,
  source_line
FROM epic_account_records AS records JOIN accounts ON accounts.account_id = records.account_id
WHERE table_name = '{table}' ORDER BY length(accounts.account_id), accounts.account_id, source_line
"""


def land_guarantor_status(folder: StagedFolder) -> None:
    """Land guarantor statuses; where they are left out and other flags are not, say so on every account.

    A table of flags that holds agencies alone would pass for a whole feed (rule H12), and bankrupt and dead guarantors
    would be called. A flag that no rule reads keeps its household off the list for review, until the site brings the
    statuses or calls the flag harmless in its settings. Public documentation: ACCOUNT_STATUS.
    """
    folder.load("flags", "ACCOUNT_STATUS", STATUSES)
    folder.skip(
        "ACCOUNT_STATUS",
        "a status that stops nobody from calling",
        "SELECT source_line FROM ACCOUNT_STATUS WHERE ACCOUNT_STATUS_C_NAME IS NULL "
        f"OR lower(ACCOUNT_STATUS_C_NAME) IN {HARMLESS}",
    )
    folder.mark_reference("ACCOUNT_STATUS")
    told = "flags" in folder.session.columns and folder.count("FROM flags") > 0
    if not told or folder.has("ACCOUNT_STATUS"):
        return
    accounts = 0
    for table in ("HSP_ACCOUNT", "ARPB_VISITS", "ARPB_TRANSACTIONS", "HSP_TRANSACTIONS"):
        accounts += folder.load("flags", table, UNKNOWN.format(flag=NOT_EXPORTED, table=table))
    folder.notice_count(
        accounts,
        "account",
        f"flagged {NOT_EXPORTED}: without ACCOUNT_STATUS nothing tells a bankruptcy, a death, an attorney or a "
        "dispute, and nobody can be shown as safe to call",
    )
