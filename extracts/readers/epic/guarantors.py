"""Guarantors and the statements sent to them."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

GUARANTORS = """
SELECT ACCOUNT_ID AS guarantor_id,
  CASE WHEN is_day(day_of(BIRTHDATE)) THEN left(day_of(BIRTHDATE), 4) ELSE BIRTHDATE END AS birth_year,
  state_code_of(STATE_C_NAME) AS state,
  CASE WHEN regexp_matches(ZIP, '^\\d{5}') THEN left(ZIP, 3) END AS zip3, source_line
FROM ACCOUNT ORDER BY length(ACCOUNT_ID), ACCOUNT_ID, source_line
"""

STATEMENTS = """
SELECT 'STMT' || ACCOUNT_ID || '-' || LINE AS contact_id, ACCOUNT_ID AS guarantor_id,
  day(STMT_HX_STMT_DATE) AS contacted_on,
  'statement' AS channel, 'out' AS direction, source_line
FROM GUAR_ACCT_STMT_HX ORDER BY length(ACCOUNT_ID), ACCOUNT_ID, length(LINE), LINE, source_line
"""


def load_guarantors(folder: StagedFolder) -> None:
    """Load guarantors and statements.

    Public documentation: ACCOUNT (STATE, ZIP, BIRTHDATE), GUAR_ACCT_STMT_HX (STMT_HX_STMT_DATE). Only the year of the
    birth date and three digits of the ZIP code are kept.
    """
    folder.load("guarantors", "ACCOUNT", GUARANTORS)
    folder.load("contacts", "GUAR_ACCT_STMT_HX", STATEMENTS)
