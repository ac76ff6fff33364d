"""The rules that suppressed rows of a list, with their titles: a rule number alone means nothing to a reader."""

from __future__ import annotations

from collections.abc import Mapping

from payrank.scoring.rules.rules import read_rules


def name_rules(suppressed_by: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return each rule with its title and how many rows it suppressed, largest first. An unknown rule keeps its name.

    >>> name_rules({"H2": 3, "our own rule": 4})
    (('our own rule', 4), ('H2 Deceased', 3))
    """
    titles = read_rules().titles
    named = [(f"{rule} {titles[rule][0]}" if rule in titles else rule, count) for rule, count in suppressed_by.items()]
    return tuple(sorted(named, key=lambda item: (-item[1], item[0])))
