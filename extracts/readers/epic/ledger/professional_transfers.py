"""Transfers of responsibility for professional charges between payers and patient."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder
from payrank.extracts.readers.epic.ledger.professional_entries import NO_TRANSACTION

ACTIONS = """
CREATE TABLE professional_actions AS
SELECT actions.source_line, actions.TX_ID AS tx_id, actions.LINE AS line, entries.account_id, entries.posted_on,
  BEFORE_PAYOR_ID AS payer_id,
  entries.TX_ID IS NULL AS is_absent, NOT coalesce(entries.is_valid, true) AS is_quarantined,
  coalesce(day(actions.POST_DATE), day(ACTION_DATE)) AS moved_on,
  CASE WHEN money(OUT_AMOUNT_BEFORE) = money(OUT_AMOUNT_AFTER)
    THEN money(INS_AMOUNT_BEFORE) - money(INS_AMOUNT_AFTER) END AS moved,
  CASE WHEN OUT_AMOUNT_BEFORE IS NOT NULL AND money(OUT_AMOUNT_BEFORE) IS NULL THEN OUT_AMOUNT_BEFORE
    WHEN OUT_AMOUNT_AFTER IS NOT NULL AND money(OUT_AMOUNT_AFTER) IS NULL THEN OUT_AMOUNT_AFTER
    WHEN INS_AMOUNT_BEFORE IS NOT NULL AND money(INS_AMOUNT_BEFORE) IS NULL THEN INS_AMOUNT_BEFORE
    WHEN INS_AMOUNT_AFTER IS NOT NULL AND money(INS_AMOUNT_AFTER) IS NULL THEN INS_AMOUNT_AFTER
    WHEN moved <> 0 AND NOT is_day(moved_on) THEN CAST(moved AS VARCHAR) END AS unreadable
FROM ARPB_TX_ACTIONS AS actions LEFT JOIN (
  SELECT DISTINCT ON (TX_ID) TX_ID, account_id, posted_on, is_valid FROM professional_entries ORDER BY TX_ID,
    source_line
) AS entries ON entries.TX_ID = actions.TX_ID
"""
"""`moved` is dollars from the payers to the patient. Responsibility moves only if the action leaves the outstanding
amount unchanged: "Recalculate Discount" states zero outstanding before it and moves nothing.
"""

MOVES = """
CREATE TABLE professional_moves AS
SELECT * FROM professional_actions
WHERE moved <> 0 AND NOT is_absent AND NOT is_quarantined AND unreadable IS NULL
"""

TRANSFER_ROWS = """
SELECT 'PB' || tx_id || '-T' || line || side AS transaction_id, account_id, greatest(moved_on, posted_on) AS posted_on,
  'transfer' AS kind, sign * moved AS amount, responsibility, CASE side WHEN 'I' THEN payer_id END AS payer_id,
    source_line
FROM professional_moves
CROSS JOIN (VALUES ('I', -1, 'insurance'), ('P', 1, 'patient')) AS halves(side, sign, responsibility)
ORDER BY length(tx_id), tx_id, length(line), line, side, source_line
"""

UNREADABLE = """
SELECT 'PB' || tx_id || '-T' || line AS transaction_id, account_id, moved_on AS posted_on, 'transfer' AS kind,
  unreadable AS amount, 'patient' AS responsibility, source_line
