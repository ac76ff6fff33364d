"""Count how often each rule of the simulated hospital fired in each of its segments."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from payrank.simulator.facts.calendar_rules import CALENDAR_RULES
from payrank.simulator.facts.claim_rules import CLAIM_RULES
from payrank.simulator.facts.noise_rules import NOISE_RULES
from payrank.simulator.facts.patient_rules import PATIENT_RULES

RULES = (*CLAIM_RULES, *PATIENT_RULES, *CALENDAR_RULES, *NOISE_RULES)


@dataclass(frozen=True, slots=True)
class Firing:
    """How often a rule fired in one segment of a simulated extract."""

    rule: str
    segment: str
    times: int


def count_firings(connection: duckdb.DuckDBPyConnection) -> tuple[Firing, ...]:
    """Count how often each rule fired in each of its segments, on views that `fact_views` opened."""
    firings = []
    for rule in RULES:
        seen = {str(segment): int(times or 0) for segment, times in connection.execute(rule.query).fetchall()}
        firings += [Firing(rule.name, segment, seen.get(segment, 0)) for segment in rule.segments]
    return tuple(firings)
