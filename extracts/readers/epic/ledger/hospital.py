"""The hospital ledger: HSP_TRANSACTIONS, already signed, with responsibility by liability bucket."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

BUCKETS = """
CREATE TABLE hospital_buckets AS
SELECT bucket_id, arg_min(holds, rank) AS holds FROM (
  SELECT SELF_PAY_BUCKET_ID AS bucket_id, 'patient' AS holds, 1 AS rank FROM HSP_ACCOUNT
  UNION ALL SELECT BAD_DEBT_BUCKET_ID, 'bad_debt', 2 FROM HSP_ACCOUNT
  UNION ALL SELECT PREBILL_BUCKET_ID, 'prebilled', 3 FROM HSP_ACCOUNT
  UNION ALL SELECT UNDISTRB_BUCKET_ID, 'undistributed', 4 FROM HSP_ACCOUNT
  UNION ALL SELECT BUCKET_ID, CASE BKT_TYPE_HA_C_NAME WHEN 'Self-Pay' THEN 'patient' WHEN 'Bad Debt' THEN 'bad_debt'
    WHEN 'Prebilled' THEN 'prebilled' WHEN 'Undistributed' THEN 'undistributed' ELSE 'insurance' END, 5
  FROM HSP_BUCKET WHERE BKT_TYPE_HA_C_NAME IS NOT NULL
) WHERE bucket_id IS NOT NULL GROUP BY bucket_id
"""

BILLED_TO = """
CREATE TABLE hospital_payers AS
SELECT HSP_ACCOUNT_ID AS account_id,
  CASE WHEN bool_or(PRIMARY_PAYOR_ID IS NOT NULL OR NOT is_self_pay(coalesce(ACCT_FIN_CLASS_C_NAME, 'self-pay')))
    THEN 'insurance' ELSE 'patient' END AS billed_to
FROM HSP_ACCOUNT WHERE HSP_ACCOUNT_ID IS NOT NULL GROUP BY HSP_ACCOUNT_ID
"""
"""Who owes unbilled charges: insurance if the account has a payer."""

ENTRIES = """
CREATE TABLE hospital_entries AS
WITH placed AS (
  SELECT tx.*, coalesce(tx.BUCKET_ID, adjusted.bucket_id, paid.bucket_id) AS bucket,
    coalesce(payers.billed_to, CASE WHEN tx.PRIMARY_PAYOR_ID IS NOT NULL THEN 'insurance' ELSE 'patient' END)
      AS billed_to
  FROM HSP_TRANSACTIONS AS tx
  LEFT JOIN hospital_payers AS payers ON payers.account_id = tx.HSP_ACCOUNT_ID
  LEFT JOIN (SELECT ADJUSTMENT_ID AS id, min(BUCKET_ID) AS bucket_id FROM HSP_BKT_ADJ_TXS GROUP BY 1) AS adjusted
    ON adjusted.id = tx.TX_ID
  LEFT JOIN (SELECT PAYMENT_ID AS id, min(BUCKET_ID) AS bucket_id FROM HSP_BKT_PAYMENT GROUP BY 1) AS paid
    ON paid.id = tx.TX_ID
)
SELECT placed.*, holds, money(TX_AMOUNT) AS amount, day(TX_POST_DATE) AS posted_on,
  coalesce(IS_SYSTEM_ADJ_YN IN ('Y', '1', 'Yes'), false) AS is_system,
  CASE WHEN bucket IS NULL AND TX_TYPE_HA_C_NAME IN ('Charge', '1') THEN billed_to
    WHEN holds = 'prebilled' THEN billed_to
    WHEN holds = 'bad_debt' THEN 'patient'
    WHEN holds IN ('patient', 'insurance') THEN holds
    WHEN holds = 'undistributed' THEN CASE WHEN PAYOR_ID IS NULL THEN 'patient' ELSE 'insurance' END
    WHEN PAYOR_ID IS NOT NULL THEN 'insurance'
    WHEN FIN_CLASS_C_NAME IS NOT NULL THEN CASE WHEN is_self_pay(FIN_CLASS_C_NAME) THEN 'patient' ELSE 'insurance' END
    ELSE billed_to END AS responsibility