FROM professional_actions WHERE unreadable IS NOT NULL AND NOT is_absent
ORDER BY length(tx_id), tx_id, length(line), line, source_line
"""

REMAINDERS = """
CREATE TABLE professional_remainders AS
WITH last AS (
  SELECT max(day) AS last_day FROM (
    SELECT CAST(posted_on AS VARCHAR) AS day FROM transactions
    UNION ALL SELECT unnest([posted_on, void_on]) FROM professional_entries WHERE is_valid
    UNION ALL SELECT unnest([on_day, off_day]) FROM professional_matches
    UNION ALL SELECT moved_on FROM professional_moves
  ) WHERE is_day(day)
), unexplained AS (
  SELECT entries.*, coalesce(owed, 0) - coalesce(moved, 0) - CASE responsibility WHEN 'patient' THEN signed ELSE 0 END
      AS paid,
    money(PATIENT_AMT) + paid AS rest, day(FIRST_SELFPAY_DATE) AS selfpay_on, first_owed_on, last_day
  FROM professional_entries AS entries CROSS JOIN last
  LEFT JOIN (
    SELECT debit_id, sum(amount) AS matched, sum(from_patient) AS owed,
      min(on_day) FILTER (from_patient <> 0) AS first_owed_on
    FROM professional_matches WHERE off_day IS NULL GROUP BY debit_id
  ) AS matches ON matches.debit_id = entries.TX_ID
  LEFT JOIN (SELECT tx_id AS charge_id, sum(moved) AS moved FROM professional_moves GROUP BY 1) AS moves
    ON charge_id = entries.TX_ID
  WHERE is_valid AND is_debit AND void_on IS NULL AND signed - coalesce(matched, 0) = money(OUTSTANDING_AMT)
    AND rest <> 0
), parts AS (
  SELECT *, 'T' AS part, CASE WHEN selfpay_on IS NOT NULL THEN rest WHEN first_owed_on IS NULL THEN 0
    ELSE greatest(least(paid, rest), 0) END AS passed, coalesce(selfpay_on, first_owed_on) AS known_on FROM unexplained
  UNION ALL BY NAME
  SELECT *, 'R' AS part, rest - CASE WHEN first_owed_on IS NULL THEN 0 ELSE greatest(least(paid, rest), 0) END
    AS passed, last_day AS known_on FROM unexplained WHERE selfpay_on IS NULL
)
SELECT *, CASE WHEN is_day(known_on) THEN greatest(known_on, posted_on) ELSE known_on END AS passed_on FROM parts
WHERE passed <> 0
"""
"""What the patient owes or paid beyond the transfers of the actions, for charges whose matches explain the whole
outstanding amount. It transferred on FIRST_SELFPAY_DATE. Without that date, the part that the patient paid (T)
transferred by the first patient payment, and the part still owed (R) is dated on the ledger's last day: PATIENT_AMT and
PAT_AGING_DATE are current values and must not be used on earlier days. FIRST_SELFPAY_DATE alone does not prove a
transfer, because Epic also writes it on charges that payers settled in full.
"""

REMAINDER_ROWS = """
SELECT 'PB' || TX_ID || '-' || part || side AS transaction_id, account_id, passed_on AS posted_on, 'transfer' AS kind,
  sign * passed AS amount, half AS responsibility, CASE side WHEN 'I' THEN payer_id END AS payer_id, source_line
FROM professional_remainders
CROSS JOIN (VALUES ('I', -1, 'insurance'), ('P', 1, 'patient')) AS halves(side, sign, half)
ORDER BY length(TX_ID), TX_ID, part DESC, side, source_line
"""


def load_professional_transfers(folder: StagedFolder) -> None:
    """Load each transfer of responsibility as two rows: - insurance, + patient, on the date of the action.

    Public documentation: ARPB_TX_ACTIONS (OUT_AMOUNT_*, INS_AMOUNT_*, POST_DATE); ARPB_TRANSACTIONS (PATIENT_AMT,
    FIRST_SELFPAY_DATE) for transfers without an action.
    """
    for query in (ACTIONS, MOVES, REMAINDERS):
        folder.connection.execute(query)
    folder.load("transactions", "ARPB_TX_ACTIONS", UNREADABLE)
    folder.load("transactions", "ARPB_TX_ACTIONS", TRANSFER_ROWS)
    actions = "SELECT source_line FROM professional_actions WHERE"
    absent = folder.skip("ARPB_TX_ACTIONS", NO_TRANSACTION, f"{actions} is_absent")
    folder.add_count_notice(absent, "record", f"of ARPB_TX_ACTIONS {NO_TRANSACTION}")
    folder.skip("ARPB_TX_ACTIONS", "transaction is quarantined", f"{actions} is_quarantined")
    folder.skip("ARPB_TX_ACTIONS", "action that does not move responsibility", f"{actions} moved IS NULL OR moved = 0")
    folder.load("transactions", "ARPB_TRANSACTIONS", REMAINDER_ROWS)
    charges = "FROM (SELECT DISTINCT TX_ID FROM professional_remainders WHERE"
    folder.add_count_notice(
        folder.count(f"{charges} part = 'T')"),
        "professional charge",
        "transferred to the patient without a dated action: dated by FIRST_SELFPAY_DATE, otherwise by the patient's "
        "first payment",
    )
    folder.add_count_notice(
        folder.count(f"{charges} part = 'R')"),
        "professional charge",
        "with a patient balance that no action, FIRST_SELFPAY_DATE, or payment dates: transferred to the patient on "
        "the ledger's last day",
    )
