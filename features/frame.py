"""Frames: one row per account or denial and snapshot, with features, and with labels for training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from payrank.extracts.contract.metadata import Metadata
from payrank.extracts.errors import ExtractRefusedError
from payrank.extracts.extract import Extract
from payrank.extracts.fetch_row import fetch_one_row
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.catalog.rates import attribute_features
from payrank.features.dialects.identifiers import IsAvailable
from payrank.features.feature import Feature, Unit, catalog_digest, check_catalog
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.targets import OverturnTarget, PaymentTarget

Definition = PaymentTarget | OverturnTarget

SUBJECT_TABLE = {"account": ("accounts", "opened_on", "paid"), "denial": ("denials", "denied_on", "overturned")}
"""Unit to its table, the column with the day its rows became known, and the name of its outcome."""

UNIT_KEYS = {"account": "account_id", "denial": "denial_id"}
"""Unit to the key column of frames that leave this package. Inside, the column is `unit_id` for every unit."""


class HasMetadata(Protocol):
    """Anything that declares site attributes: a loaded extract, or an engine's tables."""

    @property
    def metadata(self) -> Metadata:
        """Contents of `extract.toml`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows and their features.

    Attributes
    ----------
    unit
        `account` or `denial`.
    data
        Columns `unit_id`, `household`, `as_of`, `amount` (dollars at stake, NaN unknown), `age_days`, `row_payer_id`,
        for denials `row_account_id`, then one column per feature: float64 with NaN for unknown, or text with missing
        values for categories. A training frame also has `label` (0 or 1), `share` (0 to 1, NaN unknown), `recovered`
        (dollars, NaN unknown), `days_to_outcome` (whole days from the snapshot to the outcome, NaN without one), and
        `known_on` (the first day on which the label may be used). Rows are sorted by as-of date and unit.
    features
        The catalog behind the columns.
    target
        Population, horizon, and grid of snapshots.
    unavailable
        Features that are null because the extract lacks a table or column that they read.
    """

    unit: Unit
    data: pd.DataFrame
    features: tuple[Feature, ...]
    target: Definition
    unavailable: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Digest of the catalog behind the columns."""
        return catalog_digest(self.features)


def build_catalog(
    source: HasMetadata, unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES
) -> tuple[Feature, ...]:
    """Return the catalog of a unit, plus the features of site attributes and those that the site's settings define.

    Raises
    ------
    WrongUsageError
        When two features have the same name.
    """
    table, _, outcome = SUBJECT_TABLE[unit]
    features = (
        *(ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES),
        *attribute_features(source.metadata.attributes.get(table, {}), outcome),
        *site_features.for_unit(unit),
    )
    check_catalog(features)
    return features


def first_known(extract: Extract, unit: Unit) -> date:
    """Return the day on which the unit's first row became known.

    Raises
    ------
    ExtractRefusedError
        When the unit's table has no rows.
    """
    table, column, _ = SUBJECT_TABLE[unit]
    (first,) = fetch_one_row(extract.connection, f"SELECT MIN({column}) FROM {table}")
    if first is None:
        raise ExtractRefusedError(f"table {table} has no rows, so there is no {unit} to score. Export it and try again")
    return date.fromisoformat(str(first))


def make_is_available(extract: Extract) -> IsAvailable:
    """Return the function that says whether the extract has a `table` or a `table.column`."""

    def is_available(need: str) -> bool:
        table, _, column = need.partition(".")
        return extract.has(table, column) if column else extract.has(table)

    return is_available


def key_by_unit(data: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Return a frame's data with the unit's key, `account_id` or `denial_id`, in place of `unit_id`."""
    return data.rename(columns={"unit_id": UNIT_KEYS[unit]})
