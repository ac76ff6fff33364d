"""The Epic tables and columns that the reader knows. Nothing else is ever read.

Names and meanings come from Epic's public documentation of the EHI export, one page per table (EHI Tables on
open.epic), and the `COLUMNS` list that comes with an export.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownTable:
    """The required and optional columns of a table."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that are read."""
        return (*self.required, *self.optional)


def _table(required: str, optional: str = "") -> KnownTable:
    return KnownTable(tuple(required.split()), tuple(optional.split()))


HOSPITAL = {
    "HSP_ACCOUNT": _table(
        "HSP_ACCOUNT_ID",
        "GUARANTOR_ID ACCT_CLASS_HA_C_NAME ACCT_FIN_CLASS_C_NAME PRIM_SVC_HA_C_NAME ADM_DATE_TIME ADM_LOC_ID "
        "SERV_AREA_ID PRIMARY_PAYOR_ID PREBILL_BUCKET_ID SELF_PAY_BUCKET_ID UNDISTRB_BUCKET_ID BAD_DEBT_BUCKET_ID "
        "SBO_TOT_BALANCE SBO_PREBILL_BALANC SBO_INS_BALANCE SBO_SP_BAL",
    ),
    "HSP_ACCT_SBO": _table("HSP_ACCOUNT_ID", "SBO_TOT_BALANCE SBO_PREBILL_BALANC SBO_INS_BALANCE SBO_SP_BAL"),
    "HSP_TRANSACTIONS": _table(
        "TX_ID HSP_ACCOUNT_ID TX_TYPE_HA_C_NAME TX_AMOUNT TX_POST_DATE",
        "SERVICE_DATE BUCKET_ID FIN_CLASS_C_NAME PAYOR_ID PRIMARY_PAYOR_ID IS_SYSTEM_ADJ_YN IS_REFUND_ADJ_YN "
        "ALLOWANCE_ADJ_YN ADJUSTMENT_CAT_C_NAME WRITE_OFF_RSN_C_NAME ORIG_REV_TX_ID IMD_ID INVOICE_NUM",
    ),
    "HSP_BUCKET": _table("BUCKET_ID", "BKT_TYPE_HA_C_NAME"),
    "HSP_BKT_ADJ_TXS": _table("BUCKET_ID ADJUSTMENT_ID", "LINE"),
    "HSP_BKT_PAYMENT": _table("BUCKET_ID PAYMENT_ID", "LINE"),
    "HSP_BKT_INV_NUM": _table("INVOICE_NUMBER HSP_ACCOUNT_ID", "BUCKET_ID LINE"),
    "HSP_ACCT_CVG_LIST": _table("HSP_ACCOUNT_ID LINE COVERAGE_ID"),
    "HSP_ACCT_CL_AG_HIS": _table("HSP_ACCOUNT_ID LINE AGNCY_HST_DT_OF_CH AGNC_HST_CHG_TP_C_NAME", "AGNCY_HST_AGNCY_ID"),
}
PROFESSIONAL = {
    "ARPB_TRANSACTIONS": _table(
        "TX_ID POST_DATE TX_TYPE_C_NAME ACCOUNT_ID AMOUNT",
        "SERVICE_DATE HOSP_ACCT_ID VISIT_NUMBER DEBIT_CREDIT_FLAG_NAME OUTSTANDING_AMT INSURANCE_AMT PATIENT_AMT "
        "VOID_DATE PAYOR_ID ORIGINAL_EPM_ID ORIGINAL_CVG_ID ORIGINAL_FC_C_NAME FIRST_SELFPAY_DATE "
        "ADJUSTMENT_CAT_C_NAME WRITE_OFF_RSN_C_NAME LOC_ID",
    ),
    "ARPB_TX_MATCH_HX": _table(
        "TX_ID LINE MTCH_TX_HX_DT MTCH_TX_HX_ID MTCH_TX_HX_AMT",
        "MTCH_TX_HX_INS_AMT MTCH_TX_HX_PAT_AMT MTCH_TX_HX_UN_DT MTCH_TX_HX_LINE MTCH_TX_HX_DTTM",
    ),
    "ARPB_TX_ACTIONS": _table(
        "TX_ID LINE",
        "ACTION_TYPE_C_NAME ACTION_DATE POST_DATE OUT_AMOUNT_BEFORE OUT_AMOUNT_AFTER INS_AMOUNT_BEFORE "
        "INS_AMOUNT_AFTER BEFORE_PAYOR_ID",
    ),
    "ARPB_TX_VOID": _table("TX_ID", "OLD_ETR_ID REPOSTED_ETR_ID DEL_REVERSE_DATE"),
    "ARPB_TX_STMCLAIMHX": _table("TX_ID LINE", "BC_HX_TYPE_C_NAME BC_HX_INVOICE_NUM BC_HX_PAYOR_ID"),
    "ARPB_TX_AGCY_HX": _table("TX_ID LINE SENT_DTTM", "RETURN_DTTM"),
    "ARPB_VISITS": _table("PB_VISIT_ID", "GUARANTOR_ID COVERAGE_ID REVENUE_LOCATION_ID PB_TOTAL_BALANCE"),
}
GUARANTORS = {
    "ACCOUNT": _table("ACCOUNT_ID", "STATE_C_NAME ZIP BIRTHDATE SERV_AREA_ID SBO_HSP_ACCOUNT_ID"),
    "ACCOUNT_STATUS": _table("ACCOUNT_ID LINE ACCOUNT_STATUS_C_NAME"),
    "GUAR_ACCT_STMT_HX": _table("ACCOUNT_ID LINE STMT_HX_STMT_DATE"),
    "ACCT_COLL_AGENCY_HX": _table("ACCOUNT_ID LINE SUBMIT_DATE", "RESOLVED_DATE"),
    "HSP_GUAR_PMT_PLAN_REPL": _table("GUAR_ACCOUNT_ID LINE PP_START_DATE", "PP_AMT PP_ORIG_PLAN_LINE"),
    "ACCT_PP_HAR_LIST_REPL": _table("ACCT_ID GROUP_LINE VALUE_LINE HB_PP_HAR"),
    "PB_PMT_PLAN_HX": _table("ACCT_ID LINE", "PLAN_START_DATE PLAN_END_DATE"),
    "FIN_ASST_CASE": _table("FIN_ASST_CASE_ID ACCOUNT_ID"),
    "FIN_ASST_TRACKER": _table(
        "FIN_ASST_TRACKER_ID FIN_ASST_CASE_ID STATUS_C_NAME", "APPL_RECVD_DATE DECISION_DATE START_DATE END_DATE"
    ),
}
PAYERS = {
    "COVERAGE": _table("COVERAGE_ID", "PAYOR_ID PAYOR_NAME CVG_TERM_DT"),
    "CLARITY_EPM": _table("PAYOR_ID", "PAYOR_NAME FINANCIAL_CLASS_C_NAME PRODUCT_TYPE_C_NAME"),
}
DENIALS = {
    "BDC_INFO": _table(
        "BDC_ID RECORD_TYPE_C_NAME BDC_RECEIVE_DATE",
        "RECORD_STATUS_C_NAME INVOICE_NUMBER GRP_CODE_C_NAME EXTERNAL_CODE APPEAL_DEADLINE_DATE SOURCE_PMT_HB_TX_ID",
    ),
    "BDC_PB_CHGS": _table("BDC_ID LINE TX_ID"),
    "BDC_ASSOC_REMARK_CODES": _table("BDC_ID LINE", "REMARK_CODE_ID REMARK_CODE_ID_REMIT_CODE_NAME"),
    "HSP_BDC_DENIAL_DATA": _table("BDC_ID LINE_COUNT", "LINE_DENIED_AMT"),
    "HSP_BDC_PAYOR": _table("BDC_ID LINE PAYOR_ID"),
    "ARPB_PMT_RELATED_DENIALS": _table("TX_ID LINE RELATED_BDC_ID"),
    "CL_REMIT": _table("IMAGE_ID CREATION_DATE", "INV_NO CLM_STAT_CD_C_NAME"),
    "CL_RMT_SVCE_LN_INF": _table("IMAGE_ID LINE", "SERVICE_LINE SVC_LINE_CHG_PB_ID"),
    "CL_RMT_SVC_LVL_ADJ": _table(
        "IMAGE_ID LINE SVC_CAS_GRP_CODE_C_NAME SVC_ADJ_REASON_CD SVC_ADJ_AMT", "CAS_SERVICE_LINE"
    ),
    "CL_RMT_HC_RMK_CODE": _table("IMAGE_ID LINE", "LQ_SERVICE_LINE CODE_LST_QUAL_C_NAME INDUSTRY_CODE"),
}
KNOWN: dict[str, KnownTable] = {**HOSPITAL, **PROFESSIONAL, **GUARANTORS, **PAYERS, **DENIALS}

