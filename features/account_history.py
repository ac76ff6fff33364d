"""The family history of an account's catalogue: what it, its household and all balances of its age have paid."""

from __future__ import annotations

from features.account_flags import FLAGS
from features.account_promises import OTHER, PROMISES
from features.catalog import Feature, Sensitivity
from features.vocabulary import (
    Count,
    CountDistinct,
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

PAST = "is_other = 1 AND settled IS NOT NULL AND account_age > 30"


def _history(
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
    return Feature(name, meaning, unit, "history", source, phrase, absent, direction, low=low, sensitivity=sensitivity)


PAYMENTS = tuple(
    _history(*row)
    for row in (
        (
            "paid_30d",
            "dollars",
            Snapshot("paid_30d"),
            "Paid on the account in 30 days",
            "Paid {value} in 30 days",
            "",
            0,
            "Nothing paid in 30 days",
        ),
        (
            "paid_90d",
            "dollars",
            Snapshot("paid_90d"),
            "Paid on the account in 90 days",
            "Paid {value} in 90 days",
            "",
            0,
            "Nothing paid in 90 days",
        ),
        (
            "paid_365d",
            "dollars",
            Snapshot("paid_365d"),
            "Paid on the account in a year",
            "Paid {value} in a year",
            "",
            0,
            "Nothing paid in a year",
        ),
        (
            "payments_90d",
            "count",
            Count("ledger", "kind = 'patient_payment' AND amount < 0", 90),
            "Patient payments on the account in 90 days",
            "{value} payment{s} in 90 days",
            "",
            0,
            "No payment in 90 days",
        ),
        (
            "last_payment",
            "dollars",
            Latest("ledger", "-amount", "kind = 'patient_payment' AND amount < 0"),
            "The account's last patient payment",
            "Last payment was {value}",
            "No payment on this account yet",
        ),
        (
            "payment_count",
            "count",
            Count("ledger", "kind = 'patient_payment' AND amount < 0"),
            "Patient payments on the account",
            "{value} payment{s} on this account",
            "",
            0,
            "No payment on this account",
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
            "{value} payment{s} returned",
            "",
            0,
            "No payment was returned",
        ),
        (
            "household_paid_90d",
            "dollars",
            Sum("household", "paid_90d", OTHER),
            "Paid on other accounts of the household in 90 days",
            "Household paid {value} elsewhere in 90 days",
            "",
            0,
            "Household paid nothing elsewhere in 90 days",
        ),
        (
            "household_paid_365d",
            "dollars",
            Sum("household", "paid_365d", OTHER),
            "Paid on other accounts of the household in a year",
            "Household paid {value} elsewhere in a year",
            "",
            0,
            "Household paid nothing elsewhere in a year",
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
            "{value} earlier balance{s} in the household",
            "",
            0,
            "No earlier balance in the household",
        ),
        (
            "household_settled_share",
            "share",
            Share("household", "settled = 1", PAST),
            "Share of the household's earlier balances paid in full",
            "Paid {value} of earlier balances in full",
            "No earlier balance to judge by",
            1,
            "Paid none of the earlier balances in full",
        ),
        (
            "household_days_to_pay",
            "days",
            Mean("household", "days_to_pay", OTHER),
            "Days the household typically takes to a first payment",
            "Typically pays {value} after the bill",
            "No earlier payment to judge by",
            0,
            "Typically pays {value} before the bill",
        ),
        (
            "household_paid_at_this_age",
            "count",
            Count("household", "at_risk = 1 AND paid_soon = 1"),
            "Other balances of the household that, unpaid at this age, were paid within the horizon after it",
            "{value} earlier balance{s} paid soon after this age",
            "",
            0,
            "No earlier balance was paid soon after this age",
        ),
        (
            "paid_rate_at_this_age",
            "rate",
            RateAtAge(),
            "Share of all balances that, unpaid at this age, were paid within the horizon after it",
            "Of all balances this old, {value} are still paid",
            "No balance this old has been seen long enough",
            1,
        ),
        (
            "household_payment_days",
            "count",
            CountDistinct("household", "last_payment_on", OTHER),
            "Different days on which the household made a last payment on another account",
            "Paid on {value} different day{s}",
            "",
            0,
            "Has not paid on another account",
        ),
        (
            "household_days_since_first_payment",
            "days",
            Greatest("household", "days_since_payment", OTHER),
            "Days since the earliest of those last payments",
            "First paid elsewhere {value} ago",
            "No earlier payment",
        ),
        (
            "household_seen_at_this_age",
            "count",
            Count("household", "at_risk = 1"),
            "Other balances of the household that were unpaid at this age and seen for the horizon after it",
            "{value} earlier balance{s} reached this age unpaid",
            "",
            0,
            "No earlier balance reached this age unpaid",
        ),
        (
            "household_recent_days_to_pay",
            "days",
            Mean("household", "days_to_pay", f"{OTHER} AND days_since_payment <= 30"),
            "Days to a first payment of the household's balances paid in the last 30 days",
            "Lately pays {value} after the bill",
            "No payment in the last 30 days",
            0,
            "Lately pays {value} before the bill",
        ),
        (
            "household_slowest_days_to_pay",
            "days",
            Greatest("household", "days_to_pay", OTHER),
            "Longest that the household took to a first payment",
            "Has taken up to {value} to pay",
            "No earlier payment to judge by",
            0,
            "Has always paid at least {value} before the bill",
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
            "{value} of the household's balances of the last 30 days are open",
            "No other balance in 30 days",
            0,
            "None of the household's balances of the last 30 days are open",
        ),
        (
            "household_days_to_pay_spread",
            "days",
            Spread("household", "days_to_pay", OTHER),
            "How much the household's days to pay vary: their standard deviation",
            "Days to pay vary by {value}",
            "Fewer than two earlier payments to judge by",
        ),
    )
)

_PAYMENT_GAP = (
    "(household_days_since_first_payment - household_days_since_payment) / NULLIF(household_payment_days - 1, 0)"
)
_PAYMENT_DAYS = ("household_days_since_first_payment", "household_days_since_payment", "household_payment_days")

RHYTHM = tuple(
    _history(*row)
    for row in (
        (
            "household_pays_at_this_age",
            "rate",
            Derived(
                "(household_paid_at_this_age + 2 * paid_rate_at_this_age) / (household_seen_at_this_age + 2)",
                ("household_paid_at_this_age", "household_seen_at_this_age", "paid_rate_at_this_age"),
            ),
            "The same for this household's own balances, smoothed to all balances",
            "Of the household's balances this old, {value} are still paid",
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
            0,
            "{value} earlier than this household typically pays",
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
            0,
            "Next payment was to be expected {value} ago",
        ),
    )
)

HISTORY: tuple[Feature, ...] = (*PAYMENTS, *PROMISES, *FLAGS, *RHYTHM)
