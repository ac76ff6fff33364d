"""The catalog of a denial: what may tell whether an appeal overturns it."""

from __future__ import annotations

from payrank.features.catalog.rates import HALF_LIFE_DAYS, rate_features
from payrank.features.feature import Feature, feature_of
from payrank.features.sources import Count, DaysSinceLast, Derived, Max, Mean, Share, Snapshot, Sum

OTHER = "is_other = 1"


AGE = tuple(
    feature_of("age", *row)
    for row in (
        (
            "days_since_denial",
            "days",
            Snapshot("days_since_denial"),
            "Days since the denial was posted",
            "Denied {value} ago",
        ),
        (
            "days_service_to_denial",
            "days",
            Snapshot("days_service_to_denial"),
            "Days from service to denial",
            "Denied {value} after service",
            "Service date unknown",
            0,
            "Denied {value} before service",
        ),
        (
            "days_left",
            "days",
            Snapshot("days_left"),
            "Days left to appeal, by the denial, the payer's contract, the law for its class, or 60 days assumed",
            "{value} left to appeal",
            "",
            0,
            "{value} past the last day to appeal",
        ),
        (
            "days_since_filed",
            "days",
            Snapshot("days_since_filed"),
            "Days since the last appeal was filed",
            "Last appeal filed {value} ago",
            "Not appealed yet",
        ),
    )
)

BALANCE = tuple(
    feature_of("balance", *row)
    for row in (
        (
            "denied_amount",
            "dollars",
            Snapshot("denied_amount"),
            "Dollars denied",
            "{value} denied",
            "Denied amount unknown",
        ),
        (
            "account_charges",
            "dollars",
            Sum("ledger", "amount", "kind = 'charge'"),
            "Charges on the account",
            "Charges: {value}",
            "",
            0,
            "No charges on the account",
        ),
        (
            "account_insurance_balance",
            "dollars",
            Sum("ledger", "amount", "responsibility = 'insurance'"),
            "What insurance owes on the account",
            "Insurance still owes {value}",
            "",
            0,
            "Insurance owes nothing",
        ),
        (
            "account_insurance_paid",
            "dollars",
            Sum("ledger", "-amount", "kind = 'insurance_payment'"),
            "What insurance has paid on the account",
            "Insurance has paid {value} on the account",
            "",
            0,
            "Insurance has paid nothing on the account",
        ),
        (
            "largest_charge",
            "dollars",
            Max("ledger", "amount", "kind = 'charge'"),
            "Largest single charge of the account",
            "Largest charge: {value}",
        ),
        (
            "denied_share_of_charges",
            "share",
            Derived(
                "CASE WHEN account_charges > 0 THEN denied_amount / account_charges END",
                ("denied_amount", "account_charges"),
            ),
            "Dollars denied as a share of the account's charges",
            "{value} of the account's charges denied",
            "No charges to measure the denial by",
            0,
            "None of the account's charges denied",
        ),
    )
)

PAYER_MIX = tuple(
    feature_of("payer mix", *row)
    for row in (
        (
            "payer_class",
            "category",
            Snapshot("payer_class"),
            "Class of the denying payer",
            "Payer class: {value}",
            "",
            0,
            "",
            "proxy",
        ),
        ("group_code", "category", Snapshot("group_code"), "Adjustment group code", "Group code: {value}"),
        ("carc", "category", Snapshot("carc"), "Claim adjustment reason code", "Reason code: {value}"),
        (
            "rarc",
            "category",
            Snapshot("rarc"),
            "Remittance advice remark code",
            "Remark code: {value}",
            "No remark code",
        ),
        (
            "service_line",
            "category",
            Snapshot("service_line"),
            "Service line",
            "Service line: {value}",
            "",
            0,
            "",
            "proxy",
        ),
        ("patient_class", "category", Snapshot("patient_class"), "Kind of visit", "{value} visit"),
        (
            "appeal_days",
            "days",
            Snapshot("appeal_days"),
            "Days that the payer gives to appeal",
            "Payer gives {value} to appeal",
            "Payer's time to appeal unknown",
        ),
    )
)

