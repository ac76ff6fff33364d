"""The family history, third part: flags of the guarantor and the account, and the account's own plan.

Whoever such a flag names is on no patient list (rules H1 to H3 and H7), but their balances are among the training rows:
without the flag they would teach that balances like theirs are not paid.
"""

from __future__ import annotations

from payrank.extracts.flag_words import flag_word
from payrank.features.feature import Feature
from payrank.features.relations.relation import Field, Relation
from payrank.features.sources import Count

LEGAL = "flag IN ('attorney', 'bankruptcy', 'deceased', 'litigation') AND ended_on IS NULL"


def flags() -> Relation:
    """Flags of the account and of its guarantor, in the words that rules read; an end is unknown before it came."""
    columns = "f.flag, f.known_on, f.ended_on"
    return Relation(
        name="flags",
        key="account_id",
        key_sql="e.account_id",
        rows=(
            f"(SELECT f.subject_id AS account_id, {columns} FROM flags f WHERE f.subject_type = 'account' UNION ALL "
            f"SELECT a.account_id, {columns} FROM flags f JOIN accounts a ON a.guarantor_id = f.subject_id "
            "WHERE f.subject_type = 'guarantor') e"
        ),
        known_on="e.known_on",
        fields={
            "flag": Field(flag_word("e.flag"), ("flags.flag",)),
            "ended_on": Field("e.ended_on", ("flags.ended_on",), known_on="e.ended_on"),
        },
        needs=("flags",),
    )


def account_plans() -> Relation:
    """Payment plans of the account itself."""
    return Relation(
        name="account_plans",
        key="account_id",
        key_sql="p.account_id",
        rows="payment_plans p",
        known_on="p.started_on",
        fields={"ended_on": Field("p.ended_on", ("payment_plans.ended_on",), known_on="p.ended_on")},
        needs=("payment_plans",),
    )


FLAGS: tuple[Feature, ...] = (
    Feature(
        name="legal_flags",
        meaning="Flags in force of a bankruptcy, a death, an attorney or a lawsuit, on the guarantor or the account",
        unit="count",
        family="history",
        source=Count("flags", LEGAL),
        phrase="{value} legal flag{s} in force",
        low="No legal flag in force",
        direction=-1,
    ),
    Feature(
        name="assistance_pending",
        meaning="Applications for financial assistance that are not decided, of the account or its guarantor",
        unit="count",
        family="history",
        source=Count("flags", "flag = 'charity_pending' AND ended_on IS NULL"),
        phrase="{value} application{s} for financial assistance pending",
        low="No application for financial assistance pending",
        direction=-1,
        sensitivity="proxy",
    ),
    Feature(
        name="assistance_approved",
        meaning="Approvals of financial assistance, of the account or its guarantor",
        unit="count",
        family="history",
        source=Count("flags", "flag = 'charity_approved'"),
        phrase="Financial assistance approved {value} time{s}",
        low="No financial assistance approved",
        sensitivity="proxy",
    ),
    Feature(
        name="account_plans_current",
        meaning="Payment plans running on the account itself",
        unit="count",
        family="history",
        source=Count("account_plans", "ended_on IS NULL"),
        phrase="{value} payment plan{s} running on this account",
        low="No payment plan running on this account",
        direction=1,
    ),
)
