"""Denials from Epic's follow-up records (BDC), and the payer of each."""

from __future__ import annotations

from payrank.extracts.codes.never_denials import render_is_denial
from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

INVOICES = """
CREATE TABLE epic_invoices AS
SELECT invoice, first(account_id ORDER BY rank, account_id) AS account_id, min(payer_id) AS payer_id FROM (
  SELECT INVOICE_NUMBER AS invoice, HSP_ACCOUNT_ID AS account_id, CAST(NULL AS VARCHAR) AS payer_id, 1 AS rank
  FROM HSP_BKT_INV_NUM
  UNION ALL SELECT INVOICE_NUM, HSP_ACCOUNT_ID, PAYOR_ID, 2 FROM HSP_TRANSACTIONS WHERE PAYOR_ID IS NOT NULL
  UNION ALL SELECT BC_HX_INVOICE_NUM, account_id, BC_HX_PAYOR_ID, 3
  FROM ARPB_TX_STMCLAIMHX AS billed JOIN professional_entries AS entries ON entries.TX_ID = billed.TX_ID
  WHERE coalesce(BC_HX_TYPE_C_NAME, 'Claim') IN ('Claim', '1')
) WHERE invoice IS NOT NULL GROUP BY invoice
"""
"""The account and payer of each invoice."""

RECORDS = """
CREATE TABLE epic_denials AS
SELECT records.source_line, records.BDC_ID AS bdc_id, lower(RECORD_TYPE_C_NAME) AS record_type,
  lower(RECORD_STATUS_C_NAME) AS status, INVOICE_NUMBER AS invoice, day(BDC_RECEIVE_DATE) AS denied_on,
  coalesce(group_code_of(GRP_CODE_C_NAME), GRP_CODE_C_NAME) AS group_code, EXTERNAL_CODE AS carc, remarks.rarc,
  coalesce(charges.account_id, paid.account_id, invoices.account_id) AS account_id,
  coalesce(payers.payer_id, paid.payer_id, related.payer_id, invoices.payer_id) AS payer_id, amounts.denied_amount,
  day(APPEAL_DEADLINE_DATE) AS appeal_due_on
FROM BDC_INFO AS records
LEFT JOIN (
  SELECT BDC_ID, first(account_id ORDER BY length(LINE), LINE) AS account_id
  FROM BDC_PB_CHGS AS charges JOIN professional_entries AS entries ON entries.TX_ID = charges.TX_ID GROUP BY BDC_ID
) AS charges ON charges.BDC_ID = records.BDC_ID
LEFT JOIN (SELECT TX_ID, min(HSP_ACCOUNT_ID) AS account_id, min(PAYOR_ID) AS payer_id FROM HSP_TRANSACTIONS GROUP BY 1)
  AS paid ON paid.TX_ID = records.SOURCE_PMT_HB_TX_ID
LEFT JOIN epic_invoices AS invoices ON invoices.invoice = records.INVOICE_NUMBER
LEFT JOIN (SELECT BDC_ID, first(PAYOR_ID ORDER BY length(LINE),
  LINE) AS payer_id FROM HSP_BDC_PAYOR GROUP BY 1) AS payers
  ON payers.BDC_ID = records.BDC_ID
LEFT JOIN (
  SELECT RELATED_BDC_ID, min(payer_id) AS payer_id
  FROM ARPB_PMT_RELATED_DENIALS AS related JOIN professional_entries AS entries ON entries.TX_ID = related.TX_ID GROUP
    BY 1
) AS related ON related.RELATED_BDC_ID = records.BDC_ID
LEFT JOIN (
  SELECT BDC_ID, coalesce(min(LINE_DENIED_AMT) FILTER (LINE_DENIED_AMT IS NOT NULL AND money(LINE_DENIED_AMT) IS NULL),
    CAST(sum(money(LINE_DENIED_AMT)) AS VARCHAR)) AS denied_amount FROM HSP_BDC_DENIAL_DATA GROUP BY BDC_ID
) AS amounts ON amounts.BDC_ID = records.BDC_ID
LEFT JOIN (
  SELECT BDC_ID, first(split_part(coalesce(REMARK_CODE_ID_REMIT_CODE_NAME, REMARK_CODE_ID), ' ', 1)
    ORDER BY length(LINE), LINE) AS rarc FROM BDC_ASSOC_REMARK_CODES GROUP BY BDC_ID
) AS remarks ON remarks.BDC_ID = records.BDC_ID
"""

ROWS = f"""
SELECT 'BDC' || bdc_id AS denial_id, account_id, invoice AS claim_id, payer_id, denied_on, denied_amount, group_code,
  carc,
  rarc, appeal_due_on, source_line
FROM epic_denials WHERE record_type = 'denial' AND status IS DISTINCT FROM 'voided'
  AND {render_is_denial("group_code", "carc", "rarc")}
ORDER BY length(bdc_id), bdc_id, source_line
"""

NOT_A_DENIAL = "not a denial: patient responsibility, contractual, or another payer's adjustment"


def load_denials(folder: StagedFolder) -> None:
    """Load BDC records of type Denial that are not voided.

    Public documentation: BDC_INFO (RECORD_TYPE, GRP_CODE, EXTERNAL_CODE is the CARC, BDC_RECEIVE_DATE,
    APPEAL_DEADLINE_DATE), BDC_PB_CHGS, HSP_BDC_DENIAL_DATA (LINE_DENIED_AMT, dollars), HSP_BDC_PAYOR,
    BDC_ASSOC_REMARK_CODES, ARPB_PMT_RELATED_DENIALS.
    """
    folder.connection.execute(INVOICES)
    folder.connection.execute(RECORDS)
    folder.load("denials", "BDC_INFO", ROWS)
    records = "SELECT source_line FROM epic_denials WHERE"
    folder.skip("BDC_INFO", "remark, read with its denial", f"{records} record_type = 'remark'")
    folder.skip(
        "BDC_INFO",
        "correspondence or other follow-up, not a denial",
        f"{records} record_type NOT IN ('denial', 'remark') OR record_type IS NULL",
    )
    voided = folder.skip("BDC_INFO", "voided denial record", f"{records} record_type = 'denial' AND status = 'voided'")
    folder.add_count_notice(
        voided,
        "voided denial record",
        "excluded for all dates, including those before the void: a canonical denial has no end date and would stay "
        "on the worklist. Denial rates are too low by this number",
    )
    folder.skip("BDC_INFO", NOT_A_DENIAL, f"{records} record_type = 'denial' AND status IS DISTINCT FROM 'voided'")
    folder.mark_reference(
        "BDC_PB_CHGS",
        "BDC_ASSOC_REMARK_CODES",
        "HSP_BDC_DENIAL_DATA",
        "HSP_BDC_PAYOR",
        "ARPB_PMT_RELATED_DENIALS",
        "ARPB_TX_STMCLAIMHX",
    )
