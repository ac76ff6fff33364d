"""The feature catalog of a denial: what may predict whether an appeal overturns it."""

from __future__ import annotations

from payrank.features.catalog.rates import HALF_LIFE_DAYS, rate_features
from payrank.features.feature import Feature
from payrank.features.sources import Count, DaysSinceLast, Derived, Max, Mean, Share, Snapshot, Sum

OTHER = "is_other = 1"


AGE: tuple[Feature, ...] = (
    Feature(
        name="days_since_denial",
        meaning="Days since the denial was posted",
        unit="days",
        family="age",
        source=Snapshot("days_since_denial"),
        phrase="Denied {value} ago",
    ),
    Feature(
        name="days_service_to_denial",
        meaning="Days from service to denial",
        unit="days",
        family="age",
        source=Snapshot("days_service_to_denial"),
        phrase="Denied {value} after service",
        when_unknown="Service date unknown",
        when_zero="Denied {value} before service",
    ),
    Feature(
        name="days_left",
        meaning=(
            "Days left to appeal: as stated on the denial, else by the payer's contract, the rule for the payer's "
            "class, or 60 days assumed"
        ),
        unit="days",
        family="age",
        source=Snapshot("days_left"),
        phrase="{value} left to appeal",
        when_zero="{value} past the appeal deadline",
    ),
    Feature(
        name="days_since_filed",
        meaning="Days since the last appeal was filed",
        unit="days",
        family="age",
        source=Snapshot("days_since_filed"),
        phrase="Last appeal filed {value} ago",
        when_unknown="Not appealed yet",
    ),
)

BALANCE: tuple[Feature, ...] = (
    Feature(
        name="denied_amount",
        meaning="Dollars denied",
        unit="dollars",
        family="balance",
        source=Snapshot("denied_amount"),
        phrase="{value} denied",
        when_unknown="Denied amount unknown",
    ),
    Feature(
        name="account_charges",
        meaning="Total charges on the account",
        unit="dollars",
        family="balance",
        source=Sum("ledger", "amount", where="kind = 'charge'"),
        phrase="Total charges: {value}",
        when_zero="No charges on the account",
    ),
    Feature(
        name="account_insurance_balance",
        meaning="Insurance balance on the account",
        unit="dollars",
        family="balance",
        source=Sum("ledger", "amount", where="responsibility = 'insurance'"),
        phrase="Insurance still owes {value}",
        when_zero="Insurance owes nothing",
    ),
    Feature(
        name="account_insurance_paid",
        meaning="Dollars insurance has paid on the account",
        unit="dollars",
        family="balance",
        source=Sum("ledger", "-amount", where="kind = 'insurance_payment'"),
        phrase="Insurance has paid {value} on the account",
        when_zero="Insurance has paid nothing on the account",
    ),
    Feature(
        name="largest_charge",
        meaning="Largest single charge on the account",
        unit="dollars",
        family="balance",
        source=Max("ledger", "amount", where="kind = 'charge'"),
        phrase="Largest charge: {value}",
    ),
    Feature(
        name="denied_share_of_charges",
        meaning="Dollars denied as a share of the account's charges",
        unit="share",
        family="balance",
        source=Derived(
            "CASE WHEN account_charges > 0 THEN denied_amount / account_charges END",
            of=("denied_amount", "account_charges"),
        ),
        phrase="{value} of the account's charges were denied",
        when_unknown="No charges to compare the denial with",
        when_zero="None of the account's charges were denied",
    ),
)

PAYER_MIX: tuple[Feature, ...] = (
    Feature(
        name="payer_class",
        meaning="Class of the payer that denied",
        unit="category",
        family="payer mix",
        source=Snapshot("payer_class"),
        phrase="Payer class: {value}",
        sensitivity="proxy",
    ),
    Feature(
        name="group_code",
        meaning="Adjustment group code",
        unit="category",
        family="payer mix",
        source=Snapshot("group_code"),
        phrase="Group code: {value}",
    ),
    Feature(
        name="carc",
        meaning="Claim adjustment reason code",
        unit="category",
        family="payer mix",
        source=Snapshot("carc"),
        phrase="Reason code: {value}",
    ),
    Feature(
        name="rarc",
        meaning="Remittance advice remark code",
        unit="category",
        family="payer mix",
        source=Snapshot("rarc"),
        phrase="Remark code: {value}",
        when_unknown="No remark code",
    ),
    Feature(
        name="service_line",
        meaning="Service line",
        unit="category",
        family="payer mix",
        source=Snapshot("service_line"),
        phrase="Service line: {value}",
        sensitivity="proxy",
    ),
    Feature(
        name="patient_class",
        meaning="Patient class: inpatient, outpatient, emergency, clinic, or other",
        unit="category",
        family="payer mix",
        source=Snapshot("patient_class"),
        phrase="{value} visit",
    ),
    Feature(
        name="appeal_days",
        meaning="Days the payer allows for an appeal",
        unit="days",
        family="payer mix",
        source=Snapshot("appeal_days"),
        phrase="Payer allows {value} to appeal",
        when_unknown="Payer's appeal window unknown",
    ),
)