FROM placed LEFT JOIN hospital_buckets AS buckets ON buckets.bucket_id = placed.bucket
"""

PAIRS = """
CREATE TABLE hospital_system AS
WITH moves AS (
  SELECT source_line, TX_ID, HSP_ACCOUNT_ID AS account_id, posted_on, amount, responsibility, row_number() OVER (
    PARTITION BY HSP_ACCOUNT_ID, posted_on, abs(amount), amount < 0 ORDER BY length(TX_ID), TX_ID) AS nth
  FROM hospital_entries WHERE is_system AND amount IS NOT NULL AND is_day(posted_on)
), paired AS (
  SELECT moves.*, other.responsibility AS other_responsibility
  FROM moves LEFT JOIN moves AS other ON other.account_id = moves.account_id AND other.posted_on = moves.posted_on
    AND other.amount = -moves.amount AND other.amount <> 0 AND other.nth = moves.nth
)
SELECT source_line,
  CASE WHEN amount = 0 THEN 'within'
    WHEN other_responsibility = responsibility THEN 'within'
    WHEN other_responsibility IS NOT NULL THEN 'between'
    WHEN rest <> 0 THEN 'unpaired'
    WHEN owers = 1 THEN 'within' ELSE 'between' END AS moves
FROM paired LEFT JOIN (
  SELECT account_id, posted_on, sum(amount) AS rest, count(DISTINCT responsibility) AS owers
  FROM paired WHERE other_responsibility IS NULL GROUP BY account_id, posted_on
) USING (account_id, posted_on)
"""
"""The effect of each system adjustment. They come in pairs on one account and day: an equal credit and debit on two
buckets. `within`: both buckets belong to the payers (prebilled to claim) or both to the patient. `between`: a transfer
between payers and patient. `unpaired`: the other half is missing.
"""

WITHIN = "system adjustment pair: nets to zero, moves nothing between payers and patient"

ROWS = """
SELECT 'HB' || TX_ID AS transaction_id, HSP_ACCOUNT_ID AS account_id, posted_on, day(SERVICE_DATE) AS effective_on,
  CASE WHEN is_system AND moves = 'unpaired' THEN 'other_adjustment'
    WHEN is_system THEN 'transfer'
    WHEN TX_TYPE_HA_C_NAME IN ('Charge', '1') THEN 'charge'
    WHEN TX_TYPE_HA_C_NAME IN ('Payment', '2')
      THEN CASE WHEN PAYOR_ID IS NOT NULL OR responsibility = 'insurance' THEN 'insurance_payment'
        ELSE 'patient_payment' END
    WHEN TX_TYPE_HA_C_NAME IN ('Debit Adjustment', 'Credit Adjustment', 'Adjustment', '3', '4') THEN coalesce(
      CASE WHEN IS_REFUND_ADJ_YN IN ('Y', '1', 'Yes') THEN 'refund' END,
      adjustment_kind_of(ADJUSTMENT_CAT_C_NAME), adjustment_kind_of(WRITE_OFF_RSN_C_NAME),
      CASE WHEN ALLOWANCE_ADJ_YN IN ('Y', '1', 'Yes') THEN 'contractual_adjustment' END, 'other_adjustment')
    ELSE TX_TYPE_HA_C_NAME END AS kind,
  TX_AMOUNT AS amount, responsibility,
  coalesce(PAYOR_ID, CASE WHEN responsibility = 'insurance' THEN PRIMARY_PAYOR_ID END) AS payer_id,
  'HB' || ORIG_REV_TX_ID AS reverses_id, source_line
FROM hospital_entries LEFT JOIN hospital_system USING (source_line)
WHERE moves IS DISTINCT FROM 'within'
ORDER BY length(TX_ID), TX_ID, source_line
"""


def load_hospital_ledger(folder: StagedFolder) -> None:
    """Load HSP_TRANSACTIONS: one row per record, except system adjustments that move nothing between payers and
    patient.

    Amounts are dollars with Epic's own sign, which is the ledger's. Public documentation: HSP_TRANSACTIONS (TX_AMOUNT,
    BUCKET_ID, IS_SYSTEM_ADJ_YN, ORIG_REV_TX_ID), HSP_ACCOUNT (the four bucket IDs), HSP_BUCKET (BKT_TYPE_HA_C_NAME).
    """
    for query in (BUCKETS, BILLED_TO, ENTRIES, PAIRS):
        folder.connection.execute(query)
    folder.skip("HSP_TRANSACTIONS", WITHIN, "SELECT source_line FROM hospital_system WHERE moves = 'within'")
    folder.load("transactions", "HSP_TRANSACTIONS", ROWS)
    folder.mark_reference("HSP_BUCKET", "HSP_BKT_ADJ_TXS", "HSP_BKT_PAYMENT", "HSP_BKT_INV_NUM")
    unpaired = folder.count("FROM hospital_system WHERE moves = 'unpaired'")
    folder.add_count_notice(
        unpaired,
        "system adjustment",
        "without its other half in HSP_TRANSACTIONS, loaded as balance adjustments",
    )
    folder.add_count_notice(
        folder.count("FROM transactions WHERE kind = 'other_adjustment'") - unpaired,
        "hospital adjustment",
        "of an unknown category, loaded as other_adjustment",
    )
