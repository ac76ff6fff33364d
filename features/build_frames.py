"""Frames from a loaded extract: the whole population on one day, or labeled snapshots of many days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from payrank.extracts.extract import Extract
from payrank.features.dialects.dialect import DuckDBDialect
from payrank.features.engines.duckdb import run_plan
from payrank.features.frame import SUBJECT_TABLE, Definition, Frame, build_catalog, first_known, make_is_available
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.snapshots import require_snapshot_days
from payrank.features.sql.plan import plan_sql


def nightly_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return the frame of the whole population as of one day, from rows known before it.

    Parameters
    ----------
    extract
        A loaded extract.
    target
        `PaymentTarget` for accounts or `OverturnTarget` for denials.
    as_of
        Only rows known before this day count.
    site_features
        The features that the site's settings add to the catalog.

    Returns
    -------
    Frame
        `data` has one row per account with a patient balance, or per open denial, and one column per feature. It has no
        labels.

    Raises
    ------
    WrongUsageError
        When a site feature has the name of one in the catalog.
    """
    return _frame(extract, target, [as_of], None, site_features)


def training_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return the labeled frame over the snapshots whose labels have matured by the training day.

    `site_features` are the features that the site's settings add to the catalog.

    Raises
    ------
    WrongUsageError
        When no snapshot has matured: the extract's history is shorter than the horizon.
    """
    return _frame(extract, target, _matured_days(extract, target, as_of), as_of, site_features)


def population_frame(
    extract: Extract, target: Definition, as_of: date, *, site_features: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return the whole population at the snapshots of `training_frame`; `label` is NaN for rows without an outcome.

    The rows with a label are the rows of `training_frame`. The others are cases that a model never saw. `rows_per_unit`
    applies to both. Only the embedded engine builds this frame.

    Raises
    ------
    WrongUsageError
        When no snapshot has matured.
    """
    return _frame(extract, target, _matured_days(extract, target, as_of), as_of, site_features, everyone=True)


def _matured_days(extract: Extract, target: Definition, as_of: date) -> list[date]:
    return require_snapshot_days(target, as_of, first_known(extract, target.unit))


def _frame(
    extract: Extract,
    target: Definition,
    days: Sequence[date],
    matured_by: date | None,
    site_features: SiteFeatures,
    *,
    everyone: bool = False,
) -> Frame:
    features = build_catalog(extract, target.unit, site_features)
    attributes = tuple(extract.metadata.attributes.get(SUBJECT_TABLE[target.unit][0], {}))
    plan = plan_sql(
        target,
        features,
        days,
        DuckDBDialect(),
        make_is_available(extract),
        attributes,
        matured_by,
        everyone=everyone,
    )
    data = run_plan(extract.connection, plan, features)
    return Frame(target.unit, data, features, target, plan.unavailable)