HISTORY = tuple(
    feature_of("history", *row)
    for row in (
        (
            "appeal_level",
            "count",
            Snapshot("level"),
            "Highest level appealed so far",
            "Appeal level {value}",
            "",
            0,
            "Not appealed yet",
        ),
        (
            "appeals_filed",
            "count",
            Snapshot("filed"),
            "Appeals filed on the denial",
            "{value} appeal{s} filed",
            "",
            0,
            "No appeal filed",
        ),
        ("upheld_before", "yes/no", Snapshot("upheld"), "Upheld at an earlier level", "Upheld before: {value}"),
        (
            "claim_denials",
            "count",
            Count("claim_denials", OTHER),
            "Other denials of the same claim",
            "{value} other denial{s} of the claim",
            "",
            0,
            "No other denial of the claim",
        ),
        (
            "claim_denials_same_code",
            "count",
            Count("claim_denials", f"{OTHER} AND same_carc = 1"),
            "Other denials of the same claim for the same reason code",
            "{value} other denial{s} of the claim for the same reason",
            "",
            0,
            "No other denial of the claim for the same reason",
        ),
        (
            "account_denials",
            "count",
            Count("account_denials", OTHER),
            "Other denials on the account",
            "{value} other denial{s} on the account",
            "",
            0,
            "No other denial on the account",
        ),
        (
            "account_denied",
            "dollars",
            Sum("account_denials", "denied_amount", OTHER),
            "Dollars denied otherwise on the account",
            "{value} in other denials on the account",
            "",
            0,
            "Nothing else denied on the account",
        ),
        (
            "account_overturned_share",
            "share",
            Share("account_denials", "outcome = 1", f"{OTHER} AND outcome IS NOT NULL"),
            "Share of the account's decided denials that were overturned",
            "{value} of the account's decided denials were overturned",
            "No decided denial on the account",
            0,
            "None of the account's decided denials was overturned",
        ),
        (
            "days_since_insurance_payment",
            "days",
            DaysSinceLast("ledger", "kind = 'insurance_payment' AND amount < 0"),
            "Days since insurance last paid on the account",
            "Insurance last paid {value} ago",
            "Insurance has paid nothing on the account",
        ),
    )
)

PAYER = tuple(
    feature_of("payer behavior", *row)
    for row in (
        (
            "payer_denials_90d",
            "count",
            Count("payer_denials", "days_ago <= 90"),
            "Denials by the payer in 90 days",
            "Payer made {value} denial{s} in 90 days",
            "",
            0,
            "Payer made no denial in 90 days",
        ),
        (
            "payer_denials_365d",
            "count",
            Count("payer_denials", "days_ago <= 365"),
            "Denials by the payer in a year",
            "Payer made {value} denial{s} in a year",
            "",
            0,
            "Payer made no denial in a year",
        ),
        (
            "payer_days_to_decide",
            "days",
            Mean("payer_denials", "days_to_decide", "outcome IS NOT NULL"),
            "Days from denial to decision, typical of the payer",
            "Payer typically decides after {value}",
            "No decision of this payer yet",
        ),
        (
            "payer_pays_without_appeal",
            "share",
            Share("payer_denials", "paid_without_appeal = 1", weight=20.0, prior=0.1),
            "Share of the payer's denials paid without an appeal",
            "Payer pays {value} of its denials without an appeal",
        ),
        (
            "payer_overturned_share_365d",
            "share",
            Share("payer_denials", "outcome = 1", "outcome_age <= 365", weight=20.0, prior=0.5),
            "Smoothed share of the payer's denials overturned in the last year",
            "Payer gave in on {value} of the denials decided in the last year",
            "No decision of this payer in a year",
            1,
        ),
    )
)

RATES = tuple(
    feature
    for half_life_days in (None, HALF_LIFE_DAYS)
    for keys, label in (
        (("payer_id",), "payer"),
        (("payer_class",), "payer class"),
        (("carc",), "reason code"),
        (("rarc",), "remark code"),
        (("group_code",), "group code"),
        (("service_line",), "service line"),
        (("payer_id", "carc"), "payer and reason code"),
        (("payer_class", "carc"), "payer class and reason code"),
        (("service_line", "carc"), "service line and reason code"),
    )
    for feature in rate_features("payer behavior", "overturned", keys, label, half_life_days)
)

SEASON = tuple(
    feature_of("season", *row)
    for row in (
        ("month", "month", Snapshot("month_of_year"), "Month of the snapshot", "It is {value}"),
        ("denied_month", "month", Snapshot("denied_month"), "Month of the denial", "Denied in {value}"),
    )
)

DENIAL_FEATURES: tuple[Feature, ...] = (*AGE, *BALANCE, *PAYER_MIX, *HISTORY, *PAYER, *RATES, *SEASON)
