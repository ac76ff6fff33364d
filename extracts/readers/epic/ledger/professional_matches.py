"""ARPB_TX_MATCH_HX: which payment or credit adjustment is matched to which charge, and from when to when."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.ledger.professional_entries import NO_TRANSACTION

SIDES = """
CREATE TABLE professional_match_sides AS
SELECT history.source_line, history.TX_ID AS tx_id, history.MTCH_TX_HX_ID AS other_id, history.LINE AS line,
  money(MTCH_TX_HX_AMT) AS amount, money(MTCH_TX_HX_INS_AMT) AS insurance, money(MTCH_TX_HX_PAT_AMT) AS patient,
  day(MTCH_TX_HX_DT) AS matched_on, day(MTCH_TX_HX_UN_DT) AS unmatched_on,
  side.TX_ID IS NULL OR other.TX_ID IS NULL AS is_absent,
  NOT side.is_valid OR NOT other.is_valid AS is_quarantined,
  side.is_debit, side.is_debit = other.is_debit AS is_same_side,
  money(MTCH_TX_HX_AMT) IS NOT NULL AND is_day(day(MTCH_TX_HX_DT))
    AND (MTCH_TX_HX_UN_DT IS NULL OR is_day(day(MTCH_TX_HX_UN_DT)))
    AND (MTCH_TX_HX_INS_AMT IS NULL OR money(MTCH_TX_HX_INS_AMT) IS NOT NULL)
    AND (MTCH_TX_HX_PAT_AMT IS NULL OR money(MTCH_TX_HX_PAT_AMT) IS NOT NULL) AS is_readable
FROM ARPB_TX_MATCH_HX AS history
LEFT JOIN (SELECT DISTINCT ON (TX_ID) TX_ID, is_valid, is_debit FROM professional_entries ORDER BY TX_ID, source_line)
  AS side ON side.TX_ID = history.TX_ID
LEFT JOIN (SELECT DISTINCT ON (TX_ID) TX_ID, is_valid, is_debit FROM professional_entries ORDER BY TX_ID, source_line)
  AS other ON other.TX_ID = history.MTCH_TX_HX_ID
"""

UNREADABLE = """
SELECT 'PB' || TX_ID || '-' || LINE AS transaction_id, MTCH_TX_HX_ID AS account_id, day(MTCH_TX_HX_DT) AS posted_on,
  day(MTCH_TX_HX_UN_DT) AS effective_on, 'transfer' AS kind,
  CASE WHEN money(MTCH_TX_HX_AMT) IS NULL THEN MTCH_TX_HX_AMT
    WHEN MTCH_TX_HX_INS_AMT IS NOT NULL AND money(MTCH_TX_HX_INS_AMT) IS NULL THEN MTCH_TX_HX_INS_AMT
    WHEN MTCH_TX_HX_PAT_AMT IS NOT NULL AND money(MTCH_TX_HX_PAT_AMT) IS NULL THEN MTCH_TX_HX_PAT_AMT
    ELSE MTCH_TX_HX_AMT END AS amount,
  'insurance' AS responsibility, source_line
FROM ARPB_TX_MATCH_HX WHERE source_line IN (
  SELECT source_line FROM professional_match_sides WHERE NOT is_readable AND NOT is_absent)
ORDER BY length(TX_ID), TX_ID, length(LINE), LINE, source_line
"""
"""Invalid records of the match history, loaded so that validation reports them."""

MATCHES = """
CREATE TABLE professional_matches AS
WITH usable AS (
  SELECT * FROM professional_match_sides
  WHERE is_readable AND NOT is_absent AND NOT is_quarantined AND NOT is_same_side
), chosen AS (
  SELECT tx_id AS credit_id, other_id AS debit_id, line AS key, * EXCLUDE (tx_id, other_id, line)
  FROM usable WHERE NOT is_debit
  UNION ALL
  SELECT other_id, tx_id, tx_id || '-' || line, * EXCLUDE (tx_id, other_id, line)
  FROM usable WHERE is_debit AND (other_id, tx_id) NOT IN (SELECT (tx_id, other_id) FROM usable WHERE NOT is_debit)
), split AS (
  SELECT chosen.*, debit.account_id, debit.TX_ID, credit.responsibility AS credit_responsibility, credit.posted_on,
    CASE WHEN insurance IS NOT NULL THEN insurance WHEN patient IS NOT NULL THEN chosen.amount - patient
      WHEN credit.responsibility = 'insurance' THEN chosen.amount ELSE 0 END AS from_insurance,
    greatest(matched_on, credit.posted_on) AS on_day,
    coalesce(unmatched_on, least(credit.void_on, debit.void_on)) AS off_day
  FROM chosen
  JOIN professional_entries AS credit ON credit.TX_ID = credit_id
  JOIN professional_entries AS debit ON debit.TX_ID = debit_id
)
SELECT credit_id, debit_id, key, account_id, amount, from_insurance, amount - from_insurance AS from_patient, on_day,
  CASE WHEN off_day IS NOT NULL THEN greatest(off_day, on_day) END AS off_day, credit_responsibility, source_line
FROM split
"""
"""One row per match, from the credit's side. The debit's record is used if the credit's record is missing. A match that
Epic left active on a voided transaction ends with the void.
"""


def read_professional_matches(folder: StagedFolder) -> None:
    """Create the table `professional_matches`: dollars of a credit on an account, split by responsibility.

    Public documentation: ARPB_TX_MATCH_HX (MTCH_TX_HX_AMT, MTCH_TX_HX_INS_AMT, MTCH_TX_HX_PAT_AMT, MTCH_TX_HX_DT,
    MTCH_TX_HX_UN_DT).
    """
    folder.connection.execute(SIDES)
    folder.connection.execute(MATCHES)
    folder.load("transactions", "ARPB_TX_MATCH_HX", UNREADABLE)
    sides = "SELECT source_line FROM professional_match_sides WHERE"
    absent = folder.skip("ARPB_TX_MATCH_HX", NO_TRANSACTION, f"{sides} is_absent")
    folder.add_count_notice(absent, "record", f"of ARPB_TX_MATCH_HX {NO_TRANSACTION}")
    folder.skip("ARPB_TX_MATCH_HX", "transaction is quarantined", f"{sides} is_quarantined")
    alike = folder.skip("ARPB_TX_MATCH_HX", "match of two debits or two credits", f"{sides} is_same_side")
    folder.add_count_notice(alike, "record", "of ARPB_TX_MATCH_HX between two debits or two credits, not read")
    folder.mark_reference("ARPB_TX_MATCH_HX")
