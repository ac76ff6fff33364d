"""Frames: one row a snapshot of an account or denial, with features, and for training with labels."""

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
from payrank.features.dialects.identifiers import Has
from payrank.features.feature import Feature, Unit, catalog_digest, check_catalog
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures
from payrank.features.targets import OverturnTarget, PaymentTarget

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
        """Digest of the catalog behind the columns."""
        return catalog_digest(self.features)


def catalog(extract: Described, unit: Unit, site_features: SiteFeatures = NO_SITE_FEATURES) -> tuple[Feature, ...]:
    """Return the catalog of a unit with the features of the extract's attributes and of the site's settings."""
    table, _, subject = SUBJECT_TABLE[unit]
    ours = ACCOUNT_FEATURES if unit == "account" else DENIAL_FEATURES
    features = (
        *ours,
        *attribute_features(extract.metadata.attributes.get(table, {}), subject),
        *site_features.of(unit),
    )
    check_catalog(features)
    return features


def first_known(extract: Extract, unit: Unit) -> date:
    """Return the first day on which the unit's table knew a row; ExtractRefusedError when it has none."""
    table, column, _ = SUBJECT_TABLE[unit]
    (first,) = fetch_one_row(extract.connection, f"SELECT MIN({column}) FROM {table}")
    if first is None:
        raise ExtractRefusedError(
            f"table {table} has no rows, so there is no {unit} to look at; export it and try again"
        )
    return date.fromisoformat(str(first))


def holds(extract: Extract) -> Has:
    """Return what tells whether the extract holds a `table` or a `table.column`."""

    def has(need: str) -> bool:
        table, _, column = need.partition(".")
        return extract.has(table, column) if column else extract.has(table)

    return has
