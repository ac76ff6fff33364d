"""Plan a frame over an engine's tables: what to compute, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from payrank.extracts.contract.metadata import Metadata
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.extract import TableState
from payrank.features.check_as_of import check_between
from payrank.features.dialects.dialect import Dialect
from payrank.features.feature import Feature, Unit
from payrank.features.frame import SUBJECT_TABLE, Definition, build_catalog
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.snapshots import require_snapshot_days
from payrank.features.sql.plan import SqlPlan, plan_sql


class EngineTables(Protocol):
    """An engine's validated canonical tables."""

    dialect: Dialect
    metadata: Metadata
    tables: Mapping[str, TableState]

    def query(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that returns a few rows."""


@dataclass(frozen=True, slots=True)
class FramePlan:
    """A frame before it is computed: its features and the SQL steps that compute them."""

    target: Definition
    features: tuple[Feature, ...]
    sql: SqlPlan


def plan_frame(
    tables: EngineTables,
    target: Definition,
    as_of: date,
    *,
    labeled: bool,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    grace_days: int | None = None,
) -> FramePlan:
    """Plan the nightly frame as of a date, or the labeled frame of a training day.

    Parameters
    ----------
    grace_days
        Days by which the tables may be older than the as-of date, which must also be after the unit's first row. None
        accepts any date; the frame of a date out of range is empty or incomplete.

    Raises
    ------
    WrongUsageError
        When no snapshot of a labeled frame has matured, or the date is out of range.
    ExtractRefusedError
        When the unit's table is empty.
    """
    if grace_days is not None:
        check_between(target.unit, as_of, _first_known(tables, target.unit), tables.metadata.as_of, grace_days)
    days = [as_of]
    if labeled:
        days = require_snapshot_days(target, as_of, _first_known(tables, target.unit))
    features = build_catalog(tables, target.unit, site_features)

    def is_available(need: str) -> bool:
        name, _, column = need.partition(".")
        state = tables.tables[name]
        return state.present and column not in state.absent_columns

    attributes = tuple(tables.metadata.attributes.get(SUBJECT_TABLE[target.unit][0], {}))
    sql = plan_sql(target, features, days, tables.dialect, is_available, attributes, as_of if labeled else None)
    return FramePlan(target, features, sql)


def _first_known(tables: EngineTables, unit: Unit) -> date:
    table, known_on, _ = SUBJECT_TABLE[unit]
    ((first,),) = tables.query(f"SELECT MIN({known_on}) FROM {table}")
    if first is None:
        raise ExtractRefusedError(
            f"table {table} has no rows, so there is no {unit} to score. Load its rows and try again"
        )
    return date.fromisoformat(str(first))
