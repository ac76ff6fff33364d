"""Which column of a table plays which role, by its name first and by what it holds second."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from payrank.extracts.readers.mapped.column_words import ROLES, normalize
from payrank.extracts.readers.mapped.suggest.profile import Profile

DAYS = frozenset({"opened", "service", "posted", "paid_on", "denied", "appeal_due", "appealed", "decided"})
MONEY = frozenset(role for role in ROLES if role.endswith("amount") or role in {"amount", "balance", "recovered"})


def find_roles(profiles: Mapping[str, Profile], taken: Collection[str] = ()) -> dict[str, str]:
    """Give each role the column whose name is the surest and whose contents fit; a role that no column has is left out.

    Parameters
    ----------
    taken
        Columns that are not to be considered.
    """
    words = {name: normalize(name) for name in profiles if name not in taken}
    roles = {}
    for role, called in ROLES.items():
        fitting = [name for name in words if words[name] in called and _fits(role, profiles[name])]
        if fitting:
            roles[role] = min(fitting, key=lambda name: (called.index(words[name]), list(profiles).index(name)))
    return roles


def find_unreadable_days(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """Give the roles of days whose column is there by name but fits no format of days: what has to be answered."""
    words = {name: normalize(name) for name in profiles}
    return {
        name: role
        for role in sorted(DAYS)
        for name in words
        if words[name] in ROLES[role] and profiles[name].filled and not profiles[name].is_day
    }


def find_unreadable_money(profiles: Mapping[str, Profile]) -> list[str]:
    """Give the columns whose name says dollars surely, and whose contents are none that `dollars` reads."""
    surely = {called[0] for role in MONEY for called in [ROLES[role]]}
    return [
        name
        for name, profile in profiles.items()
        if normalize(name) in surely and profile.filled and profile.mark is None
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
