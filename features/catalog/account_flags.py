"""History features of an account: flags on the guarantor or the account, and the account's own payment plans.

Nobody with one of these flags is on a patient list (rules H1 to H3 and H7), but their balances are training rows.
Without the flag they would teach the model that similar balances go unpaid.
"""

from __future__ import annotations

from payrank.features.feature import Feature
from payrank.features.sources import Count

LEGAL = "flag IN ('attorney', 'bankruptcy', 'deceased', 'litigation') AND ended_on IS NULL"

FLAGS: tuple[Feature, ...] = (
    Feature(
        name="legal_flags",
        meaning="Active flags for bankruptcy, death, an attorney, or litigation on the guarantor or the account",
        unit="count",
        family="history",
        source=Count("flags", where=LEGAL),
        phrase="{value} active legal flag{s}",
        when_zero="No active legal flags",
        direction=-1,
    ),
    Feature(
        name="assistance_pending",
        meaning="Pending applications for financial assistance by the account or its guarantor",
        unit="count",
        family="history",
        source=Count("flags", where="flag = 'charity_pending' AND ended_on IS NULL"),
        phrase="{value} financial assistance application{s} pending",
        when_zero="No financial assistance application pending",
        direction=-1,
        sensitivity="proxy",
    ),
    Feature(
        name="assistance_approved",
        meaning="Approvals of financial assistance for the account or its guarantor",
        unit="count",
        family="history",
        source=Count("flags", where="flag = 'charity_approved'"),
        phrase="Financial assistance approved {value} time{s}",
        when_zero="No financial assistance approved",
        sensitivity="proxy",
    ),
    Feature(
        name="account_plans_current",
        meaning="Active payment plans on the account itself",
        unit="count",
        family="history",
        source=Count("account_plans", where="ended_on IS NULL"),
        phrase="{value} active payment plan{s} on this account",
        when_zero="No active payment plan on this account",
        direction=1,
    ),
)
