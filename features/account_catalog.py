"""The catalogue of an account: what may tell whether, and how much, its guarantor pays."""

from __future__ import annotations

from features.catalog import Feature
from features.rate_catalog import rate_features
from features.vocabulary import (
    Count,
    CountDistinct,
    DaysSinceFirst,
    DaysSinceLast,
    Derived,
    Greatest,
    Latest,
    Least,
    Mean,
    RateAtAge,
    Share,
    Snapshot,
    Source,
    Spread,
    Sum,
)

STATEMENT = "channel IN ('statement', 'letter') AND direction = 'out'"
CALL = "channel = 'call' AND direction = 'out'"
OTHER = "is_other = 1"
PAST = "is_other = 1 AND settled IS NOT NULL AND account_age > 30"


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
        ("charges", "dollars", Snapshot("charges"), "Charges on the account", "Charges were {value}"),
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
            "{value} other open accounts in the household",
        ),
        (
            "household_largest_balance",
            "dollars",
            Greatest("household", "patient_balance", OTHER),
            "Largest other patient balance of the household",
            "Largest other balance {value}",
            "No other account in the household",
        ),
        ("charity_given", "dollars", Snapshot("charity"), "Charity adjustments given", "Charity adjusted {value}"),
    )
)

PAYER_MIX = tuple(
    _feature("payer mix", *row)
    for row in (
        ("payer_class", "category", Snapshot("payer_class"), "Class of the primary payer", "Payer class {value}"),
        (
            "patient_class",
            "category",
            Snapshot("patient_class"),
            "Inpatient, outpatient, emergency, clinic",
            "{value} visit",
        ),
        ("service_line", "category", Snapshot("service_line"), "Service line", "Service line {value}"),
        (
            "coverage_count",
            "count",
            Count("coverages", "ended_on IS NULL"),
            "Coverages known and not ended",
            "{value} active coverages",
        ),
        (
            "coverages_lost",
            "count",
            Count("coverages", "ended_on IS NOT NULL"),
            "Coverages that have ended",
            "{value} coverages ended",
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
            "{value} denials on the account",
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

HISTORY = tuple(
    _feature("history", *row)
    for row in (
        ("paid_30d", "dollars", Snapshot("paid_30d"), "Paid on the account in 30 days", "Paid {value} in 30 days"),
        ("paid_90d", "dollars", Snapshot("paid_90d"), "Paid on the account in 90 days", "Paid {value} in 90 days"),
        (
            "payment_count",
            "count",
            Count("ledger", "kind = 'patient_payment' AND amount < 0"),
            "Patient payments on the account",
            "{value} payments on this account",
        ),
        (
            "days_since_payment",
            "days",
            Snapshot("days_since_payment"),
            "Days since the account's last patient payment",
            "Last payment {value} ago",
            "No payment on this account yet",
        ),
        (
            "payments_returned",
            "count",
            Count("ledger", "kind = 'patient_payment' AND amount > 0"),
            "Patient payments returned or reversed",
            "{value} payments returned",
        ),
        (
            "household_paid_90d",
            "dollars",
            Sum("household", "paid_90d", OTHER),
            "Paid on other accounts of the household in 90 days",
            "Household paid {value} elsewhere in 90 days",
        ),
        (
            "household_paid_365d",
            "dollars",
            Sum("household", "paid_365d", OTHER),
            "Paid on other accounts of the household in a year",
            "Household paid {value} elsewhere in a year",
        ),
        (
            "household_days_since_payment",
            "days",
            Least("household", "days_since_payment", OTHER),
            "Days since the household last paid on another account",
            "Household last paid elsewhere {value} ago",
            "Household has paid nothing elsewhere",
        ),
        (
            "household_past_accounts",
            "count",
            Count("household", PAST),
            "Earlier accounts of the household with a patient share",
            "{value} earlier balances in the household",
        ),
        (
            "household_settled_share",
            "share",
            Share("household", "settled = 1", PAST),
            "Share of the household's earlier balances paid in full",
            "Paid {value} of earlier balances in full",
            "No earlier balance to judge by",
        ),
        (
            "household_days_to_pay",
            "days",
            Mean("household", "days_to_pay", OTHER),
            "Days the household typically takes to a first payment",
            "Typically pays after {value}",
            "No earlier payment to judge by",
        ),
        (
            "household_paid_at_this_age",
            "count",
            Count("household", "at_risk = 1 AND paid_soon = 1"),
            "Other balances of the household that, unpaid at this age, were paid within the horizon after it",
            "{value} earlier balances were paid soon after this age",
        ),
        (
            "paid_rate_at_this_age",
            "rate",
            RateAtAge(),
            "Share of all balances that, unpaid at this age, were paid within the horizon after it",
            "Of all balances this old, {value} are still paid",
            "No balance this old has been seen long enough",
        ),
        (
            "household_payment_days",
            "count",
            CountDistinct("household", "last_payment_on", OTHER),
            "Different days on which the household made a last payment on another account",
            "Paid on {value} different days",
        ),
        (
            "household_days_since_first_payment",
            "days",
            Greatest("household", "days_since_payment", OTHER),
            "Days since the earliest of those last payments",
            "Has paid for {value}",
            "No earlier payment",
        ),
        (
            "household_seen_at_this_age",
            "count",
            Count("household", "at_risk = 1"),
            "Other balances of the household that were unpaid at this age and seen for the horizon after it",
            "{value} earlier balances reached this age unpaid",
        ),
        (
            "household_recent_days_to_pay",
            "days",
            Mean("household", "days_to_pay", f"{OTHER} AND days_since_payment <= 30"),
            "Days to a first payment of the household's balances paid in the last 30 days",
            "Lately pays after {value}",
            "No payment in the last 30 days",
        ),
        (
            "household_slowest_days_to_pay",
            "days",
            Greatest("household", "days_to_pay", OTHER),
            "Longest that the household took to a first payment",
            "Has taken up to {value} to pay",
            "No earlier payment to judge by",
        ),
        (
            "household_oldest_days_owed",
            "days",
            Greatest("household", "days_owed", f"{OTHER} AND patient_balance > 0"),
            "Days for which the household's oldest other open balance has been owed",
            "Oldest other balance owed for {value}",
            "No other open balance",
        ),
        (
            "household_unpaid_share_30d",
            "share",
            Share("household", "patient_balance > 0", f"{OTHER} AND days_owed <= 30"),
            "Share of the household's other balances of the last 30 days that are still open",
            "{value} of the household's balances of 30 days are open",
            "No other balance in 30 days",
        ),
        (
            "household_days_to_pay_spread",
            "days",
            Spread("household", "days_to_pay", OTHER),
            "How much the household's days to pay vary: their standard deviation",
            "Days to pay vary by {value}",
            "Fewer than two earlier payments to judge by",
        ),
        (
            "household_bad_debt",
            "dollars",
            Sum("household", "bad_debt", OTHER),
            "Bad debt of the household's other accounts",
            "Household has {value} in bad debt",
        ),
        (
            "household_refunds",
            "dollars",
            Sum("household", "refunded", OTHER),
            "Refunds to the household",
            "Household was refunded {value}",
        ),
        (
            "promises_made",
            "count",
            Count("promises"),
            "Promises to pay, household",
            "{value} promises to pay",
        ),
        (
            "promises_kept_share",
            "share",
            Share("promises", "paid >= amount", "is_past = 1"),
            "Share of the household's past promises that were kept",
            "Kept {value} of promises",
            "No past promise to judge by",
        ),
        (
            "plans_current",
            "count",
            Count("plans", "ended_on IS NULL"),
            "Payment plans running, household",
            "{value} payment plans running",
        ),
        (
            "plans_ended",
            "count",
            Count("plans", "ended_on IS NOT NULL"),
            "Payment plans ended, household",
            "{value} payment plans ended",
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
            "{value} statements in a year",
        ),
        ("calls_90d", "count", Count("contacts", CALL, 90), "Calls out in 90 days", "{value} calls in 90 days"),
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
            "{value} returned letters or wrong numbers",
        ),
        (
            "portal_views_90d",
            "count",
            Count("contacts", "channel = 'portal'", 90),
            "Portal visits in 90 days",
            "{value} portal visits in 90 days",
        ),
        (
            "calls_in_90d",
            "count",
            Count("contacts", "direction = 'in'", 90),
            "Contacts from the guarantor in 90 days",
            "{value} contacts from the guarantor in 90 days",
        ),
        (
            "refusals",
            "count",
            Count("contacts", "outcome = 'refused'"),
            "Refusals to pay",
            "{value} refusals to pay",
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
        ("month", "month", Snapshot("month_of_year"), "Month of the snapshot", "Month {value}"),
        (
            "tax_refund_season",
            "yes/no",
            Snapshot("CASE WHEN month_of_year BETWEEN 2 AND 4 THEN 1 ELSE 0 END"),
            "February to April, when tax refunds arrive",
            "Tax-refund season: {value}",
        ),
        ("weekday", "weekday", Snapshot("weekday"), "Weekday of the snapshot, Monday = 1", "Weekday {value}"),
        (
            "day_of_month",
            "day",
            Snapshot("day_of_month"),
            "Day of the month of the snapshot",
            "Day {value} of the month",
        ),
    )
)

_PAYMENT_GAP = (
    "(household_days_since_first_payment - household_days_since_payment) / NULLIF(household_payment_days - 1, 0)"
)
_PAYMENT_DAYS = ("household_days_since_first_payment", "household_days_since_payment", "household_payment_days")

DERIVED = tuple(
    _feature("history", *row)
    for row in (
        (
            "household_pays_at_this_age",
            "rate",
            Derived(
                "(household_paid_at_this_age + 2 * paid_rate_at_this_age) / (household_seen_at_this_age + 2)",
                ("household_paid_at_this_age", "household_seen_at_this_age", "paid_rate_at_this_age"),
            ),
            "The same for this household's own balances, smoothed to all balances",
            "At this age the household still pays {value} of its balances",
            "No balance this old has been seen long enough",
            1,
        ),
        (
            "days_past_typical",
            "days",
            Derived("days_owed - household_days_to_pay", ("days_owed", "household_days_to_pay")),
            "Days owed beyond what this household typically takes",
            "{value} beyond when this household typically pays",
            "No earlier payment to judge by",
        ),
        (
            "household_payment_gap",
            "days",
            Derived(_PAYMENT_GAP, _PAYMENT_DAYS),
            "Days between the household's payments, typically",
            "Household pays every {value}",
            "Fewer than two earlier payments to judge by",
        ),
        (
            "next_payment_in",
            "days",
            Derived(f"{_PAYMENT_GAP} - household_days_since_payment", _PAYMENT_DAYS),
            "Days until the household's next payment, going by its rhythm",
            "Next payment would come in {value}",
            "Fewer than two earlier payments to judge by",
        ),
    )
)

ACCOUNT_FEATURES: tuple[Feature, ...] = (*AGE, *BALANCE, *PAYER_MIX, *HISTORY, *CONTACT, *RATES, *SEASON, *DERIVED)