HISTORY: tuple[Feature, ...] = (
    Feature(
        name="appeal_level",
        meaning="Highest appeal level so far",
        unit="count",
        family="history",
        source=Snapshot("level"),
        phrase="Appeal level {value}",
        when_zero="Not appealed yet",
    ),
    Feature(
        name="appeals_filed",
        meaning="Appeals filed on the denial",
        unit="count",
        family="history",
        source=Snapshot("filed"),
        phrase="{value} appeal{s} filed",
        when_zero="No appeals filed",
    ),
    Feature(
        name="upheld_before",
        meaning="Whether an earlier appeal level upheld the denial",
        unit="yes/no",
        family="history",
        source=Snapshot("upheld"),
        phrase="Upheld at an earlier level: {value}",
    ),
    Feature(
        name="claim_denials",
        meaning="Other denials on the same claim",
        unit="count",
        family="history",
        source=Count("claim_denials", where=OTHER),
        phrase="{value} other denial{s} on the claim",
        when_zero="No other denials on the claim",
    ),
    Feature(
        name="claim_denials_same_code",
        meaning="Other denials on the same claim with the same reason code",
        unit="count",
        family="history",
        source=Count("claim_denials", where=f"{OTHER} AND same_carc = 1"),
        phrase="{value} other denial{s} on the claim for the same reason",
        when_zero="No other denials on the claim for the same reason",
    ),
    Feature(
        name="account_denials",
        meaning="Other denials on the account",
        unit="count",
        family="history",
        source=Count("account_denials", where=OTHER),
        phrase="{value} other denial{s} on the account",
        when_zero="No other denials on the account",
    ),
    Feature(
        name="account_denied",
        meaning="Dollars in the account's other denials",
        unit="dollars",
        family="history",
        source=Sum("account_denials", "denied_amount", where=OTHER),
        phrase="{value} in other denials on the account",
        when_zero="No dollars in other denials on the account",
    ),
    Feature(
        name="account_overturned_share",
        meaning="Share of the account's decided denials that were overturned",
        unit="share",
        family="history",
        source=Share("account_denials", hit="outcome = 1", where=f"{OTHER} AND outcome IS NOT NULL"),
        phrase="{value} of the account's decided denials were overturned",
        when_unknown="No decided denials on the account",
        when_zero="None of the account's decided denials were overturned",
    ),
    Feature(
        name="days_since_insurance_payment",
        meaning="Days since insurance last paid on the account",
        unit="days",
        family="history",
        source=DaysSinceLast("ledger", where="kind = 'insurance_payment' AND amount < 0"),
        phrase="Last insurance payment {value} ago",
        when_unknown="No insurance payment on the account",
    ),
)

PAYER: tuple[Feature, ...] = (
    Feature(
        name="payer_denials_90d",
        meaning="The payer's denials in the last 90 days",
        unit="count",
        family="payer behavior",
        source=Count("payer_denials", where="days_ago <= 90"),
        phrase="{value} denial{s} from this payer in the last 90 days",
        when_zero="No denials from this payer in the last 90 days",
    ),
    Feature(
        name="payer_denials_365d",
        meaning="The payer's denials in the last year",
        unit="count",
        family="payer behavior",
        source=Count("payer_denials", where="days_ago <= 365"),
        phrase="{value} denial{s} from this payer in the last year",
        when_zero="No denials from this payer in the last year",
    ),
    Feature(
        name="payer_days_to_decide",
        meaning="Average days from denial to decision for this payer",
        unit="days",
        family="payer behavior",
        source=Mean("payer_denials", "days_to_decide", where="outcome IS NOT NULL"),
        phrase="Payer typically decides in {value}",
        when_unknown="No decisions from this payer yet",
    ),
    Feature(
        name="payer_pays_without_appeal",
        meaning="Share of the payer's denials paid without an appeal",
        unit="share",
        family="payer behavior",
        source=Share("payer_denials", hit="paid_without_appeal = 1", weight=20.0, prior=0.1),
        phrase="Payer pays {value} of its denials without an appeal",
    ),
    Feature(
        name="payer_overturned_share_365d",
        meaning="Smoothed share of the payer's denials decided in the last year that were overturned",
        unit="share",
        family="payer behavior",
        source=Share("payer_denials", hit="outcome = 1", where="outcome_age <= 365", weight=20.0, prior=0.5),
        phrase="Payer overturned {value} of denials decided in the last year",
        when_unknown="No decisions from this payer in the last year",
        direction=1,
    ),
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

SEASON: tuple[Feature, ...] = (
    Feature(
        name="month",
        meaning="Month of the snapshot",
        unit="month",
        family="season",
        source=Snapshot("month_of_year"),
        phrase="Current month: {value}",
    ),
    Feature(
        name="denied_month",
        meaning="Month of the denial",
        unit="month",
        family="season",
        source=Snapshot("denied_month"),
        phrase="Denied in {value}",
    ),
)

DENIAL_FEATURES: tuple[Feature, ...] = (*AGE, *BALANCE, *PAYER_MIX, *HISTORY, *PAYER, *RATES, *SEASON)
