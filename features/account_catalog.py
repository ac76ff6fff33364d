"""The catalogue of an account: what may tell whether, and how much, its guarantor pays."""

from __future__ import annotations

from features.account_history import HISTORY, OTHER
from features.catalog import Feature
from features.rate_catalog import rate_features
from features.vocabulary import (
    Count,
    DaysSinceFirst,
    DaysSinceLast,
    Greatest,
    Latest,
    Share,
    Snapshot,
    Source,
    Sum,
)

STATEMENT = "channel IN ('statement', 'letter') AND direction = 'out'"
CALL = "channel = 'call' AND direction = 'out'"


def _feature(
    family: str, name: str, unit: str, source: Source, meaning: str, phrase: str, absent: str = "", direction: int = 0
) -> Feature:
    return Feature(name, meaning, unit, family, source, phrase, absent, direction)


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
        ),
        ("charges", "dollars", Snapshot("charges"), "Charges on the account", "Charges: {value}"),
        (
            "patient_share_of_charges",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN patient_billed / charges END"),
            "Share of the charges that became the patient's",
            "{value} of the charges fell to the patient",
        ),
        (
            "balance_left",
            "share",
            Snapshot("CASE WHEN patient_billed > 0 THEN patient_balance / patient_billed END"),
            "Share of the patient's part still unpaid",
            "{value} of the patient's part is unpaid",
        ),
        (
            "household_balance",
            "dollars",
            Sum("household", "patient_balance", f"{OTHER} AND patient_balance > 0"),
            "Patient balances of the household's other accounts",
            "Household owes {value} on other accounts",
        ),
        (
            "household_open_accounts",
            "count",
            Count("household", f"{OTHER} AND patient_balance > 0"),
            "Other accounts of the household with a patient balance",
            "{value} other open account{s} in the household",
        ),
        (
            "household_largest_balance",
            "dollars",
            Greatest("household", "patient_balance", OTHER),
            "Largest other patient balance of the household",
            "Largest other balance: {value}",
            "No other account in the household",
        ),
        ("charity_given", "dollars", Snapshot("charity"), "Charity adjustments given", "Charity adjusted {value}"),
    )
)

PAYER_MIX = tuple(
    _feature("payer mix", *row)
    for row in (
        ("payer_class", "category", Snapshot("payer_class"), "Class of the primary payer", "Payer class: {value}"),
        (
            "patient_class",
            "category",
            Snapshot("patient_class"),
            "Inpatient, outpatient, emergency, clinic",
            "{value} visit",
        ),
        ("service_line", "category", Snapshot("service_line"), "Service line", "Service line: {value}"),
        (
            "coverage_count",
            "count",
            Count("coverages", "ended_on IS NULL"),
            "Coverages known and not ended",
            "{value} active coverage{s}",
        ),
        (
            "coverages_lost",
            "count",
            Count("coverages", "ended_on IS NOT NULL"),
            "Coverages that have ended",
            "{value} coverage{s} ended",
        ),
        (
            "insurance_paid_share",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN insurance_paid / charges END"),
            "Share of charges that insurance paid",
            "Insurance paid {value} of the charges",
        ),
        (
            "contractual_share",
            "share",
            Snapshot("CASE WHEN charges > 0 THEN contractual / charges END"),
            "Share of charges adjusted by contract",
            "{value} of the charges adjusted by contract",
        ),
        (
            "denied_dollars",
            "dollars",
            Sum("denials", "denied_amount"),
            "Dollars denied on the account",
            "Insurance denied {value}",
        ),
        (
            "denial_count",
            "count",
            Count("denials"),
            "Denials on the account",
            "{value} denial{s} on the account",
        ),
        (
            "household_self_pay_share",
            "share",
            Share("household", "payer_class = 'self_pay'", "account_age <= 730"),
            "Share of the household's accounts of two years without insurance",
            "{value} of the household's accounts were self-pay",
        ),
    )
)

CONTACT = tuple(
    _feature("contact", *row)
    for row in (
        (
            "statements_sent",
            "count",
            Count("contacts", STATEMENT, 365),
            "Statements and letters in a year",
            "{value} statement{s} in a year",
        ),
        ("calls_90d", "count", Count("contacts", CALL, 90), "Calls out in 90 days", "{value} call{s} in 90 days"),
        (
            "right_party_share",
            "share",
            Share("contacts", "outcome IN ('right_party', 'promise', 'refused', 'dispute')", CALL, 365),
            "Share of calls in a year that reached the guarantor",
            "{value} of calls reached the guarantor",
            "Not called in a year",
        ),
        (
            "days_since_conversation",
            "days",
            DaysSinceLast("contacts", "outcome IN ('right_party', 'promise', 'refused', 'dispute')"),
            "Days since the guarantor was last reached",
            "Last conversation {value} ago",
            "Never reached",
        ),
        (
            "last_contact_outcome",
            "category",
            Latest("contacts", "outcome", "outcome IS NOT NULL"),
            "Outcome of the last contact",
            "Last contact: {value}",
            "No contact on record",
        ),
        (
            "mail_returned",
            "count",
            Count("contacts", "outcome IN ('returned', 'wrong_number')"),
            "Returned mail and wrong numbers",
            "{value} returned letter{s} or wrong number{s}",
        ),
        (
            "portal_views_90d",
            "count",
            Count("contacts", "channel = 'portal'", 90),
            "Portal visits in 90 days",
            "{value} portal visit{s} in 90 days",
        ),
        (
            "calls_in_90d",
            "count",
            Count("contacts", "direction = 'in'", 90),
            "Contacts from the guarantor in 90 days",
            "{value} contact{s} from the guarantor in 90 days",
        ),
        (
            "refusals",
            "count",
            Count("contacts", "outcome = 'refused'"),
            "Refusals to pay",
            "{value} refusal{s} to pay",
        ),
    )
)


RATES = tuple(
    feature
    for keys, label in (
        (("payer_class",), "payer class"),
        (("payer_id",), "payer"),
        (("service_line",), "service line"),
        (("payer_class", "patient_class"), "payer class and kind of visit"),
    )
    for feature in rate_features("payer behaviour", "paid", keys, label)
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
