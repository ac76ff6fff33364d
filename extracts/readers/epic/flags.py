"""Flags of accounts and guarantors: agency placement, and financial assistance pending or approved."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.ledger.professional_entries import NO_TRANSACTION

PLACED = """
SELECT 'account' AS subject_type, HSP_ACCOUNT_ID AS subject_id, 'agency_placed' AS flag,
  day(AGNCY_HST_DT_OF_CH) AS known_on,
  (SELECT min(day(back.AGNCY_HST_DT_OF_CH)) FROM HSP_ACCT_CL_AG_HIS AS back
    WHERE back.HSP_ACCOUNT_ID = placed.HSP_ACCOUNT_ID AND lower(back.AGNC_HST_CHG_TP_C_NAME) = 'withdraw'
    AND TRY_CAST(back.LINE AS INTEGER) > TRY_CAST(placed.LINE AS INTEGER)
    AND day(back.AGNCY_HST_DT_OF_CH) >= day(placed.AGNCY_HST_DT_OF_CH)) AS ended_on, source_line
FROM HSP_ACCT_CL_AG_HIS AS placed WHERE lower(AGNC_HST_CHG_TP_C_NAME) = 'assign'
QUALIFY row_number() OVER (PARTITION BY HSP_ACCOUNT_ID, known_on ORDER BY length(LINE), LINE, source_line) = 1
ORDER BY length(HSP_ACCOUNT_ID), HSP_ACCOUNT_ID, known_on
"""

BAD_DEBT = """
SELECT 'account' AS subject_type, HSP_ACCOUNT_ID AS subject_id, 'agency_placed' AS flag, posted_on AS known_on,
  (SELECT min(back.posted_on) FROM hospital_entries AS back WHERE back.HSP_ACCOUNT_ID = placed.HSP_ACCOUNT_ID
    AND back.holds = 'bad_debt' AND back.is_system AND back.amount < 0
    AND back.posted_on >= placed.posted_on) AS ended_on,
  source_line
FROM hospital_entries AS placed
WHERE holds = 'bad_debt' AND is_system AND amount > 0
  AND NOT EXISTS (FROM HSP_ACCT_CL_AG_HIS AS history WHERE history.HSP_ACCOUNT_ID = placed.HSP_ACCOUNT_ID)
QUALIFY row_number() OVER (PARTITION BY HSP_ACCOUNT_ID, posted_on ORDER BY length(TX_ID), TX_ID, source_line) = 1
ORDER BY length(HSP_ACCOUNT_ID), HSP_ACCOUNT_ID, known_on
"""
"""A system adjustment into the bad-debt bucket moves no money but shows that the account went to bad debt."""

CHARGE_PLACED = """
SELECT 'account' AS subject_type, account_id AS subject_id, 'agency_placed' AS flag, day_of(SENT_DTTM) AS known_on,
  day_of(RETURN_DTTM) AS ended_on, placed.source_line
FROM ARPB_TX_AGCY_HX AS placed JOIN professional_entries AS entries ON entries.TX_ID = placed.TX_ID
WHERE NOT EXISTS (FROM HSP_ACCT_CL_AG_HIS AS history WHERE history.HSP_ACCOUNT_ID = entries.account_id)
QUALIFY row_number() OVER (PARTITION BY account_id, known_on ORDER BY length(placed.TX_ID), placed.TX_ID, LINE) = 1
ORDER BY length(account_id), account_id, known_on
"""
"""An account is placed with the agency while any of its charges is."""

GUARANTOR_PLACED = """
SELECT 'guarantor' AS subject_type, ACCOUNT_ID AS subject_id, 'agency_placed' AS flag, day(SUBMIT_DATE) AS known_on,
  day(RESOLVED_DATE) AS ended_on, source_line
FROM ACCT_COLL_AGENCY_HX
QUALIFY row_number() OVER (PARTITION BY ACCOUNT_ID, known_on ORDER BY length(LINE), LINE, source_line) = 1
ORDER BY length(ACCOUNT_ID), ACCOUNT_ID, known_on
"""

TRACKERS = """
CREATE TABLE epic_assistance AS
SELECT trackers.source_line, ACCOUNT_ID AS guarantor_id, FIN_ASST_TRACKER_ID AS tracker_id,
  lower(STATUS_C_NAME) AS status, coalesce(status IN ('entered in error', 'inactive'), false) AS is_withdrawn,
  day(APPL_RECVD_DATE) AS asked_on, day(DECISION_DATE) AS decided_on, day(END_DATE) AS ended_on
