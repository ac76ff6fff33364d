"""The public Python functions for features: from an extract or tables in memory to a typed DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import pandas as pd

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.extracts.extract import Extract
from payrank.extracts.in_memory import load_tables
from payrank.extracts.load.load_extract import load_extract
from payrank.features.build_frames import nightly_frame as make_nightly_frame
from payrank.features.build_frames import training_frame as make_training_frame
from payrank.features.check_as_of import check_day
from payrank.features.feature import UNITS, Feature, Unit
from payrank.features.frame import UNIT_KEYS, Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures, read_site_features
from payrank.features.sources import Count, CountDistinct, DaysSinceFirst, DaysSinceLast
from payrank.features.targets import OverturnTarget, PaymentTarget

if TYPE_CHECKING:
    import pyarrow as pa

Tables = Mapping[str, "pd.DataFrame | pa.Table"]
Source = Extract | Path | str | Tables
"""A loaded extract; a folder or a database address; or tables in memory by name."""
SiteFeaturesLike = SiteFeatures | Mapping[str, Any]

_WHOLE_NUMBERS = (Count, CountDistinct, DaysSinceLast, DaysSinceFirst)


@dataclass(frozen=True, slots=True)
class TrainingFrame(Frame):
    """A labeled frame with the parts that scikit-learn needs, all in the same row order.

    The index of every part is the unit's key, `account_id` or `denial_id`. `payrank.train` accepts the whole object; it
    reads `data`, where the key column is named `unit_id` for every unit.
    """

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 - scikit-learn's name
        """Features that are model inputs, with the dtypes of `build_features`."""
        return with_dtypes(self, [feature for feature in self.features if feature.modeled])

    @property
    def y(self) -> pd.Series:
        """Outcome, 0 or 1."""
        return self._column("label").astype("int8")

    @property
    def groups(self) -> pd.Series:
        """Household of each row. Never split one household between training and validation."""
        return self._column("household").astype("str")

    @property
    def times(self) -> pd.Series:
        """As-of date of each row, oldest first. Validate on later dates."""
        return self._column("as_of")

    @property
    def known_on(self) -> pd.Series:
        """First day on which a row's label may be used."""
        return self._column("known_on")

    def _column(self, name: str) -> pd.Series:
        column: pd.Series = self.data.set_index("unit_id").rename_axis(UNIT_KEYS[self.unit])[name]
        return column


@overload
def build_features(
    source: Source,
    *,
    as_of: date | str,
    unit: Unit = ...,
    target: Definition | None = ...,
    site_features: SiteFeaturesLike = ...,
) -> pd.DataFrame: ...
@overload
def build_features(
    source: Source,
    *,
    as_of: date | str,
    unit: Unit = ...,
    target: Definition | None = ...,
    site_features: SiteFeaturesLike = ...,
    form: Literal["arrow"],
) -> pa.Table: ...
def build_features(
    source: Source,
    *,
    as_of: date | str,
    unit: Unit = "account",
    target: Definition | None = None,
    site_features: SiteFeaturesLike = NO_SITE_FEATURES,
    form: Literal["pandas", "arrow"] = "pandas",
) -> pd.DataFrame | pa.Table:
    """Return the features of the whole population as of a date, from rows known before it.

    Parameters
    ----------
    source
        A loaded extract, a folder, a database address, or a dict of DataFrames or Arrow tables by table name. Tables in
        memory must meet the same contract.
    as_of
        The date, or its ISO text.
    unit
        `account` or `denial`.
    target
        Horizon and population; the defaults of the unit if None.
    site_features
        Features that the site defines: from the settings, or the records of `[[features.account]]` as dicts.
    form
        `pandas`, or `arrow` for an Arrow table with the key as its first column.

    Returns
    -------
    DataFrame or pyarrow.Table
        One row per account or denial and one column per feature; the index is `account_id` or `denial_id`. Dollars,
        shares, and rates are float64 with NaN for unknown. Counts of rows, and days since the first or last row, are
        Int64; yes/no is boolean; both with <NA> for unknown. Categories are category.

    Raises
    ------
    WrongUsageError
        When the unit, a table, or a site feature is unknown, or the date is outside the days that the source covers.
    ExtractRefusedError
        When the tables break the contract.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.to_datetime
    >>> tables = {
    ...     "accounts": pd.DataFrame({"account_id": ["A"], "guarantor_id": ["G"], "opened_on": day(["2026-01-05"])}),
    ...     "transactions": pd.DataFrame({
    ...         "transaction_id": ["1", "2"], "account_id": ["A", "A"], "posted_on": day(["2026-01-06", "2026-03-01"]),
    ...         "kind": ["charge", "patient_payment"], "amount": [120.0, -20.0], "responsibility": ["patient"] * 2,
    ...     }),
    ... }
    >>> names = ["patient_balance", "payment_count", "days_since_payment"]
    >>> build_features(tables, as_of="2026-03-01")[names].to_dict("index")
    {'A': {'patient_balance': 120.0, 'payment_count': 0, 'days_since_payment': nan}}
    >>> build_features(tables, as_of="2026-03-02")[names].to_dict("index")
    {'A': {'patient_balance': 100.0, 'payment_count': 1, 'days_since_payment': 1.0}}
    """
    with _open_source(source) as extract:
        definition, day = _choose_target(unit, target), _parse_day(as_of)
        check_day(extract, definition.unit, day)
        frame = make_nightly_frame(extract, definition, day, site_features=_parse_site_features(site_features))
    data = with_dtypes(frame, frame.features)
    if form == "arrow":
        import pyarrow as pa  # noqa: PLC0415 - only this form needs it

        return pa.Table.from_pandas(data.reset_index(), preserve_index=False).replace_schema_metadata(None)
    return data


