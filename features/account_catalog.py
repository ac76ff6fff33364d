"""The catalogue of an account: what may tell whether, and how much, its guarantor pays."""

from __future__ import annotations

from features.account_contact import CONTACT, STATEMENT
from features.account_history import HISTORY
from features.account_promises import OTHER
from features.catalog import Feature, Sensitivity
from features.rate_catalog import HALF_LIFE_DAYS, rate_features
from features.vocabulary import (
    Count,
    CountDistinct,
    DaysSinceFirst,
    DaysSinceLast,
    Derived,
    Greatest,
    Latest,
    Share,
    Snapshot,
    Source,
    Sum,
)


def _feature(
    family: str,
    name: str,
    unit: str,
    source: Source,
    meaning: str,
    phrase: str,
    absent: str = "",
    direction: int = 0,
    low: str = "",
    sensitivity: Sensitivity = "none",
) -> Feature:
    # Reports sort by the bucket; a model splits on the days themselves.
    modelled = name != "aging_bucket"
    return Feature(
        name, meaning, unit, family, source, phrase, absent, direction, modelled, low=low, sensitivity=sensitivity
    )


AGE = tuple(
    _feature("age", *row)
    for row in (
        ("account_age", "days", Snapshot("account_age"), "Days since the account opened", "Account opened {value} ago"),
        (
            "days_owed",
            "days",
            Snapshot("days_owed"),
            "Days since the patient first owed something",
            "Patient has owed for {value}",
            "Patient share not yet billed",
        ),
        (
            "aging_bucket",
            "category",
            Snapshot(
                "CASE WHEN days_owed <= 30 THEN '0-30' WHEN days_owed <= 60 THEN '31-60' WHEN days_owed <= 90 THEN "
                "'61-90' WHEN days_owed <= 120 THEN '91-120' WHEN days_owed > 120 THEN 'over 120' END"
            ),
            "Aging bucket by the days the patient has owed",
            "Aging bucket: {value} days",
            "Patient share not yet billed",
        ),
        (
            "days_since_activity",
            "days",
            DaysSinceLast("ledger"),
            "Days since anything was posted to the account",
            "Last posting {value} ago",
            "Nothing posted yet",
        ),
        (
            "days_since_transfer",
            "days",
            DaysSinceLast("ledger", "kind = 'transfer' AND responsibility = 'patient'"),
            "Days since a balance moved to the patient",
            "Balance moved to the patient {value} ago",
            "Never moved from insurance to the patient",
        ),
        (
            "days_since_first_statement",
            "days",
            DaysSinceFirst("contacts", STATEMENT),
            "Days since the guarantor's first statement",
            "First statement {value} ago",
            "No statement sent yet",
        ),
        (
            "days_since_statement",
            "days",
            DaysSinceLast("contacts", STATEMENT),
            "Days since the guarantor's last statement",
            "Last statement {value} ago",
            "No statement sent yet",
        ),
    )
)

BALANCE = tuple(
    _feature("balance", *row)
    for row in (
        ("patient_balance", "dollars", Snapshot("patient_balance"), "What the patient owes", "Patient owes {value}"),
        (
            "insurance_balance",
            "dollars",
            Snapshot("insurance_balance"),
            "What insurance still owes",
            "Insurance still owes {value}",
            "",
            0,
            "Insurance owes nothing",
        ),
        (
            "charges",
            "dollars",
            Snapshot("charges"),
            "Charges on the account",
            "Charges: {value}",
            "",
            0,
            "No charges on the account",
        ),
        (
            "patient_share_of_charges",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN patient_billed / charges END"),
            "Share of the charges that became the patient's",
            "{value} of the charges fell to the patient",
            "",
            0,
            "None of the charges fell to the patient",
        ),
        (
            "balance_left",
            "share",
            Snapshot("CASE WHEN patient_billed > 0 THEN patient_balance / patient_billed END"),
            "Share of the patient's part still unpaid",
            "{value} of the patient's part is unpaid",
        ),
        (
            "charges_left",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN (patient_balance + insurance_balance) / charges END"),
            "Share of the charges still owed, by patient and insurance together",
            "{value} of the charges are still owed",
            "No charges to measure the balance by",
        ),
        (
            "household_balance",
            "dollars",
            Sum("household", "patient_balance", f"{OTHER} AND patient_balance > 0"),
            "Patient balances of the household's other accounts",
            "Household owes {value} on other accounts",
            "",
            0,
            "Household owes nothing on other accounts",
        ),
        (
            "household_open_accounts",
            "count",
            Count("household", f"{OTHER} AND patient_balance > 0"),
            "Other accounts of the household with a patient balance",
            "{value} other open account{s} in the household",
            "",
            0,
            "No other open account in the household",
        ),
        (
            "household_largest_balance",
            "dollars",
            Greatest("household", "patient_balance", OTHER),
            "Largest other patient balance of the household",
            "Largest other balance: {value}",
            "No other account in the household",
            0,
            "Household owes nothing on another account",
        ),
        (
            "charity_given",
            "dollars",
            Snapshot("charity"),
            "Charity adjustments given",
            "Charity adjusted {value}",
            "",
            0,
            "No charity adjustment",
            "proxy",
        ),
    )
)

