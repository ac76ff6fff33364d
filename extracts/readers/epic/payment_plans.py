"""Payment plans of hospital billing, on each account that they cover."""

from __future__ import annotations

from payrank.extracts.readers.epic.export.staged_folder import StagedFolder

MONTH = 30
"""Days. Epic's plans are monthly."""

PLANS = f"""
WITH plans AS (
  SELECT *, lead(day(PP_START_DATE)) OVER (
    PARTITION BY GUAR_ACCOUNT_ID, coalesce(PP_ORIG_PLAN_LINE, LINE) ORDER BY length(LINE), LINE) AS replaced_on
  FROM HSP_GUAR_PMT_PLAN_REPL
)
SELECT 'HB' || GUAR_ACCOUNT_ID || '-' || LINE || '-' || HB_PP_HAR AS plan_id, HB_PP_HAR AS account_id,
  day(PP_START_DATE) AS started_on, PP_AMT AS installment, '{MONTH}' AS frequency_days, replaced_on AS ended_on,
  CASE WHEN replaced_on IS NOT NULL THEN 'replaced' END AS end_reason, plans.source_line
FROM plans JOIN ACCT_PP_HAR_LIST_REPL AS covered
  ON covered.ACCT_ID = plans.GUAR_ACCOUNT_ID AND covered.GROUP_LINE = plans.LINE
ORDER BY plan_id, plans.source_line
"""

NO_ACCOUNT = "guarantor plan without an account"


def load_payment_plans(folder: StagedFolder) -> None:
    """Load hospital payment plans. Based on public documentation only, because no export seen so far contains one.

    HSP_GUAR_PMT_PLAN (PP_START_DATE, PP_AMT in dollars per month, PP_ORIG_PLAN_LINE), ACCT_PP_HAR_LIST (HB_PP_HAR).
    Professional plans (PB_PMT_PLAN_HX) do not name an account.
    """
    folder.load("payment_plans", "HSP_GUAR_PMT_PLAN_REPL", PLANS)
    skipped = folder.skip(
        "HSP_GUAR_PMT_PLAN_REPL",
        NO_ACCOUNT,
        "SELECT source_line FROM HSP_GUAR_PMT_PLAN_REPL AS plans ANTI JOIN ACCT_PP_HAR_LIST_REPL AS covered "
        "ON covered.ACCT_ID = plans.GUAR_ACCOUNT_ID AND covered.GROUP_LINE = plans.LINE",
    )
    skipped += folder.skip("PB_PMT_PLAN_HX", NO_ACCOUNT, "SELECT source_line FROM PB_PMT_PLAN_HX")
    folder.add_count_notice(skipped, "payment plan", "without an account, not imported")
    folder.mark_reference("ACCT_PP_HAR_LIST_REPL")
