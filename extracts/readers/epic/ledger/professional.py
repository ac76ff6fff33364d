"""The professional ledger: charges with their voids, and credits on the accounts that they settle."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.ledger.professional_entries import read_professional_entries
from payrank.extracts.readers.epic.ledger.professional_matches import read_professional_matches
from payrank.extracts.readers.epic.ledger.professional_transfers import load_professional_transfers

DEBITS = """
SELECT 'PB' || TX_ID AS transaction_id, account_id, posted_on, service_on AS effective_on, kind, signed AS amount,
  responsibility, payer_id, CAST(NULL AS VARCHAR) AS reverses_id, source_line
FROM professional_entries WHERE is_valid AND is_debit
UNION ALL
SELECT 'PB' || TX_ID || '-V' || side, account_id, greatest(void_on, posted_on), service_on, kind,
  -(CASE WHEN half = responsibility THEN signed ELSE 0 END + sign * coalesce(moved, 0)) AS reversed, half, payer_id,
  'PB' || TX_ID, source_line
FROM professional_entries AS entries
LEFT JOIN (SELECT tx_id AS charge_id, sum(moved) AS moved FROM professional_moves GROUP BY 1) AS moves ON charge_id =
  entries.TX_ID
CROSS JOIN (VALUES ('I', -1, 'insurance'), ('P', 1, 'patient')) AS halves(side, sign, half)
WHERE is_valid AND is_debit AND void_on IS NOT NULL AND (reversed <> 0 OR (signed = 0 AND half = responsibility))
ORDER BY transaction_id, source_line
"""
"""Epic keeps the amount of a voided charge. Here it becomes the charge and a reversal on the void date."""

CREDITS = """
WITH halves AS (
  SELECT matches.*, side, half, CASE half WHEN 'insurance' THEN from_insurance ELSE from_patient END AS part
  FROM professional_matches AS matches
  CROSS JOIN (VALUES ('I', 'insurance'), ('P', 'patient')) AS halves(side, half)
  WHERE part <> 0 OR (amount = 0 AND half = credit_responsibility)
), credit_days AS (
  SELECT TX_ID, posted_on AS on_day, signed AS amount FROM professional_entries WHERE is_valid AND NOT is_debit
  UNION ALL SELECT TX_ID, greatest(void_on, posted_on), -signed FROM professional_entries
    WHERE is_valid AND NOT is_debit AND void_on IS NOT NULL
  UNION ALL SELECT credit_id, on_day, amount FROM professional_matches
  UNION ALL SELECT credit_id, off_day, -amount FROM professional_matches WHERE off_day IS NOT NULL
), days AS (
  SELECT TX_ID, on_day, sum(credit_days.amount) AS remainder FROM credit_days GROUP BY TX_ID, on_day
), remainders AS (
  SELECT days.* FROM days JOIN professional_entries AS entries ON entries.TX_ID = days.TX_ID
  WHERE remainder <> 0 OR (on_day = posted_on AND days.TX_ID NOT IN (SELECT credit_id FROM professional_matches))
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
  service_on, kind, remainder, responsibility, payer_id,
  CASE WHEN on_day > posted_on AND (entries.TX_ID, posted_on) IN (SELECT (TX_ID, on_day) FROM remainders)
    THEN 'PB' || entries.TX_ID END, entries.source_line
FROM remainders JOIN professional_entries AS entries ON entries.TX_ID = remainders.TX_ID
ORDER BY transaction_id, source_line
"""
"""Epic posts credits to an account of the guarantor and matches them to charges. Each match moves its dollars to the
charge's account, split by responsibility; undoing a match moves them back. Unmatched amounts stay where they posted.
"""


def load_professional_ledger(folder: StagedFolder) -> None:
    """Load ARPB_TRANSACTIONS by its match history.

    Amounts are in dollars; positive amounts increase a balance. Every record yields at least one row or is quarantined.
    """
    read_professional_entries(folder)
    read_professional_matches(folder)
    load_professional_transfers(folder)
    earlier = folder.count("FROM transactions WHERE kind = 'other_adjustment'")
    folder.load("transactions", "ARPB_TRANSACTIONS", DEBITS)
    folder.load("transactions", "ARPB_TRANSACTIONS", CREDITS)
    folder.add_count_notice(
        folder.count("FROM transactions WHERE kind = 'other_adjustment'") - earlier,
        "professional adjustment",
        "of an unknown category, loaded as other_adjustment",
    )
