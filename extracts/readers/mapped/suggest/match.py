"""Find the role of each column, first by its name and then by its contents."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from payrank.extracts.readers.mapped.column_words import ROLES, normalize
from payrank.extracts.readers.mapped.suggest.profile import Profile

DAYS = frozenset({"opened", "service", "posted", "paid_on", "denied", "appeal_due", "appealed", "decided"})
MONEY = frozenset(role for role in ROLES if role.endswith("amount") or role in {"amount", "balance", "recovered"})


def find_roles(profiles: Mapping[str, Profile], taken: Collection[str] = ()) -> dict[str, str]:
    """Return role -> the column with the most certain name whose contents fit. Roles without a column are left out.

    Parameters
    ----------
    taken
        Columns to ignore.
    """
    words = {name: normalize(name) for name in profiles if name not in taken}
    roles = {}
    for role, called in ROLES.items():
        fitting = [name for name in words if words[name] in called and _fits(role, profiles[name])]
        if fitting:
            roles[role] = min(fitting, key=lambda name: (called.index(words[name]), list(profiles).index(name)))
    return roles


def find_unreadable_days(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """Return column -> role for columns that are named like dates and fit no date format, so the user must answer."""
    words = {name: normalize(name) for name in profiles}
    return {
        name: role
        for role in sorted(DAYS)
        for name in words
        if words[name] in ROLES[role] and profiles[name].filled and not profiles[name].is_day
    }


def find_unreadable_money(profiles: Mapping[str, Profile]) -> list[str]:
    """Return the columns that are clearly named like dollars, with contents that `dollars` cannot read."""
    certain = {ROLES[role][0] for role in MONEY}
    return [
        name
        for name, profile in profiles.items()
        if normalize(name) in certain and profile.filled and profile.mark is None
    ]


def _fits(role: str, profile: Profile) -> bool:
    if not profile.filled:
        return False
    if role in DAYS:
        return profile.is_day
    if role in MONEY:
        return profile.mark is not None
    if role == "year":
        return profile.is_year
    return not profile.is_day
