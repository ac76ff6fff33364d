"""The last step of a plan: one row per snapshot and one column per feature."""

from __future__ import annotations

from collections.abc import Sequence

from payrank.features.dialects.identifiers import Step, substitute
from payrank.features.feature import Feature
from payrank.features.relations.account_state import paid_at_age_sql
from payrank.features.sources import Aggregate, Count, CountDistinct, Derived, Latest, Rate, RateAtAge, Snapshot, Sum
from payrank.features.sql.rates import rate_sql
from payrank.features.sql.units import UnitPlan

KEY_COLUMNS = ("unit_id", "household", "as_of", "amount", "age_days")
LABELS = ("label", "share", "recovered", "days_to_outcome")


def frame_step(
    features: Sequence[Feature], available: set[str], unit: UnitPlan, joins: Sequence[str], *, labeled: bool
) -> Step:
    """Return the step `frame`. Features that are not available are null."""
    labels = LABELS if labeled else ()
    columns = [f"spine.{name} AS {name}" for name in KEY_COLUMNS]
    columns += [f"spine.{name} AS row_{name}" for name in unit.ids]
    columns += [f"CAST(spine.{name} AS DOUBLE PRECISION) AS {name}" for name in labels]
    if labeled:
        columns.append("spine.known_on AS known_on")
    derived = []
    for feature in features:
        kind = "VARCHAR" if feature.is_category else "DOUBLE PRECISION"
        source = feature.source
        if isinstance(source, Derived) and feature.name in available:
            derived.append(f"CAST({source.expression} AS {kind}) AS {feature.name}")
        else:
            value = _value(feature, unit) if feature.name in available else "NULL"
            columns.append(f"CAST({value} AS {kind}) AS {feature.name}")
    sql = f"SELECT {', '.join(columns)} FROM spine {' '.join(joins)}"
    if derived:
        sql = f"SELECT plain.*, {', '.join(derived)} FROM ({sql}) plain"
    return Step("frame", sql)


def _value(feature: Feature, unit: UnitPlan) -> str:
    source = feature.source
    if isinstance(source, Snapshot):
        return substitute(source.value, unit.column_sql())
    if isinstance(source, Rate):
        return rate_sql(source)
    if isinstance(source, RateAtAge):
        return paid_at_age_sql(source)
    if isinstance(source, Aggregate):
        return _aggregate_column(feature.name, source, unit)
    raise TypeError(f"feature {feature.name} is derived, so it is computed from other columns")


def _aggregate_column(name: str, source: Aggregate, unit: UnitPlan) -> str:
    if isinstance(source, Latest):
        return f"latest_{name}.{name}"
    column = f"{unit.step_name(source.relation)}.{name}"
    if isinstance(source, Count | CountDistinct | Sum):
        # No rows means a count of 0, but an unknown key (a denial without an account) means an unknown count.
        return f"CASE WHEN spine.{unit.relations[source.relation].key} IS NOT NULL THEN COALESCE({column}, 0) END"
    return column
