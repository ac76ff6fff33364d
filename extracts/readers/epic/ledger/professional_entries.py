"""The records of ARPB_TRANSACTIONS with sign, account, and responsibility."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

VOIDS = """
CREATE TABLE professional_voids AS
SELECT TX_ID AS tx_id, min(day(DEL_REVERSE_DATE)) AS void_on
FROM ARPB_TX_VOID WHERE DEL_REVERSE_DATE IS NOT NULL GROUP BY TX_ID
"""

SIGNS = """
SELECT count(*) FILTER (as_stated <> outstanding), count(*) FILTER (by_type <> outstanding) FROM (
  SELECT ACCOUNT_ID, sum(money(OUTSTANDING_AMT)) AS outstanding, sum(money(AMOUNT)) AS as_stated,
    sum({by_type}) AS by_type
  FROM ARPB_TRANSACTIONS AS tx LEFT JOIN professional_voids AS voids ON voids.tx_id = tx.TX_ID
  WHERE coalesce(VOID_DATE, void_on) IS NULL AND money(AMOUNT) IS NOT NULL AND money(OUTSTANDING_AMT) IS NOT NULL
  GROUP BY ACCOUNT_ID
)
"""
"""The number of guarantors whose active transactions do not add up to the outstanding amount, for each reading of the
sign.
"""

SIGNED_BY_TYPE = """
CASE WHEN TX_TYPE_C_NAME IN ('Payment', '2') THEN -abs(money(AMOUNT))
  WHEN TX_TYPE_C_NAME IN ('Adjustment', '3') AND DEBIT_CREDIT_FLAG_NAME IS DISTINCT FROM 'Debit'
    AND DEBIT_CREDIT_FLAG_NAME IS DISTINCT FROM '1' THEN -abs(money(AMOUNT))
  ELSE money(AMOUNT) END
"""

ENTRIES = """
CREATE TABLE professional_entries AS
WITH read AS (
  SELECT tx.* EXCLUDE (ACCOUNT_ID, AMOUNT), ACCOUNT_ID AS guarantor_id, AMOUNT AS amount_text, {amount} AS signed,
    day(POST_DATE) AS posted_on, day(SERVICE_DATE) AS service_on,
    coalesce(day(VOID_DATE), void_on) AS void_on,
    coalesce(HOSP_ACCT_ID, 'PB-' || ACCOUNT_ID || '-' ||
      CASE WHEN TX_TYPE_C_NAME IN ('Charge', '1') THEN coalesce(VISIT_NUMBER, day(SERVICE_DATE), 'undated')
        ELSE 'undistributed' END) AS account_id,
    CASE WHEN ORIGINAL_EPM_ID IS NOT NULL OR ORIGINAL_CVG_ID IS NOT NULL THEN 'insurance'
      WHEN ORIGINAL_FC_C_NAME IS NOT NULL THEN CASE WHEN is_self_pay(ORIGINAL_FC_C_NAME) THEN 'patient'
        ELSE 'insurance' END
      WHEN PAYOR_ID IS NOT NULL THEN 'insurance' ELSE 'patient' END AS responsibility
  FROM ARPB_TRANSACTIONS AS tx LEFT JOIN professional_voids AS voids ON voids.tx_id = tx.TX_ID
), classified AS (
  SELECT read.*, CASE responsibility WHEN 'insurance' THEN coalesce(ORIGINAL_EPM_ID, PAYOR_ID) END AS payer_id,
    signed > 0 OR (signed = 0 AND TX_TYPE_C_NAME IN ('Charge', '1')) AS is_debit,
    CASE WHEN TX_TYPE_C_NAME IN ('Charge', '1') THEN 'charge'
      WHEN TX_TYPE_C_NAME IN ('Payment', '2')
        THEN CASE responsibility WHEN 'insurance' THEN 'insurance_payment' ELSE 'patient_payment' END
      WHEN TX_TYPE_C_NAME IN ('Adjustment', '3') THEN coalesce(adjustment_kind_of(ADJUSTMENT_CAT_C_NAME),
        adjustment_kind_of(WRITE_OFF_RSN_C_NAME), 'other_adjustment')
      ELSE TX_TYPE_C_NAME END AS kind
  FROM read
)
SELECT *, TX_ID IS NOT NULL AND guarantor_id IS NOT NULL AND signed IS NOT NULL AND is_day(posted_on)
  AND (void_on IS NULL OR is_day(void_on)) AND (service_on IS NULL OR is_day(service_on))
  AND kind IN ('charge', 'insurance_payment', 'patient_payment', 'contractual_adjustment', 'charity_adjustment',
    'small_balance_write_off', 'bad_debt_write_off', 'other_adjustment', 'refund', 'interest') AS is_valid
FROM classified
"""

INVALID_ROWS = """
SELECT 'PB' || TX_ID AS transaction_id, CASE WHEN guarantor_id IS NOT NULL THEN account_id END AS account_id, posted_on,
  CASE WHEN is_day(void_on) THEN service_on ELSE coalesce(void_on, service_on) END AS effective_on, kind,
    amount_text AS amount,
  responsibility, payer_id, source_line
FROM professional_entries WHERE NOT is_valid ORDER BY length(TX_ID), TX_ID, source_line
"""

NO_TRANSACTION = "without its transaction in ARPB_TRANSACTIONS"


def read_professional_entries(folder: StagedFolder) -> None:
    """Create the table `professional_entries`, and load invalid records so that validation reports them.

    The initial responsibility for a charge comes from its original payer, coverage, and class. PAYOR_ID is the current
    payer and is empty once the patient owes the rest.

    Public documentation: ARPB_TRANSACTIONS (AMOUNT, VOID_DATE, HOSP_ACCT_ID, ORIGINAL_EPM_ID, ORIGINAL_FC),
    ARPB_TX_VOID (DEL_REVERSE_DATE).
    """
    folder.connection.execute(VOIDS)
    folder.connection.execute(ENTRIES.format(amount=_choose_sign(folder)))
    folder.load("transactions", "ARPB_TRANSACTIONS", INVALID_ROWS)
    absent = folder.skip(
        "ARPB_TX_VOID",
        NO_TRANSACTION,
        "SELECT source_line FROM ARPB_TX_VOID AS voids ANTI JOIN ARPB_TRANSACTIONS AS tx ON tx.TX_ID = voids.TX_ID",
    )
    folder.add_count_notice(absent, "record", f"of ARPB_TX_VOID {NO_TRANSACTION}")
    folder.mark_reference("ARPB_TX_VOID")


def _choose_sign(folder: StagedFolder) -> str:
    """Choose the sign of AMOUNT by what reconciles, because the documentation of the flag does not define it."""
    ((as_stated, by_type),) = folder.connection.execute(SIGNS.format(by_type=SIGNED_BY_TYPE)).fetchall()
    folder.add_count_notice(
        folder.count(
            "FROM ARPB_TRANSACTIONS WHERE money(AMOUNT) < 0 AND DEBIT_CREDIT_FLAG_NAME IS DISTINCT FROM 'Credit' "
            "AND DEBIT_CREDIT_FLAG_NAME IS DISTINCT FROM '-1'"
        ),
        "professional credit",
        "not marked as a credit in DEBIT_CREDIT_FLAG: amounts are signed so that they match the outstanding amounts",
    )
    if by_type >= as_stated:
        return "money(AMOUNT)"
    folder.session.add_notice(
        "ARPB_TRANSACTIONS.AMOUNT is unsigned here: payments and credit adjustments are treated as negative, which "
        "reconciles for more guarantors"
    )
    return SIGNED_BY_TYPE