UNUSED_TABLES = (
    "ACCT_COVERAGE",
    "ACCT_GUAR_PAT_INFO",
    "ARPB_TX_CHG_REV_HX",
    "ARPB_TX_STMT_DT",
    "CL_RMT_CLM_DT_INFO",
    "HSP_BDC_RECV_TX",
    "HSP_PMT_REMIT_DETAIL",
    "INVOICE",
    "SVC_PMT_HISTORY",
)
"""Known billing tables that are not used, because their content is in other tables or has no canonical equivalent."""

OTHER_NAMES = {"HSP_GUAR_PMT_PLAN": "HSP_GUAR_PMT_PLAN_REPL", "ACCT_PP_HAR_LIST": "ACCT_PP_HAR_LIST_REPL"}
"""Clarity's names of tables that the EHI export spells differently."""

OTHER_COLUMNS = {
    "PAYOR_ID": ("PAYOR_ID_PAYOR_NAME",),
    "PRIMARY_PAYOR_ID": ("PRIMARY_PAYOR_ID_PAYOR_NAME",),
    "SERV_AREA_ID": ("SERV_AREA_ID_LOC_NAME",),
    "ADM_LOC_ID": ("ADM_LOC_ID_LOC_NAME",),
    "REVENUE_LOCATION_ID": ("REVENUE_LOCATION_ID_LOC_NAME",),
    "LOC_ID": ("LOC_ID_LOC_NAME",),
    "DEBIT_CREDIT_FLAG_NAME": ("DEBIT_CREDIT_FLAG",),
    "TX_TYPE_HA_C_NAME": ("TX_TYPE_HA_C",),
    "TX_TYPE_C_NAME": ("TX_TYPE_C",),
}
"""Alternative column names: newer exports name records instead of numbering them."""

BLOCKED_TABLES = ("GUAR_PMT_SCORE_HX", "GUAR_PMT_SCORE_HB_HX", "GUAR_PMT_SCORE_PB_HX", "GUAR_PMT_SCORE_REPL")
BLOCKED_COLUMNS = (
    "SCORE",
    "HB_SCORE",
    "PB_SCORE",
    "HB_SCORE_UPDATE_UTC_DTTM",
    "PB_SCORE_UPDATE_UTC_DTTM",
    "CREDIT_SCORE",
    "PROPENSITY_TO_PAY_C_NAME",
    "PROPENSITY_TO_PAY_C",
)
"""The vendor's own payment scores. They are never read: a model trained on another model's predictions learns those
predictions, and nobody at the hospital can explain what went into them.
"""

DESCRIPTION_FILES = ("COLUMNS", "README", "MANIFEST", "CHECKSUMS", "INDEX")
"""Files that describe the tables."""
