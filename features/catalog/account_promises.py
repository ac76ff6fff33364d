"""History features of a household: promises and payment plans kept or broken, refunds, and bad debt."""

from __future__ import annotations

from payrank.features.feature import Feature
from payrank.features.sources import Count, Share, Snapshot, Sum

OTHER = "is_other = 1"
BROKEN = "is_past = 1 AND paid < amount"
PLAN_KEPT = "end_reason IN ('paid in full', 'completed')"
"""End reasons of a completed plan. The contract leaves the wording of `end_reason` to the source system."""


PROMISES: tuple[Feature, ...] = (
    Feature(
        name="household_bad_debt",
        meaning="Bad debt on the household's other accounts",
        unit="dollars",
        family="history",
        source=Sum("household", "bad_debt", where=OTHER),
        phrase="Household has {value} in bad debt on other accounts",
        when_zero="Household has no bad debt on other accounts",
        direction=-1,
    ),
    Feature(
        name="household_refunds",
        meaning="Refunds on the household's other accounts",
        unit="dollars",
        family="history",
        source=Sum("household", "refunded", where=OTHER),
        phrase="Household was refunded {value} on other accounts",
        when_zero="No refunds on the household's other accounts",
    ),
    Feature(
        name="promises_made",
        meaning="The household's promises to pay",
        unit="count",
        family="history",
        source=Count("promises"),
        phrase="{value} promise{s} to pay",
        when_zero="No promises to pay",
    ),
    Feature(
        name="promises_kept_share",
        meaning="Share of the household's past promises to pay that were kept",
        unit="share",
        family="history",
        source=Share("promises", hit="paid >= amount", where="is_past = 1"),
        phrase="Kept {value} of past promises to pay",
        when_unknown="No past promises to pay",
        when_zero="Kept none of the past promises to pay",
        direction=1,
    ),
    Feature(
        name="plans_current",
        meaning="The household's active payment plans",
        unit="count",
        family="history",
        source=Count("plans", where="ended_on IS NULL"),
        phrase="{value} active payment plan{s} in the household",
        when_zero="No active payment plan in the household",
    ),
    Feature(
        name="plans_ended",
        meaning="The household's payment plans that have ended",
        unit="count",
        family="history",
        source=Count("plans", where="ended_on IS NOT NULL"),
        phrase="{value} ended payment plan{s} in the household",
        when_zero="No ended payment plan in the household",
    ),
    Feature(
        name="household_bad_debt_accounts",
        meaning="The household's other accounts written off to bad debt",
        unit="count",
        family="history",
        source=Count("household", where=f"{OTHER} AND bad_debt > 0"),
        phrase="{value} other household account{s} in bad debt",
        when_zero="No other household account in bad debt",
        direction=-1,
    ),
    Feature(
        name="refunded",
        meaning="Refunds on the account",
        unit="dollars",
        family="history",
        source=Snapshot("refunded"),
        phrase="Refunded {value} on this account",
        when_zero="No refunds on this account",
    ),
    Feature(
        name="promises_broken",
        meaning="The household's past promises to pay that were not kept",
        unit="count",
        family="history",
        source=Count("promises", where=BROKEN),
        phrase="{value} broken promise{s} to pay",
        when_zero="No broken promises to pay",
        direction=-1,
    ),
    Feature(
        name="promised_dollars",
        meaning="Dollars the household has promised that are not yet due, including days of grace",
        unit="dollars",
        family="history",
        source=Sum("promises", "amount", where="is_past = 0"),
        phrase="{value} promised and not yet due",
        when_zero="No promised payments coming due",
    ),
    Feature(
        name="plans_kept_share",
        meaning="Share of the household's ended payment plans, where the reason is known, that were paid in full",
        unit="share",
        family="history",
        source=Share("plans", hit=PLAN_KEPT, where="end_reason IS NOT NULL"),
        phrase="{value} of ended payment plans were paid in full",
        when_unknown="No ended payment plan in the household",
        when_zero="None of the ended payment plans were paid in full",
        direction=1,
    ),
)
