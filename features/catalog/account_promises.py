"""The family history, second part: promises and plans kept or broken, refunds and bad debt of a household."""

from __future__ import annotations

from payrank.features.feature import feature_of
from payrank.features.sources import Count, Share, Snapshot, Sum

OTHER = "is_other = 1"
BROKEN = "is_past = 1 AND paid < amount"
PLAN_KEPT = "end_reason IN ('paid in full', 'completed')"
"""How a plan that was kept is said to have ended; the contract leaves the words of `end_reason` to the source."""


PROMISES = tuple(
    feature_of("history", *row)
    for row in (
        (
            "household_bad_debt",
            "dollars",
            Sum("household", "bad_debt", OTHER),
            "Bad debt of the household's other accounts",
            "Household has {value} in bad debt",
            "",
            -1,
            "Household has no bad debt",
        ),
        (
            "household_refunds",
            "dollars",
            Sum("household", "refunded", OTHER),
            "Refunds to the household",
            "Household was refunded {value}",
            "",
            0,
            "Household was refunded nothing",
        ),
        (
            "promises_made",
            "count",
            Count("promises"),
            "Promises to pay, household",
            "{value} promise{s} to pay",
            "",
            0,
            "No promise to pay",
        ),
        (
            "promises_kept_share",
            "share",
            Share("promises", "paid >= amount", "is_past = 1"),
            "Share of the household's past promises that were kept",
            "Kept {value} of promises",
            "No past promise to judge by",
            1,
            "Kept no promise",
        ),
        (
            "plans_current",
            "count",
            Count("plans", "ended_on IS NULL"),
            "Payment plans running, household",
            "{value} payment plan{s} running in the household",
            "",
            0,
            "No payment plan running in the household",
        ),
        (
            "plans_ended",
            "count",
            Count("plans", "ended_on IS NOT NULL"),
            "Payment plans ended, household",
            "{value} payment plan{s} ended",
            "",
            0,
            "No payment plan has ended",
        ),
        (
            "household_bad_debt_accounts",
            "count",
            Count("household", f"{OTHER} AND bad_debt > 0"),
            "Other accounts of the household written off to bad debt",
            "{value} other account{s} of the household in bad debt",
            "",
            -1,
            "No other account of the household in bad debt",
        ),
        (
            "refunded",
            "dollars",
            Snapshot("refunded"),
            "Refunds on the account",
            "Refunded {value} on this account",
            "",
            0,
            "Nothing refunded on this account",
        ),
        (
            "promises_broken",
            "count",
            Count("promises", BROKEN),
            "Past promises of the household that were not kept",
            "{value} promise{s} not kept",
            "",
            -1,
            "No promise was broken",
        ),
        (
            "promised_dollars",
            "dollars",
            Sum("promises", "amount", "is_past = 0"),
            "Promised by the household and not yet due, the days of grace included",
            "{value} promised and not yet due",
            "",
            0,
            "Nothing promised for the days ahead",
        ),
        (
            "plans_kept_share",
            "share",
            Share("plans", PLAN_KEPT, "end_reason IS NOT NULL"),
            "Share of the household's ended payment plans, of which it is known how, that were paid in full",
            "{value} of ended payment plans were paid in full",
            "No ended payment plan to judge by",
            1,
            "No ended payment plan was paid in full",
        ),
    )
)
