"""The catalog of an account: what may tell whether, and how much, its guarantor pays."""

from __future__ import annotations

from payrank.features.catalog.account_contact import CONTACT, STATEMENT
from payrank.features.catalog.account_history import HISTORY
from payrank.features.catalog.account_payers import PAYER_MIX
from payrank.features.catalog.account_promises import OTHER
from payrank.features.catalog.rates import HALF_LIFE_DAYS, rate_features
from payrank.features.feature import Feature, feature_of
from payrank.features.sources import Count, DaysSinceFirst, DaysSinceLast, Max, Snapshot, Sum

AGE = tuple(
    # Reports sort by the bucket; a model splits on the days themselves.
    feature_of("age", *row, modeled=row[0] != "aging_bucket")
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
    feature_of("balance", *row)
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
            Max("household", "patient_balance", OTHER),
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

RATES = tuple(
    feature
    for half_life_days in (None, HALF_LIFE_DAYS)
    for keys, label in (
        (("payer_class",), "payer class"),
        (("payer_id",), "payer"),
        (("service_line",), "service line"),
        (("payer_class", "patient_class"), "payer class and kind of visit"),
    )
    for feature in rate_features("payer behavior", "paid", keys, label, half_life_days)
)

SEASON = tuple(
    feature_of("season", *row)
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
