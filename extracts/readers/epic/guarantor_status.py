"""Guarantor statuses such as bankrupt, deceased, and disputed, and a placeholder flag if an export omits them."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

UNRESTRICTED = ("returned mail", "payment plan", "plan not converted")
"""Statuses released by Epic that do not restrict contact."""

NOT_EXPORTED = "guarantor_status_not_exported"

STATUSES = f"""
SELECT 'guarantor' AS subject_type, ACCOUNT_ID AS subject_id, flag,
  (SELECT CAST(max(posted_on) AS VARCHAR) FROM transactions) AS known_on, source_line
FROM (
  SELECT *, coalesce(guarantor_flag_of(ACCOUNT_STATUS_C_NAME), lower(ACCOUNT_STATUS_C_NAME)) AS flag FROM ACCOUNT_STATUS
  WHERE ACCOUNT_STATUS_C_NAME IS NOT NULL AND lower(ACCOUNT_STATUS_C_NAME) NOT IN {UNRESTRICTED}
)
QUALIFY row_number() OVER (PARTITION BY ACCOUNT_ID, flag ORDER BY length(LINE), LINE, source_line) = 1
ORDER BY length(ACCOUNT_ID), ACCOUNT_ID, flag
"""
"""Epic stores only current statuses, without dates. They are dated on the last day of the ledger."""

UNKNOWN = """
SELECT 'account' AS subject_type, accounts.account_id AS subject_id, '{flag}' AS flag, accounts.opened_on AS known_on,
  source_line
FROM epic_account_records AS records JOIN accounts ON accounts.account_id = records.account_id
WHERE table_name = '{table}' ORDER BY length(accounts.account_id), accounts.account_id, source_line
"""


def load_guarantor_status(folder: StagedFolder) -> None:
    """Load guarantor statuses. If the export omits them but has other flags, flag every account.

    A flag table with only agency placements would look complete (rule H12), and bankrupt or deceased guarantors would
    be called. A flag that no rule uses holds its household for review until the site exports the statuses or declares
    the flag harmless in its settings. Public documentation: ACCOUNT_STATUS.
    """
    folder.load("flags", "ACCOUNT_STATUS", STATUSES)
    folder.skip(
        "ACCOUNT_STATUS",
        "status that does not restrict contact",
        "SELECT source_line FROM ACCOUNT_STATUS WHERE ACCOUNT_STATUS_C_NAME IS NULL "
        f"OR lower(ACCOUNT_STATUS_C_NAME) IN {UNRESTRICTED}",
    )
    folder.mark_reference("ACCOUNT_STATUS")
    has_flags = "flags" in folder.session.columns and folder.count("FROM flags") > 0
    if not has_flags or folder.has("ACCOUNT_STATUS"):
        return
    accounts = 0
    for table in ("HSP_ACCOUNT", "ARPB_VISITS", "ARPB_TRANSACTIONS", "HSP_TRANSACTIONS"):
        accounts += folder.load("flags", table, UNKNOWN.format(flag=NOT_EXPORTED, table=table))
    folder.add_count_notice(
        accounts,
        "account",
        f"flagged {NOT_EXPORTED}: without ACCOUNT_STATUS, bankruptcies, deaths, attorneys, and disputes are unknown, "
        "so no account can be shown as safe to call",
    )
