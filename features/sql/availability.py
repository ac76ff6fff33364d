"""Which features an extract supports: those whose tables and columns it all has."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.features.dialects.identifiers import IsAvailable, find_identifiers
from payrank.features.feature import Feature
from payrank.features.sources import Aggregate, Derived, Rate, RateAtAge, Source
from payrank.features.sql.aggregate import list_expressions
from payrank.features.sql.units import UnitPlan


def available_features(features: Sequence[Feature], unit: UnitPlan, is_available: IsAvailable) -> set[str]:
    """Return the names of the features whose tables and columns are all available. The others are null in the frame."""
    sources = {feature.name: feature.source for feature in features}
    return {
        feature.name
        for feature in features
        if all(is_available(need) for need in _list_needs(feature.source, unit, sources))
    }


def _list_needs(source: Source, unit: UnitPlan, sources: dict[str, Source]) -> list[str]:
    if isinstance(source, Derived):
        return [need for name in source.of for need in _list_needs(sources[name], unit, sources)]
    if isinstance(source, Aggregate):
        relation = unit.relations[source.relation]
        names = set().union(*(find_identifiers(text) for text in list_expressions(source)))
        fields, needs = relation.fields, list(relation.needs)
    elif isinstance(source, RateAtAge):
        names, fields, needs = {"age_pooled"}, unit.fields, []
    elif isinstance(source, Rate):
        names, fields, needs = {*source.keys, "outcome"}, unit.fields, []
    else:
        names, fields, needs = find_identifiers(source.value), unit.fields, []
    return needs + [need for name in sorted(names) if name in fields for need in fields[name].needs]
