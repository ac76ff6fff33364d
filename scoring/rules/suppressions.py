"""What the rules kept off a list, said in full: a rule's number alone tells a reader nothing."""

from __future__ import annotations

from collections.abc import Mapping

from payrank.scoring.rules.rules import read_rules


def name_rules(suppressed: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return (rule with its title, how many it kept off), most first; a rule that is not in the table keeps its name.

    >>> name_rules({"H2": 3, "our own rule": 4})
    (('our own rule', 4), ('H2 Deceased', 3))
    """
    titles = read_rules().titles
    named = [(f"{rule} {titles[rule][0]}" if rule in titles else rule, count) for rule, count in suppressed.items()]
    return tuple(sorted(named, key=lambda item: (-item[1], item[0])))
