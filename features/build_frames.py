"""Frames from a loaded extract: everyone in the population on one day, or labeled snapshots of many days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from payrank.extracts.errors import WrongUsageError
from payrank.extracts.extract import Extract
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.frame import SUBJECT_TABLE, Definition, Frame, catalog, first_known, holds
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.snapshots import snapshot_days
from payrank.features.sql.plan import plan_frame


def nightly_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return the frame of everyone in the population as of one day, from rows known before it.

    `site_features` are the features that the site's settings add to the catalog.
    """
    return _frame(extract, target, [as_of], None, site_features)


def training_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return the labeled frame over the snapshots whose labels are ripe by the training day.

    `site_features` are the features that the site's settings add to the catalog.

    Raises
    ------
    WrongUsageError
        When no snapshot is ripe: the extract's history is shorter than the horizon.
    """
    return _frame(extract, target, _ripe_days(extract, target, as_of), as_of, site_features)


def population_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return everyone in the population at the snapshots of `training_frame`; `label` is NaN where there is none.

    The rows with a label are those of `training_frame`. The others tell whom a model was never shown. `rows_per_unit`
    holds for both. Made by the embedded engine only.

    Raises
    ------
    WrongUsageError
        When no snapshot is ripe.
    """
    return _frame(extract, target, _ripe_days(extract, target, as_of), as_of, site_features, everyone=True)


def _ripe_days(extract: Extract, target: Definition, as_of: date) -> list[date]:
    days = snapshot_days(target, as_of, first_known(extract, target.unit))
    if not days:
        raise WrongUsageError(
            f"no {target.unit} snapshot is ripe as of {as_of}: a snapshot needs {target.history_days} days of history "
            f"before it and {target.label_lag_days} days after it; train as of a later day, or lower history_days or "
            "the horizon in the settings"
        )
    return days


def _frame(
    extract: Extract,
    target: Definition,
    days: Sequence[date],
    ripe_by: date | None,
    site_features: SiteFeatures,
    *,
    everyone: bool = False,
) -> Frame:
    features = catalog(extract, target.unit, site_features)
    attributes = tuple(extract.metadata.attributes.get(SUBJECT_TABLE[target.unit][0], {}))
    plan = plan_frame(target, features, days, DuckDBDialect(), holds(extract), attributes, ripe_by, everyone=everyone)
    data = run_plan(extract.connection, plan, features)
    return Frame(target.unit, data, features, target, plan.unavailable)