PAYER_MIX = tuple(
    _feature("payer mix", *row)
    for row in (
        (
            "payer_class",
            "category",
            Snapshot("payer_class"),
            "Class of the primary payer",
            "Payer class: {value}",
            "",
            0,
            "",
            "proxy",
        ),
        (
            "patient_class",
            "category",
            Snapshot("patient_class"),
            "Inpatient, outpatient, emergency, clinic",
            "{value} visit",
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
        (
            "coverage_count",
            "count",
            Count("coverages", "ended_on IS NULL"),
            "Coverages known and not ended",
            "{value} active coverage{s}",
            "",
            0,
            "No active coverage",
        ),
        (
            "coverages_lost",
            "count",
            Count("coverages", "ended_on IS NOT NULL"),
            "Coverages that have ended",
            "{value} coverage{s} ended",
            "",
            0,
            "No coverage has ended",
        ),
        (
            "coverages_gained_90d",
            "count",
            Count("coverages", within_days=90),
            "Coverages first known in 90 days",
            "{value} coverage{s} came up in 90 days",
            "",
            0,
            "No coverage came up in 90 days",
        ),
        (
            "coverages_lost_90d",
            "count",
            Count("coverages", "ended_days_ago <= 90"),
            "Coverages that ended in 90 days",
            "{value} coverage{s} ended in 90 days",
            "",
            0,
            "No coverage ended in 90 days",
        ),
        (
            "past_payer_class",
            "category",
            Latest("coverages", "payer_class", "ended_on IS NOT NULL"),
            "Class of the payer whose coverage of the account ended, the last known of them",
            "Earlier payer class: {value}",
            "No coverage has ended",
            0,
            "",
            "proxy",
        ),
        (
            "insurance_paid_share",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN insurance_paid / charges END"),
            "Share of charges that insurance paid",
            "Insurance paid {value} of the charges",
            "",
            0,
            "Insurance paid none of the charges",
        ),
        (
            "contractual_share",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN contractual / charges END"),
            "Share of charges adjusted by contract",
            "{value} of the charges adjusted by contract",
            "",
            0,
            "None of the charges adjusted by contract",
        ),
        (
            "denied_dollars",
            "dollars",
            Sum("denials", "denied_amount"),
            "Dollars denied on the account",
            "Insurance denied {value}",
            "",
            0,
            "Insurance denied nothing",
        ),
        (
            "denial_count",
            "count",
            Count("denials"),
            "Denials on the account",
            "{value} denial{s} on the account",
            "",
            0,
            "No denial on the account",
        ),
        (
            "denied_share",
            "share",
            Derived("CASE WHEN charges > 0 THEN denied_dollars / charges END", ("denied_dollars", "charges")),
            "Dollars denied as a share of the charges",
            "Insurance denied {value} of the charges",
            "No charges to measure denials by",
            0,
            "Insurance denied none of the charges",
        ),
        (
            "household_self_pay_share",
            "share",
            Share("household", "payer_class = 'self_pay'", "account_age <= 730"),
            "Share of the household's accounts of two years without insurance",
            "{value} of the household's accounts were self-pay",
            "",
            0,
            "No account of the household in two years was self-pay",
            "proxy",
        ),
        (
            "household_payer_classes",
            "count",
            CountDistinct("household", "payer_class", OTHER),
            "Different payer classes of the household's other accounts",
            "Payer classes on the household's other accounts: {value}",
            "",
            0,
            "Household has no other account",
            "proxy",
        ),
    )
)

RATES = tuple(
    feature
    for half_life_days in (None, HALF_LIFE_DAYS)
    for keys, label in (
        (("payer_class",), "payer class"),
        (("payer_id",), "payer"),
        (("service_line",), "service line"),
        (("payer_class", "patient_class"), "payer class and kind of visit"),
    )
    for feature in rate_features("payer behaviour", "paid", keys, label, half_life_days)
)

SEASON = tuple(
    _feature("season", *row)
    for row in (
        ("month", "month", Snapshot("month_of_year"), "Month of the snapshot", "It is {value}"),
        (
            "tax_refund_season",
            "yes/no",
            Snapshot("CASE WHEN month_of_year BETWEEN 2 AND 4 THEN 1 ELSE 0 END"),
            "February to April, when tax refunds arrive",
            "Tax-refund season: {value}",
        ),
        ("weekday", "weekday", Snapshot("weekday"), "Weekday of the snapshot, Monday = 1", "It is a {value}"),
        (
            "day_of_month",
            "day",
            Snapshot("day_of_month"),
            "Day of the month of the snapshot",
            "Day {value} of the month",
        ),
    )
)

ACCOUNT_FEATURES: tuple[Feature, ...] = (*AGE, *BALANCE, *PAYER_MIX, *HISTORY, *CONTACT, *RATES, *SEASON)
