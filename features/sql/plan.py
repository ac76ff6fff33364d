"""From a target and a catalog to SQL: the ordered steps whose last one, `frame`, has a row a snapshot.

Pure text; an engine runs it. Every relation is cut to rows known before the snapshot's as-of date where it is first
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payrank.features.dialects.dialect import Dialect
from payrank.features.dialects.identifiers import Has, Step
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
class Plan:
    """The steps to run, and the features that came out null because the extract lacks what they read."""

    steps: tuple[Step, ...]
    unavailable: tuple[str, ...]


def plan_frame(
    target: PaymentTarget | OverturnTarget,
    features: Sequence[Feature],
    as_of: Sequence[date],
    dialect: Dialect,
    has: Has,
    attributes: tuple[str, ...],
    ripe_by: date | None,
    *,
    everyone: bool = False,
) -> Plan:
    """Return the steps of a frame over some as-of dates.

    Parameters
    ----------
    has
        Tells whether the extract holds a `table` or `table.column`; features that read what is absent are null.
    attributes
        Site attributes of the unit's own table.
    ripe_by
        For a training frame: labels are added that were ripe and known before this day, rows without are left out.
    everyone
        Keep the rows without a label too.
    """
    ripe = None if ripe_by is None else f"DATE '{ripe_by.isoformat()}'"
    if isinstance(target, PaymentTarget):
        unit = plan_accounts(target, features, dialect, attributes, ripe)
    else:
        unit = plan_denials(dialect, attributes, ripe)
    available = available_features(features, unit, has)
    usable = [feature for feature in features if feature.name in available]
    every_day = " UNION ALL ".join(f"SELECT DATE '{day.isoformat()}' AS as_of" for day in as_of)
    # One day inside a step is a constant there, which an engine can reckon with before it reads a row.
    days = Step("as_of_dates", every_day, inline=len(as_of) == 1)
    spine = _spine(unit, target, dialect, labeled=ripe is not None, everyone=everyone)
    found, joins = _aggregates(usable, unit, dialect)
    if isinstance(target, PaymentTarget) and any(isinstance(feature.source, RateAtAge) for feature in usable):
        found += paid_at_age(target.horizon_days)
        joins.append(PAID_AT_AGE_JOIN)
    rates = [feature.source for feature in usable if isinstance(feature.source, Rate)]
    found += rate_steps(unit.state, rates)
    joins += rate_joins(rates)
    last = frame_step(features, available, unit, joins, labeled=ripe is not None)
    later = [*spine, *found, last]
    return Plan(
        (days, *unit.before([step.sql for step in later] + joins), *later),
        tuple(feature.name for feature in features if feature.name not in available),
    )


def _spine(
    unit: UnitPlan, target: PaymentTarget | OverturnTarget, dialect: Dialect, *, labeled: bool, everyone: bool
) -> list[Step]:
    """Return the snapshots of the frame: the population, or in training those of it that have a label.

    Of each unit at most as many are kept as the target asks for.
    """
    population = f"SELECT {unit.head}, state.* FROM {unit.state} state WHERE {unit.population}"
    if not labeled:
        return [Step("spine", population)]
    rows = (
        "SELECT s.*, l.label, l.share, l.recovered, l.days_to_outcome, l.known_on FROM population s "
        f"{'LEFT ' if everyone else ''}JOIN labels l ON l.unit_id = s.unit_id AND l.as_of = s.as_of"
    )
    if target.rows_per_unit is not None:
        chance = dialect.text_hash("unit_id || CAST(as_of AS VARCHAR)")
        # Among everyone, a unit with a label is drawn where training draws it.
        labeled_first = "CASE WHEN label IS NULL THEN 1 ELSE 0 END, " if everyone else ""
        rows = (
            "SELECT * FROM (SELECT labeled.*, ROW_NUMBER() OVER "
            f"(PARTITION BY unit_id ORDER BY {labeled_first}{chance}, as_of) AS place FROM ({rows}) labeled) drawn "
            f"WHERE place <= {target.rows_per_unit}"
        )
    return [Step("population", population), Step("labels", unit.labels), Step("spine", rows)]


def _aggregates(features: Sequence[Feature], unit: UnitPlan, dialect: Dialect) -> tuple[list[Step], list[str]]:
    """Return one step a relation, one more for each latest value, and the joins that bring them to the snapshots."""
    steps: list[Step] = []
    joins: list[str] = []
    by_relation: dict[str, list[Feature]] = {}
    for feature in features:
        if isinstance(feature.source, Aggregate):
            by_relation.setdefault(feature.source.relation, []).append(feature)
    if unit.late:
        by_relation.setdefault(unit.late_relation, [])
    for name, members in by_relation.items():
        relation = unit.relations[name]
        key = "unit_id" if relation.per_snapshot else relation.key
        latest = [feature for feature in members if isinstance(feature.source, Latest)]
        plain = [feature for feature in members if not isinstance(feature.source, Latest)]
        late = {f"known_{name}": sql for name, sql in unit.late.items()} if name == unit.late_relation else {}
        made = [latest_step(f"latest_{feature.name}", relation, feature, dialect) for feature in latest]
        if plain or late:
            made.append(aggregate_step(unit.step_of(name), relation, plain, dialect, extra=late))
        steps += made
        joins += [
            f"LEFT JOIN {step.name} ON {step.name}.{key} = spine.{key} AND {step.name}.as_of = spine.as_of"
            for step in made
        ]
    return steps, joins
