"""Which features an extract can answer: those whose every table and column arrived."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.features.dialects.identifiers import Has, words_in
from payrank.features.feature import Feature
from payrank.features.sources import Aggregate, Derived, Rate, RateAtAge, Source
from payrank.features.sql.aggregate import expressions_of
from payrank.features.sql.units import UnitPlan


def available_features(features: Sequence[Feature], unit: UnitPlan, has: Has) -> set[str]:
    """Return the names of the features that read nothing absent; the others are null in the frame."""
    sources = {feature.name: feature.source for feature in features}
    return {feature.name for feature in features if all(has(need) for need in _needs(feature.source, unit, sources))}


def _needs(source: Source, unit: UnitPlan, sources: dict[str, Source]) -> list[str]:
    if isinstance(source, Derived):
        return [need for name in source.of for need in _needs(sources[name], unit, sources)]
    if isinstance(source, Aggregate):
        relation = unit.relations[source.relation]
        names = set().union(*(words_in(text) for text in expressions_of(source)))
        fields, needs = relation.fields, list(relation.needs)
    elif isinstance(source, RateAtAge):
        names, fields, needs = {"age_pooled"}, unit.fields, []
    elif isinstance(source, Rate):
        names, fields, needs = {*source.keys, "outcome"}, unit.fields, []
    else:
        names, fields, needs = words_in(source.value), unit.fields, []
    return needs + [need for name in sorted(names) if name in fields for need in fields[name].needs]