FROM FIN_ASST_TRACKER AS trackers LEFT JOIN (
  SELECT DISTINCT ON (FIN_ASST_CASE_ID) * FROM FIN_ASST_CASE ORDER BY FIN_ASST_CASE_ID, source_line
) AS cases ON cases.FIN_ASST_CASE_ID = trackers.FIN_ASST_CASE_ID
"""

APPLIED = """
SELECT 'guarantor' AS subject_type, guarantor_id AS subject_id, 'charity_pending' AS flag, asked_on AS known_on,
  coalesce(decided_on, CASE WHEN is_withdrawn THEN ended_on END) AS ended_on, source_line
FROM epic_assistance
WHERE guarantor_id IS NOT NULL AND asked_on IS NOT NULL
  AND NOT (is_withdrawn AND coalesce(decided_on, ended_on) IS NULL)
QUALIFY row_number() OVER (PARTITION BY guarantor_id, asked_on ORDER BY length(tracker_id), tracker_id, source_line) = 1
ORDER BY length(guarantor_id), guarantor_id, known_on
"""

"""An application that was later withdrawn, or entered in error, was pending until its end date. Its status is the
current one, which was not known earlier. It is left out only if it has no end date.
"""

GRANTED = """
SELECT 'guarantor' AS subject_type, guarantor_id AS subject_id, 'charity_approved' AS flag, decided_on AS known_on,
  ended_on, source_line
FROM epic_assistance WHERE guarantor_id IS NOT NULL AND decided_on IS NOT NULL AND status IN ('approved', 'overturned')
QUALIFY row_number() OVER (PARTITION BY guarantor_id, decided_on ORDER BY length(tracker_id), tracker_id,
  source_line) = 1
ORDER BY length(guarantor_id), guarantor_id, known_on
"""
"""An assistance denial that is overturned on appeal counts as approved."""


def load_flags(folder: StagedFolder) -> None:
    """Load agency placements and charity flags.

    Public documentation: HSP_ACCT_CL_AG_HIS (Assign, Withdraw), HSP_TRANSACTIONS (into the bad-debt bucket, if there is
    no agency history), ARPB_TX_AGCY_HX (SENT_DTTM, RETURN_DTTM), ACCT_COLL_AGENCY_HX (SUBMIT_DATE, RESOLVED_DATE),
    FIN_ASST_TRACKER (STATUS, APPL_RECVD_DATE, DECISION_DATE, END_DATE) by its FIN_ASST_CASE.
    """
    folder.connection.execute(TRACKERS)
    folder.load("flags", "HSP_ACCT_CL_AG_HIS", PLACED)
    folder.load("flags", "HSP_TRANSACTIONS", BAD_DEBT)
    folder.load("flags", "ARPB_TX_AGCY_HX", CHARGE_PLACED)
    folder.skip(
        "ARPB_TX_AGCY_HX",
        NO_TRANSACTION,
        "SELECT source_line FROM ARPB_TX_AGCY_HX AS placed ANTI JOIN professional_entries AS entries "
        "ON entries.TX_ID = placed.TX_ID",
    )
    folder.load("flags", "ACCT_COLL_AGENCY_HX", GUARANTOR_PLACED)
    folder.load("flags", "FIN_ASST_TRACKER", APPLIED)
    folder.load("flags", "FIN_ASST_TRACKER", GRANTED)
    folder.skip(
        "FIN_ASST_TRACKER",
        "case missing from FIN_ASST_CASE",
        "SELECT source_line FROM epic_assistance WHERE guarantor_id IS NULL",
    )
    trackers = "SELECT source_line FROM epic_assistance WHERE guarantor_id IS NOT NULL AND"
    open_ended = folder.skip(
        "FIN_ASST_TRACKER",
        "assistance inactive or entered in error, without an end date",
        f"{trackers} is_withdrawn AND coalesce(decided_on, ended_on) IS NULL",
    )
    folder.add_count_notice(
        open_ended,
        "record",
        "of FIN_ASST_TRACKER inactive or entered in error without an end date: excluded for all dates, including "
        "those when it was active",
    )
    undated = folder.skip(
        "FIN_ASST_TRACKER",
        "assistance without an application date or a grant date",
        f"{trackers} NOT (is_withdrawn AND coalesce(decided_on, ended_on) IS NULL) AND asked_on IS NULL "
        "AND (decided_on IS NULL OR coalesce(status NOT IN ('approved', 'overturned'), true))",
    )
    folder.add_count_notice(undated, "record", "of FIN_ASST_TRACKER without an application date or a grant date")
    folder.mark_reference(
        "HSP_ACCT_CL_AG_HIS", "ARPB_TX_AGCY_HX", "ACCT_COLL_AGENCY_HX", "FIN_ASST_CASE", "FIN_ASST_TRACKER"
    )
