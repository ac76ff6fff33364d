"""Denials in remittances without a follow-up record: CL_RMT_SVC_LVL_ADJ, group and reason of each line."""

from __future__ import annotations

from payrank.extracts.codes.never_denials import render_is_denial
from payrank.extracts.readers.epic.denials import NOT_A_DENIAL
from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

ADJUSTMENTS = """
CREATE TABLE epic_remit_adjustments AS
SELECT adjustments.source_line, adjustments.IMAGE_ID AS image_id, adjustments.LINE AS line,
  remits.IMAGE_ID IS NULL AS is_absent,
  remits.INV_NO AS invoice, day(CREATION_DATE) AS denied_on, SVC_ADJ_AMT AS amount_text, money(SVC_ADJ_AMT) AS amount,
  coalesce(group_code_of(SVC_CAS_GRP_CODE_C_NAME), SVC_CAS_GRP_CODE_C_NAME) AS group_code, SVC_ADJ_REASON_CD AS carc,
  remarks.rarc, coalesce(paid.account_id, invoices.account_id, served.account_id) AS account_id,
  coalesce(paid.payer_id, invoices.payer_id, served.payer_id) AS payer_id,
  coalesce(regexp_matches(lower(CLM_STAT_CD_C_NAME), 'reversal|^22$'), false) AS is_reversal,
  (remits.INV_NO, SVC_ADJ_REASON_CD) IN (SELECT (invoice, carc) FROM epic_denials WHERE record_type = 'denial') AS
    is_recorded
FROM CL_RMT_SVC_LVL_ADJ AS adjustments
LEFT JOIN (SELECT DISTINCT ON (IMAGE_ID) * FROM CL_REMIT ORDER BY IMAGE_ID, source_line) AS remits
  ON remits.IMAGE_ID = adjustments.IMAGE_ID
LEFT JOIN epic_invoices AS invoices ON invoices.invoice = remits.INV_NO
LEFT JOIN (SELECT IMD_ID, min(HSP_ACCOUNT_ID) AS account_id, min(PAYOR_ID) AS payer_id FROM HSP_TRANSACTIONS GROUP BY 1)
  AS paid ON paid.IMD_ID = adjustments.IMAGE_ID
LEFT JOIN (
  SELECT IMAGE_ID, SERVICE_LINE, min(account_id) AS account_id, min(payer_id) AS payer_id
  FROM CL_RMT_SVCE_LN_INF JOIN professional_entries ON TX_ID = SVC_LINE_CHG_PB_ID GROUP BY ALL
) AS served ON served.IMAGE_ID = adjustments.IMAGE_ID AND served.SERVICE_LINE = CAS_SERVICE_LINE
LEFT JOIN (
  SELECT IMAGE_ID, LQ_SERVICE_LINE, first(INDUSTRY_CODE ORDER BY length(LINE), LINE) AS rarc FROM CL_RMT_HC_RMK_CODE
  GROUP BY ALL
) AS remarks ON remarks.IMAGE_ID = adjustments.IMAGE_ID AND remarks.LQ_SERVICE_LINE = CAS_SERVICE_LINE
"""

ROWS = f"""
SELECT 'RMT' || image_id || '-' || line AS denial_id, account_id, invoice AS claim_id, payer_id, denied_on,
  amount_text AS denied_amount, group_code, carc, rarc, source_line
FROM epic_remit_adjustments
WHERE NOT is_absent AND NOT is_reversal AND NOT is_recorded AND (amount IS NULL OR amount > 0)
  AND {render_is_denial("group_code", "carc", "rarc")}
ORDER BY length(image_id), image_id, length(line), line, source_line
"""


def load_remittances(folder: StagedFolder) -> None:
    """Load the denials of remittance lines, dated when the remittance file was loaded.

    Public documentation: CL_REMIT (CREATION_DATE, INV_NO, CLM_STAT_CD), CL_RMT_SVC_LVL_ADJ (SVC_CAS_GRP_CODE,
    SVC_ADJ_REASON_CD, SVC_ADJ_AMT in dollars), CL_RMT_SVCE_LN_INF (SVC_LINE_CHG_PB_ID), CL_RMT_HC_RMK_CODE
    (INDUSTRY_CODE). `never_denials` defines which reasons are not denials, as for X12 remittances.
    """
    folder.connection.execute(ADJUSTMENTS)
    folder.session.create_table("denials", ("denial_id", "account_id", "denied_on", "group_code", "carc"))
    folder.load("denials", "CL_RMT_SVC_LVL_ADJ", ROWS)
    name, lines = "CL_RMT_SVC_LVL_ADJ", "SELECT source_line FROM epic_remit_adjustments WHERE"
    folder.skip(name, "remittance missing from CL_REMIT", f"{lines} is_absent")
    folder.skip(name, "reversal of an earlier remittance", f"{lines} is_reversal")
    folder.skip(name, "already in its denial record", f"{lines} is_recorded AND NOT is_reversal")
    folder.skip(name, "increases the payment", f"{lines} amount <= 0 AND NOT is_reversal AND NOT is_recorded")
    folder.skip(
        name,
        NOT_A_DENIAL,
        f"{lines} NOT is_absent AND NOT is_reversal AND NOT is_recorded AND (amount > 0 OR amount IS NULL)",
    )
    folder.mark_reference("CL_REMIT", "CL_RMT_SVCE_LN_INF", "CL_RMT_HC_RMK_CODE")
