"""The plan of a frame over tables that an engine holds: what to compute, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from payrank.extracts.contract.metadata import Metadata
from payrank.extracts.errors import ExtractRefusedError, WrongUsageError
from payrank.extracts.extract import TableState
from payrank.features.check_as_of import check_between
from payrank.features.dialects.dialect import Dialect
from payrank.features.feature import Feature, Unit
from payrank.features.frame import SUBJECT_TABLE, Definition, catalog
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.snapshots import snapshot_days
from payrank.features.sql.plan import Plan, plan_frame


class Holder(Protocol):
    """An engine that holds judged canonical tables."""

    dialect: Dialect
    metadata: Metadata
    tables: Mapping[str, TableState]

    def ask(self, sql: str) -> Sequence[Sequence[object]]:
        """Run a query that gives a few rows."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a frame is to be: its features and the steps that compute them."""

    target: Definition
    features: tuple[Feature, ...]
    plan: Plan


def plan_on(
    holder: Holder,
    target: Definition,
    as_of: date,
    *,
    labeled: bool,
    site_features: SiteFeatures = NO_SITE_FEATURES,
    grace_days: int | None = None,
) -> Planned:
    """Plan the nightly frame as of a day, or the labeled frame of a training day.

    Parameters
    ----------
    grace_days
        Days by which the tables may be older than the day, which must lie after the unit's first; None takes any day,
        and a day outside what the tables know has an empty or a poorer frame.

    Raises
    ------
    WrongUsageError
        When a labeled frame has no ripe snapshot, or the day is outside what the tables know.
    ExtractRefusedError
        When the unit's table is empty.
    """
    table = SUBJECT_TABLE[target.unit][0]
    if grace_days is not None:
        check_between(target.unit, as_of, _first_known(holder, target.unit), holder.metadata.as_of, grace_days)
    days = snapshot_days(target, as_of, _first_known(holder, target.unit)) if labeled else [as_of]
    if not days:
        raise WrongUsageError(
            f"no {target.unit} snapshot is ripe as of {as_of}: a snapshot needs {target.history_days} days of history "
            f"before it and {target.label_lag_days} days after it; train as of a later day, or lower history_days or "
            "the horizon in the settings"
        )
    features = catalog(holder, target.unit, site_features)

    def has(need: str) -> bool:
        name, _, column = need.partition(".")
        state = holder.tables[name]
        return state.present and column not in state.absent_columns

    attributes = tuple(holder.metadata.attributes.get(table, {}))
    plan = plan_frame(target, features, days, holder.dialect, has, attributes, as_of if labeled else None)
    return Planned(target, features, plan)


def _first_known(holder: Holder, unit: Unit) -> date:
    table, known_on, _ = SUBJECT_TABLE[unit]
    ((first,),) = holder.ask(f"SELECT MIN({known_on}) FROM {table}")
    if first is None:
        raise ExtractRefusedError(f"table {table} has no rows, so there is no {unit} to look at; fill it and try again")
    return date.fromisoformat(str(first))
