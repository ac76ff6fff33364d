"""Frames: one row a snapshot of an account or denial, with features, and for training with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from extracts.ask import ask_row
from extracts.errors import ExtractRefused, WrongUsage
from extracts.extract import Extract
from extracts.metadata import Metadata
from features.account_catalog import ACCOUNT_FEATURES
from features.catalog import Feature, Unit, catalogue_digest, check_catalogue
from features.denial_catalog import DENIAL_FEATURES
from features.dialect import DuckDBDialect
from features.duckdb_engine import run_plan
from features.plan import plan_frame
from features.rate_catalog import site_features
from features.site_features import NO_SITE_FEATURES, SiteFeatures
from features.snapshots import snapshot_days
from features.sql_text import Has
from features.targets import OverturnTarget, PaymentTarget

Definition = PaymentTarget | OverturnTarget

SUBJECT_TABLE = {"account": ("accounts", "opened_on", "paid"), "denial": ("denials", "denied_on", "overturned")}
"""Of each unit: its table, the column of the day on which it was known, and what its outcome is called."""


class Described(Protocol):
    """What says which site attributes it holds: a loaded extract, or an engine's tables."""

    @property
    def metadata(self) -> Metadata:
        """Its `extract.toml`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows and the features that they hold.

    `data` has `unit_id`, `household`, `as_of`, `amount` (dollars at stake, NaN unknown), `age_days`, `row_payer_id`,
    for denials `row_account_id`, then a column a feature: float64 with NaN for unknown, or text with missing values in
    categories. A training frame also has `label` (0 or 1), `share` (0 to 1, NaN unknown), `recovered` (dollars, NaN
    unknown), `days_to_outcome` (whole days from the snapshot to the day on which the outcome happened, NaN where it did
    not) and `known_on` (the first day on which the label could be used). Rows are sorted by as-of date and unit.

    `unavailable` names the features that are null because the extract lacks what they read.
    """

    unit: Unit
    data: pd.DataFrame
    features: tuple[Feature, ...]
    target: Definition
    unavailable: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Digest of the catalogue behind the columns."""
        return catalogue_digest(self.features)


def catalogue(extract: Described, unit: Unit, own: SiteFeatures = NO_SITE_FEATURES) -> tuple[Feature, ...]:
    """Return the catalogue of a unit with the features of the extract's attributes and of the site's settings."""
    table, _, subject = SUBJECT_TABLE[unit]
    ours = ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES
    features = (*ours, *site_features(extract.metadata.attributes.get(table, {}), subject), *own.of(unit))
    check_catalogue(features)
    return features


def nightly_frame(extract: Extract, target: Definition, as_of: date, *, own: SiteFeatures = NO_SITE_FEATURES) -> Frame:
    """Return the frame of everyone in the population as of one day, from rows known before it.

    `own` are the features that the site's settings add to the catalogue.
    """
    return _frame(extract, target, [as_of], None, own)


def training_frame(extract: Extract, target: Definition, as_of: date, *, own: SiteFeatures = NO_SITE_FEATURES) -> Frame:
    """Return the labelled frame over the snapshots whose labels are ripe by the training day.

    `own` are the features that the site's settings add to the catalogue.

    Raises
    ------
    WrongUsage
        When no snapshot is ripe: the extract's history is shorter than the horizon.
    """
    return _frame(extract, target, _ripe_days(extract, target, as_of), as_of, own)


def population_frame(
    extract: Extract, target: Definition, as_of: date, *, own: SiteFeatures = NO_SITE_FEATURES
) -> Frame:
    """Return everyone in the population at the snapshots of `training_frame`; `label` is NaN where there is none.

    The rows with a label are those of `training_frame`. The others tell whom a model was never shown. `rows_per_unit`
    holds for both. Made by the embedded engine only.

    Raises
    ------
    WrongUsage
        When no snapshot is ripe.
    """
    return _frame(extract, target, _ripe_days(extract, target, as_of), as_of, own, everyone=True)


def _ripe_days(extract: Extract, target: Definition, as_of: date) -> list[date]:
    days = snapshot_days(target, as_of, first_known(extract, target.unit))
    if not days:
        raise WrongUsage(
            f"no {target.unit} snapshot is ripe as of {as_of}: a snapshot needs {target.history_days} days of history "
            f"before it and {target.ripe_after_days} days after it; train as of a later day, or lower history_days or "
            "the horizon in the settings"
        )
    return days


def first_known(extract: Extract, unit: Unit) -> date:
    """Return the first day on which the unit's table knew a row; ExtractRefused when it has none."""
    table, column, _ = SUBJECT_TABLE[unit]
    (first,) = ask_row(extract.connection, f"SELECT MIN({column}) FROM {table}")
    if first is None:
        raise ExtractRefused(f"table {table} has no rows, so there is no {unit} to look at; export it and try again")
    return date.fromisoformat(str(first))


def _frame(
    extract: Extract,
    target: Definition,
    days: Sequence[date],
    ripe_by: date | None,
    own: SiteFeatures,
    *,
    everyone: bool = False,
) -> Frame:
    features = catalogue(extract, target.unit, own)
    attributes = tuple(extract.metadata.attributes.get(SUBJECT_TABLE[target.unit][0], {}))
    plan = plan_frame(target, features, days, DuckDBDialect(), holds(extract), attributes, ripe_by, everyone=everyone)
    data = run_plan(extract.connection, plan, features)
    return Frame(target.unit, data, features, target, plan.unavailable)


def holds(extract: Extract) -> Has:
    """Return what tells whether the extract holds a `table` or a `table.column`."""

    def has(need: str) -> bool:
        table, _, column = need.partition(".")
        return extract.has(table, column) if column else extract.has(table)

    return has
