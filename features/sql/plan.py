"""Render a target and a catalog as SQL: ordered steps, the last of which, `frame`, has one row per snapshot.

The result is pure text for an engine to run. Every relation is limited to rows known before the snapshot's as-of date
where it is first read, so no later step can see the future.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import IsAvailable, Step
from payrank.features.feature import Feature
from payrank.features.relations.account_state import PAID_AT_AGE_JOIN, paid_at_age
from payrank.features.sources import Aggregate, Latest, Rate, RateAtAge
from payrank.features.sql.aggregate import aggregate_step, latest_step
from payrank.features.sql.availability import available_features
from payrank.features.sql.frame_step import frame_step
from payrank.features.sql.rates import rate_joins, rate_steps
from payrank.features.sql.units import UnitPlan, plan_accounts, plan_denials
from payrank.features.targets import OverturnTarget, PaymentTarget


@dataclass(frozen=True, slots=True)
class SqlPlan:
    """The steps to run, and the features that are null because the extract lacks a table or column that they read."""

    steps: tuple[Step, ...]
    unavailable: tuple[str, ...]


def plan_sql(
    target: PaymentTarget | OverturnTarget,
    features: Sequence[Feature],
    as_of: Sequence[date],
    dialect: Dialect,
    is_available: IsAvailable,
    attributes: tuple[str, ...],
    matured_by: date | None,
    *,
    everyone: bool = False,
) -> SqlPlan:
    """Return the steps of a frame over some as-of dates.

    Parameters
    ----------
    is_available
        Says whether the extract has a `table` or `table.column`. Features that read anything missing are null.
    attributes
        Site attributes of the unit's own table.
    matured_by
        The training day of a training frame, which adds the labels that matured before it and drops rows without one.
        None for a nightly frame.
    everyone
        Keep rows without a label too.
    """
    training_day = None if matured_by is None else f"DATE '{matured_by.isoformat()}'"
    if isinstance(target, PaymentTarget):
        unit = plan_accounts(target, features, dialect, attributes, training_day)
    else:
        unit = plan_denials(dialect, attributes, training_day)
    available = available_features(features, unit, is_available)
    usable = [feature for feature in features if feature.name in available]
    dates = " UNION ALL ".join(f"SELECT DATE '{day.isoformat()}' AS as_of" for day in as_of)
    # A single date inlined into its readers is a constant, which an engine can use before it reads a row.
    days = Step("as_of_dates", dates, inline=len(as_of) == 1)
    spine = _spine(unit, target, dialect, labeled=training_day is not None, everyone=everyone)
    steps, joins = _aggregates(usable, unit, dialect)
    if isinstance(target, PaymentTarget) and any(isinstance(feature.source, RateAtAge) for feature in usable):
        steps += paid_at_age(target.horizon_days)
        joins.append(PAID_AT_AGE_JOIN)
    rates = [feature.source for feature in usable if isinstance(feature.source, Rate)]
    steps += rate_steps(unit.state, rates)
    joins += rate_joins(rates)
    last = frame_step(features, available, unit, joins, labeled=training_day is not None)
    later = [*spine, *steps, last]
    return SqlPlan(
        (days, *unit.state_steps([step.sql for step in later] + joins), *later),
        tuple(feature.name for feature in features if feature.name not in available),
    )


def _spine(
    unit: UnitPlan, target: PaymentTarget | OverturnTarget, dialect: Dialect, *, labeled: bool, everyone: bool
) -> list[Step]:
    """Return the steps of the frame's snapshots: the population, or in training the part of it with a label.

    At most `rows_per_unit` snapshots of each unit are kept.
    """
    population = f"SELECT {unit.key_columns}, state.* FROM {unit.state} state WHERE {unit.population}"
    if not labeled:
        return [Step("spine", population)]
    rows = (
        "SELECT s.*, l.label, l.share, l.recovered, l.days_to_outcome, l.known_on FROM population s "
        f"{'LEFT ' if everyone else ''}JOIN labels l ON l.unit_id = s.unit_id AND l.as_of = s.as_of"
    )
    if target.rows_per_unit is not None:
        # A hash draws the same snapshots on every engine and in every run, unlike a random number.
        draw = dialect.text_hash("unit_id || CAST(as_of AS VARCHAR)")
        # With everyone in the frame, a unit with a label keeps the snapshot that training draws.
        labeled_first = "CASE WHEN label IS NULL THEN 1 ELSE 0 END, " if everyone else ""
        rows = (
            "SELECT * FROM (SELECT labeled.*, ROW_NUMBER() OVER "
            f"(PARTITION BY unit_id ORDER BY {labeled_first}{draw}, as_of) AS place FROM ({rows}) labeled) drawn "
            f"WHERE place <= {target.rows_per_unit}"
        )
    return [Step("population", population), Step("labels", unit.labels), Step("spine", rows)]


def _aggregates(features: Sequence[Feature], unit: UnitPlan, dialect: Dialect) -> tuple[list[Step], list[str]]:
    """Return one step per relation, one more per latest value, and the joins that attach them to the snapshots."""
    steps: list[Step] = []
    joins: list[str] = []
    by_relation: dict[str, list[Feature]] = {}
    for feature in features:
        if isinstance(feature.source, Aggregate):
            by_relation.setdefault(feature.source.relation, []).append(feature)
    if unit.deferred_columns:
        by_relation.setdefault(unit.deferred_relation, [])
    for name, members in by_relation.items():
        relation = unit.relations[name]
        key = "unit_id" if relation.per_snapshot else relation.key
        latest = [feature for feature in members if isinstance(feature.source, Latest)]
        plain = [feature for feature in members if not isinstance(feature.source, Latest)]
        deferred = unit.deferred_columns.items() if name == unit.deferred_relation else ()
        extra = {f"known_{column}": sql for column, sql in deferred}
        added = [latest_step(f"latest_{feature.name}", relation, feature, dialect) for feature in latest]
        if plain or extra:
            added.append(aggregate_step(unit.step_name(name), relation, plain, dialect, extra=extra))
        steps += added
        joins += [
            f"LEFT JOIN {step.name} ON {step.name}.{key} = spine.{key} AND {step.name}.as_of = spine.as_of"
            for step in added
        ]
    return steps, joins