def training_frame(
    source: Source,
    target: Definition | None = None,
    as_of: date | str | None = None,
    *,
    unit: Unit = "account",
    site_features: SiteFeaturesLike = NO_SITE_FEATURES,
) -> TrainingFrame:
    """Return the labeled frame over the snapshots whose labels have matured by the training day.

    Parameters
    ----------
    source, site_features
        As in `build_features`.
    target
        Horizon, population, and grid of snapshots; the defaults of `unit` if None.
    as_of
        The training day, or its ISO text. None takes the as-of date of the source's `extract.toml`.

    Returns
    -------
    TrainingFrame
        `X`, `y`, `groups`, and `times` for scikit-learn; `data` has all columns.

    Raises
    ------
    WrongUsageError
        When no snapshot has matured because the history is shorter than the horizon, or when the date is missing or
        outside the days that the source covers.
    ExtractRefusedError
        When the tables break the contract.
    """
    with _open_source(source) as extract:
        day = _parse_day(as_of) if as_of is not None else extract.metadata.as_of
        if day is None:
            raise WrongUsageError(
                "as_of is missing, and the source has no as-of date of its own; pass the training day as as_of=..."
            )
        definition = _choose_target(unit, target)
        check_day(extract, definition.unit, day)
        frame = make_training_frame(extract, definition, day, site_features=_parse_site_features(site_features))
    return TrainingFrame(frame.unit, frame.data, frame.features, frame.target, frame.unavailable)


def with_dtypes(frame: Frame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return feature columns of a frame with the dtype of each unit; the index is `account_id` or `denial_id`."""
    columns = {feature.name: _convert(frame.data[feature.name], feature) for feature in features}
    data = pd.DataFrame(columns, copy=False)
    data.index = pd.Index(frame.data["unit_id"].astype("str"), name=UNIT_KEYS[frame.unit])
    return data


def _convert(values: pd.Series, feature: Feature) -> pd.Series:
    if feature.is_category:
        return values.astype("category")
    if feature.unit == "yes/no":
        return values.astype("boolean")
    if isinstance(feature.source, _WHOLE_NUMBERS):
        return values.astype("Int64")
    return values


@contextmanager
def _open_source(source: Source) -> Iterator[Extract]:
    """Yield the extract, and close it at the end if it was opened here."""
    if isinstance(source, Extract):
        yield source
        return
    if isinstance(source, Mapping):
        extract = load_tables(source)
    elif isinstance(source, str | Path):
        extract = load_extract(source)
    else:
        raise WrongUsageError(
            f"the source is of type {type(source).__name__}; allowed: a loaded extract, a folder, a database address, "
            "or a dict of tables"
        )
    with extract:
        yield extract


def _choose_target(unit: str, target: Definition | None) -> Definition:
    if target is not None:
        return target
    if unit not in UNITS:
        raise WrongUsageError(f"unknown unit {unit!r}; {did_you_mean(unit, UNITS)}")
    return PaymentTarget() if unit == "account" else OverturnTarget()


def _parse_day(day: date | str) -> date:
    try:
        return date.fromisoformat(str(day)[:10]) if isinstance(day, str) else date(day.year, day.month, day.day)
    except (ValueError, AttributeError):
        raise WrongUsageError(f"{day!r:.40} is not a date; allowed: a date, or text such as 2026-11-20") from None


def _parse_site_features(site_features: SiteFeaturesLike) -> SiteFeatures:
    if isinstance(site_features, SiteFeatures):
        return site_features
    return read_site_features(site_features, "site_features")
