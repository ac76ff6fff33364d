"""Aggregates over a relation: one SELECT computes every feature that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Step, substitute
from payrank.features.feature import Feature
from payrank.features.relations.relation import Relation
from payrank.features.sources import (
    Aggregate,
    Count,
    CountDistinct,
    DaysSinceFirst,
    DaysSinceLast,
    Latest,
    Max,
    Mean,
    Min,
    Share,
    StdDev,
    Sum,
)


def list_expressions(source: Aggregate) -> tuple[str, ...]:
    """Return the SQL expressions of a source."""
    match source:
        case Count():
            return (source.where,)
        case Share():
            return (source.hit, source.where)
        case DaysSinceLast() | DaysSinceFirst():
            return (source.where, "days_ago")
        case _:
            return (source.value, source.where)


def render_fields(relation: Relation, dialect: Dialect) -> dict[str, str]:
    """Return the SQL of each field of a relation. A value that fills in after its row is null until its own day."""
    sql_by_name = {}
    for name, field in relation.fields.items():
        masked = field.known_on is not None
        sql_by_name[name] = f"CASE WHEN {field.known_on} < d.as_of THEN {field.sql} END" if masked else field.sql
    if relation.known_on is not None:
        sql_by_name["days_ago"] = dialect.days_between(relation.known_on, "d.as_of")
    return sql_by_name


def aggregate_sql(source: Aggregate, sql_by_name: Mapping[str, str]) -> str:
    """Return the SQL aggregate that a source computes over the rows of its relation."""
    conditions = [substitute(source.where, sql_by_name)] if source.where else []
    if isinstance(source, Count | Sum | Mean | Share) and source.within_days is not None:
        conditions.append(f"{sql_by_name['days_ago']} <= {source.within_days}")
    where = " AND ".join(f"({condition})" for condition in conditions)

    def when(value: str) -> str:
        return f"CASE WHEN {where} THEN {value} END" if where else value

    if isinstance(source, Count):
        return f"COUNT({when('1')})"
    if isinstance(source, Share):
        hits = f"COUNT({when(f'CASE WHEN {substitute(source.hit, sql_by_name)} THEN 1 END')})"
        rows = f"COUNT({when('1')})"
        smoothed = f"({hits} + {source.weight * source.prior!r}) / ({rows} + {source.weight!r})"
        return f"CASE WHEN {rows} > 0 THEN {smoothed} END"
    by_days = isinstance(source, DaysSinceLast | DaysSinceFirst)
    value = when(sql_by_name["days_ago"] if by_days else substitute(_value(source), sql_by_name))
    return _TEMPLATES[type(source)].format(value=value)


_TEMPLATES: Mapping[type, str] = {
    Sum: "COALESCE(SUM({value}), 0)",
    CountDistinct: "COUNT(DISTINCT {value})",
    # A sum of decimal dollars is exact in any order of rows; an average of floating-point numbers is not.
    Mean: "CASE WHEN COUNT({value}) > 0 THEN CAST(SUM({value}) AS DOUBLE PRECISION) / COUNT({value}) END",
    # Sums of whole numbers are exact in any order. With STDDEV, engines would differ in the last bit.
    StdDev: (
        "CASE WHEN COUNT({value}) > 1 THEN SQRT(("
        "COUNT({value}) * SUM(CAST({value} AS DOUBLE PRECISION) * CAST({value} AS DOUBLE PRECISION)) "
        "- SUM(CAST({value} AS DOUBLE PRECISION)) * SUM(CAST({value} AS DOUBLE PRECISION))) "
        "/ (COUNT({value}) * (COUNT({value}) - 1.0))) END"
    ),
    Min: "MIN({value})",
    Max: "MAX({value})",
    DaysSinceLast: "MIN({value})",
    DaysSinceFirst: "MAX({value})",
}


def _value(source: Aggregate) -> str:
    if isinstance(source, Sum | CountDistinct | Mean | StdDev | Min | Max | Latest):
        return source.value
    raise TypeError(f"{type(source).__name__} has no value")


def known_rows(relation: Relation) -> str:
    """Return the FROM clause of a relation's rows known before each snapshot, limited to keys that snapshots have."""
    if relation.per_snapshot:
        return f"spine JOIN {relation.rows} ON {relation.key_sql} = spine.{relation.key} AND e.as_of = spine.as_of"
    known = "e.as_of = d.as_of" if relation.known_on is None else f"{relation.known_on} < d.as_of"
    keys = f"(SELECT DISTINCT spine.{relation.key} AS spine_key, spine.as_of AS as_of FROM spine) d"
    return f"{relation.rows} JOIN {keys} ON d.spine_key = {relation.key_sql} AND {known}"


def group_columns(relation: Relation) -> tuple[str, str]:
    """Return the SQL of the key and the as-of date that rows are grouped by."""
    if relation.per_snapshot:
        return "spine.unit_id", "spine.as_of"
    return relation.key_sql, "d.as_of"


def aggregate_step(
    name: str,
    relation: Relation,
    features: Sequence[Feature],
    dialect: Dialect,
    *,
    extra: Mapping[str, str] | None = None,
) -> Step:
    """Return the step that computes all of a relation's aggregates, plus `extra` SQL aggregates, in one pass."""
    sql_by_name = render_fields(relation, dialect)
    key, as_of = group_columns(relation)
    key_name = "unit_id" if relation.per_snapshot else relation.key
    columns = [f"{key} AS {key_name}", f"{as_of} AS as_of"]
    columns += [f"{sql} AS {extra_name}" for extra_name, sql in (extra or {}).items()]
    columns += [
        f"{aggregate_sql(feature.source, sql_by_name)} AS {feature.name}"
        for feature in features
        if isinstance(feature.source, Aggregate)
    ]
    return Step(
        name,
        f"SELECT {', '.join(columns)} FROM {known_rows(relation)} GROUP BY {key}, {as_of}",
    )


def latest_step(name: str, relation: Relation, feature: Feature, dialect: Dialect) -> Step:
    """Return the step of one `Latest` feature: the value of the last known row, with ties broken by the row's ID."""
    source = feature.source
    if not isinstance(source, Latest):
        raise TypeError(f"feature {feature.name} is not a latest value")
    sql_by_name = render_fields(relation, dialect)
    key, as_of = group_columns(relation)
    where = f" WHERE {substitute(source.where, sql_by_name)}" if source.where else ""
    order = f"{sql_by_name['days_ago']}, {relation.tie} DESC"
    return Step(
        name,
        f"SELECT {relation.key}, as_of, {feature.name} FROM ("
        f"SELECT {key} AS {relation.key}, {as_of} AS as_of, {substitute(source.value, sql_by_name)} AS {feature.name}, "
        f"ROW_NUMBER() OVER (PARTITION BY {key}, {as_of} ORDER BY {order}) AS place "
        f"FROM {known_rows(relation)}{where}) ranked WHERE place = 1",
    )
