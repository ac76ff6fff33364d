"""The professional ledger: charges with their voids, and payments and adjustments on the accounts that they settle."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.ledger.professional_entries import read_professional_entries
from payrank.extracts.readers.epic.ledger.professional_matches import read_professional_matches
from payrank.extracts.readers.epic.ledger.professional_transfers import land_professional_transfers

DEBITS = """
SELECT 'PB' || TX_ID AS transaction_id, account_id, posted_on, service_on AS effective_on, kind, signed AS amount,
  responsibility, payer_id, CAST(NULL AS VARCHAR) AS reverses_id, source_line
FROM professional_entries WHERE is_sound AND is_debit
UNION ALL
SELECT 'PB' || TX_ID || '-V' || side, account_id, greatest(void_on, posted_on), service_on, kind,
  -(CASE WHEN half = responsibility THEN signed ELSE 0 END + sign * coalesce(moved, 0)) AS reversed, half, payer_id,
  'PB' || TX_ID, source_line
FROM professional_entries AS entries
LEFT JOIN (SELECT tx_id AS charge_id, sum(moved) AS moved FROM professional_moves GROUP BY 1) AS moves ON charge_id =
  entries.TX_ID
CROSS JOIN (VALUES ('I', -1, 'insurance'), ('P', 1, 'patient')) AS halves(side, sign, half)
WHERE is_sound AND is_debit AND void_on IS NOT NULL AND (reversed <> 0 OR (signed = 0 AND half = responsibility))
ORDER BY transaction_id, source_line
"""
"""A voided charge keeps its amount in Epic: here it is the charge, and its reversal on the day of the void."""

CREDITS = """
WITH halves AS (
  SELECT matches.*, side, half, CASE half WHEN 'insurance' THEN from_insurance ELSE from_patient END AS part
  FROM professional_matches AS matches
  CROSS JOIN (VALUES ('I', 'insurance'), ('P', 'patient')) AS halves(side, half)
  WHERE part <> 0 OR (amount = 0 AND half = own_responsibility)
), own AS (
  SELECT TX_ID, posted_on AS on_day, signed AS amount FROM professional_entries WHERE is_sound AND NOT is_debit
  UNION ALL SELECT TX_ID, greatest(void_on, posted_on), -signed FROM professional_entries
    WHERE is_sound AND NOT is_debit AND void_on IS NOT NULL
  UNION ALL SELECT credit_id, on_day, amount FROM professional_matches
  UNION ALL SELECT credit_id, off_day, -amount FROM professional_matches WHERE off_day IS NOT NULL
), days AS (
  SELECT TX_ID, on_day, sum(own.amount) AS rest FROM own GROUP BY TX_ID, on_day
), rests AS (
  SELECT days.* FROM days JOIN professional_entries AS entries ON entries.TX_ID = days.TX_ID
  WHERE rest <> 0 OR (on_day = posted_on AND days.TX_ID NOT IN (SELECT credit_id FROM professional_matches))
)
SELECT 'PB' || TX_ID || '-' || key || side AS transaction_id, halves.account_id, on_day AS posted_on,
  service_on AS effective_on, kind, -part AS amount, half AS responsibility, payer_id,
  CAST(NULL AS VARCHAR) AS reverses_id, credit.source_line
FROM halves JOIN professional_entries AS credit ON credit.TX_ID = credit_id
UNION ALL
SELECT 'PB' || TX_ID || '-' || key || side || '-U', halves.account_id, off_day, service_on, kind, part, half, payer_id,
  'PB' || TX_ID || '-' || key || side, credit.source_line
FROM halves JOIN professional_entries AS credit ON credit.TX_ID = credit_id WHERE off_day IS NOT NULL
UNION ALL
SELECT 'PB' || entries.TX_ID || CASE WHEN on_day = posted_on THEN '' ELSE '-' || on_day END, account_id, on_day,
  service_on, kind, rest, responsibility, payer_id,
  CASE WHEN on_day > posted_on AND (entries.TX_ID, posted_on) IN (SELECT (TX_ID, on_day) FROM rests)
    THEN 'PB' || entries.TX_ID END, entries.source_line
FROM rests JOIN professional_entries AS entries ON entries.TX_ID = rests.TX_ID
ORDER BY transaction_id, source_line
"""
"""Epic posts credits to an account of the guarantor and matches them to charges: each match puts its dollars on the
charge's account, split by who owed them; a match undone takes them back. What is not matched stays where it was
posted."""


def land_professional_ledger(folder: StagedFolder) -> None:
    """Land ARPB_TRANSACTIONS by its match history.

    Amounts are dollars, + raises what is owed. Every record gives at least one row, or is in quarantine.
    """
    read_professional_entries(folder)
    read_professional_matches(folder)
    land_professional_transfers(folder)
    others = folder.count("FROM transactions WHERE kind = 'other_adjustment'")
    folder.load("transactions", "ARPB_TRANSACTIONS", DEBITS)
    folder.load("transactions", "ARPB_TRANSACTIONS", CREDITS)
    folder.notice_count(
        folder.count("FROM transactions WHERE kind = 'other_adjustment'") - others,
        "professional adjustment",
        "of a category that payrank does not know, taken as other_adjustment",
    )
