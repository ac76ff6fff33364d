"""The feature catalog of an account: what may predict whether its guarantor pays, and how much."""

from __future__ import annotations

from payrank.features.catalog.account_contact import CONTACT, STATEMENT
from payrank.features.catalog.account_history import HISTORY
from payrank.features.catalog.account_payers import PAYER_MIX
from payrank.features.catalog.account_promises import OTHER
from payrank.features.catalog.rates import HALF_LIFE_DAYS, rate_features
from payrank.features.feature import Feature
from payrank.features.sources import Count, DaysSinceFirst, DaysSinceLast, Max, Snapshot, Sum

AGE: tuple[Feature, ...] = (
    Feature(
        name="account_age",
        meaning="Days since the account opened",
        unit="days",
        family="age",
        source=Snapshot("account_age"),
        phrase="Account opened {value} ago",
    ),
    Feature(
        name="days_owed",
        meaning="Days since the first patient balance posted",
        unit="days",
        family="age",
        source=Snapshot("days_owed"),
        phrase="Patient balance due for {value}",
        when_unknown="No patient balance billed yet",
    ),
    # Reports sort by the bucket; a model splits on the days themselves.
    Feature(
        name="aging_bucket",
        meaning="Aging bucket by days the patient balance has been due",
        unit="category",
        family="age",
        source=Snapshot(
            "CASE WHEN days_owed <= 30 THEN '0-30' WHEN days_owed <= 60 THEN '31-60' WHEN days_owed <= 90 THEN "
            "'61-90' WHEN days_owed <= 120 THEN '91-120' WHEN days_owed > 120 THEN 'over 120' END"
        ),
        phrase="Aging bucket: {value} days",
        when_unknown="No patient balance billed yet",
        modeled=False,
    ),
    Feature(
        name="days_since_activity",
        meaning="Days since the last transaction posted to the account",
        unit="days",
        family="age",
        source=DaysSinceLast("ledger"),
        phrase="Last account activity {value} ago",
        when_unknown="No account activity yet",
    ),
    Feature(
        name="days_since_transfer",
        meaning="Days since a balance last transferred to the patient",
        unit="days",
        family="age",
        source=DaysSinceLast("ledger", where="kind = 'transfer' AND responsibility = 'patient'"),
        phrase="Self-pay after insurance for {value}",
        when_unknown="No balance transferred from insurance to the patient",
    ),
    Feature(
        name="days_since_first_statement",
        meaning="Days since the guarantor's first statement",
        unit="days",
        family="age",
        source=DaysSinceFirst("contacts", where=STATEMENT),
        phrase="First statement sent {value} ago",
        when_unknown="No statement sent yet",
    ),
    Feature(
        name="days_since_statement",
        meaning="Days since the guarantor's last statement",
        unit="days",
        family="age",
        source=DaysSinceLast("contacts", where=STATEMENT),
        phrase="Last statement sent {value} ago",
        when_unknown="No statement sent yet",
    ),
)

BALANCE: tuple[Feature, ...] = (
    Feature(
        name="patient_balance",
        meaning="Patient balance",
        unit="dollars",
        family="balance",
        source=Snapshot("patient_balance"),
        phrase="Patient owes {value}",
    ),
    Feature(
        name="insurance_balance",
        meaning="Insurance balance",
        unit="dollars",
        family="balance",
        source=Snapshot("insurance_balance"),
        phrase="Insurance still owes {value}",
        when_zero="Insurance owes nothing",
    ),
    Feature(
        name="charges",
        meaning="Total charges on the account",
        unit="dollars",
        family="balance",
        source=Snapshot("charges"),
        phrase="Total charges: {value}",
        when_zero="No charges on the account",
    ),
    Feature(
        name="patient_share_of_charges",
        meaning="Share of the charges billed to the patient",
        unit="share",
        family="balance",
        source=Snapshot("CASE WHEN charges > 0 THEN patient_billed / charges END"),
        phrase="Patient responsible for {value} of the charges",
        when_zero="Patient responsible for none of the charges",
    ),
    Feature(
        name="balance_left",
        meaning="Share of the patient responsibility still unpaid",
        unit="share",
        family="balance",
        source=Snapshot("CASE WHEN patient_billed > 0 THEN patient_balance / patient_billed END"),
        phrase="{value} of the patient responsibility is unpaid",
    ),
    Feature(
        name="charges_left",
        meaning="Share of the charges that patient and insurance together still owe",
        unit="share",
        family="balance",
        source=Snapshot("CASE WHEN charges > 0 THEN (patient_balance + insurance_balance) / charges END"),
        phrase="{value} of the charges are still owed",
        when_unknown="No charges to compare the balance with",
    ),
    Feature(
        name="household_balance",
        meaning="Patient balances of the household's other accounts",
        unit="dollars",
        family="balance",
        source=Sum("household", "patient_balance", where=f"{OTHER} AND patient_balance > 0"),
        phrase="Household owes {value} on other accounts",
        when_zero="Household owes nothing on other accounts",
    ),
    Feature(
        name="household_open_accounts",
        meaning="Other accounts of the household with a patient balance",
        unit="count",
        family="balance",
        source=Count("household", where=f"{OTHER} AND patient_balance > 0"),
        phrase="{value} other open account{s} in the household",
        when_zero="No other open account in the household",
    ),
    Feature(
        name="household_largest_balance",
        meaning="Largest patient balance on the household's other accounts",
        unit="dollars",
        family="balance",
        source=Max("household", "patient_balance", where=OTHER),
        phrase="Household's largest other balance: {value}",
        when_unknown="No other account in the household",
        when_zero="Household owes nothing on any other account",
    ),
    Feature(
        name="charity_given",
        meaning="Charity adjustments on the account",
        unit="dollars",
        family="balance",
        source=Snapshot("charity"),
        phrase="Charity adjustments of {value}",
        when_zero="No charity adjustments",
        sensitivity="proxy",
    ),
)

RATES = tuple(
    feature
    for half_life_days in (None, HALF_LIFE_DAYS)
    for keys, label in (
        (("payer_class",), "payer class"),
        (("payer_id",), "payer"),
        (("service_line",), "service line"),
        (("payer_class", "patient_class"), "payer class and patient class"),
    )
    for feature in rate_features("payer behavior", "paid", keys, label, half_life_days)
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
        name="tax_refund_season",
        meaning="February to April, when tax refunds arrive",
        unit="yes/no",
        family="season",
        source=Snapshot("CASE WHEN month_of_year BETWEEN 2 AND 4 THEN 1 ELSE 0 END"),
        phrase="Tax-refund season: {value}",
    ),
    Feature(
        name="weekday",
        meaning="Day of the week of the snapshot, Monday = 1",
        unit="weekday",
        family="season",
        source=Snapshot("weekday"),
        phrase="Day of the week: {value}",
    ),
    Feature(
        name="day_of_month",
        meaning="Day of the month of the snapshot",
        unit="day",
        family="season",
        source=Snapshot("day_of_month"),
        phrase="Day {value} of the month",
    ),
)

ACCOUNT_FEATURES: tuple[Feature, ...] = (*AGE, *BALANCE, *PAYER_MIX, *HISTORY, *CONTACT, *RATES, *SEASON)
