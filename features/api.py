"""Frames as a data scientist wants them: from whatever holds the tables, to a DataFrame with dtypes that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from payrank.features.frame import Definition, Frame
from payrank.features.site.features import NO_SITE_FEATURES, SiteFeatures, read_site_features
from payrank.features.sources import Count, CountDistinct, DaysSinceFirst, DaysSinceLast
from payrank.features.targets import OverturnTarget, PaymentTarget

if TYPE_CHECKING:
    import pyarrow as pa

Tables = Mapping[str, "pd.DataFrame | pa.Table"]
Source = Extract | Path | str | Tables
"""A loaded extract; a folder or a database's address; or tables in memory, by name."""
Own = SiteFeatures | Mapping[str, Any]

_WHOLE = (Count, CountDistinct, DaysSinceLast, DaysSinceFirst)


@dataclass(frozen=True, slots=True)
class TrainingFrame(Frame):
    """A labeled frame with the parts that scikit-learn asks for, row by row in the same order.

    `payrank.train` takes it as it is.
    """

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802 - the name that scikit-learn gives it
        """Features that may be a model's input, with the dtypes of `features`; index `unit_id`."""
        return with_dtypes(self, [feature for feature in self.features if feature.modeled])

    @property
    def y(self) -> pd.Series:
        """Outcome, 0 or 1."""
        return self._column("label").astype("int8")

    @property
    def groups(self) -> pd.Series:
        """Household of each row: rows of one must not be split between training and validation."""
        return self._column("household").astype("str")

    @property
    def times(self) -> pd.Series:
        """As-of day of each row, oldest first: validate on later days."""
        return self._column("as_of")

    @property
    def known_on(self) -> pd.Series:
        """First day on which a row's label may be used."""
        return self._column("known_on")

    def _column(self, name: str) -> pd.Series:
        column: pd.Series = self.data.set_index("unit_id")[name]
        return column


@overload
def build_features(
    source: Source, *, as_of: date | str, unit: Unit = ..., target: Definition | None = ..., site_features: Own = ...
) -> pd.DataFrame: ...
@overload
def build_features(
    source: Source,
    *,
    as_of: date | str,
    unit: Unit = ...,
    target: Definition | None = ...,
    site_features: Own = ...,
    form: Literal["arrow"],
) -> pa.Table: ...
def build_features(
    source: Source,
    *,
    as_of: date | str,
    unit: Unit = "account",
    target: Definition | None = None,
    site_features: Own = NO_SITE_FEATURES,
    form: Literal["pandas", "arrow"] = "pandas",
) -> pd.DataFrame | pa.Table:
    """Return the features of everyone in the population as of a day, from rows known before it.

    Parameters
    ----------
    source
        A loaded extract, a folder, a database's address, or a dict of DataFrames or Arrow tables by table name, which
        the same contract judges.
    as_of
        The day, or its ISO text.
    unit
        `account` or `denial`.
    target
        Horizon and population; the defaults where None.
    site_features
        The site's own features: those of the settings, or the records of `[[features.account]]` as dicts.
    form
        `pandas`, or `arrow` for an Arrow table with `unit_id` as its first column.

    Returns
    -------
    DataFrame
        One row an account or denial, index `unit_id`, a column a feature. Dollars, shares and rates are float64 with
        NaN for unknown. Counts of rows and days since the first or last of them are Int64, yes/no is boolean, with
        <NA> for unknown. Categories are category.

    Raises
    ------
    WrongUsageError
        An unknown unit, table or own feature, or a day outside what the source knows.
    ExtractRefusedError
        When the tables break their contract.

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
    with _opened(source) as extract:
        wanted, day = _target(unit, target), _day(as_of)
        check_day(extract, wanted.unit, day)
        frame = make_nightly_frame(extract, wanted, day, site_features=_own(site_features))
    found = with_dtypes(frame, frame.features)
    if form == "arrow":
        import pyarrow as pa  # noqa: PLC0415 - late: only this form needs it

        return pa.Table.from_pandas(found.reset_index(), preserve_index=False).replace_schema_metadata(None)
    return found


def training_frame(
    source: Source,
    target: Definition | None = None,
    as_of: date | str | None = None,
    *,
    unit: Unit = "account",
    site_features: Own = NO_SITE_FEATURES,
) -> TrainingFrame:
    """Return the labeled frame over the snapshots whose labels are ripe by the training day.

    Parameters
    ----------
    source, own
        As of `features`.
    target
        Horizon, population and grid of snapshots; the defaults of `unit` where None.
    as_of
        The training day, or its ISO text; None where the source says in its `extract.toml` what it knows.

    Returns
    -------
    TrainingFrame
        `X`, `y`, `groups`, `times` for scikit-learn; `data` holds all of it.

    Raises
    ------
    WrongUsageError
        When no snapshot is ripe: the history is shorter than the horizon; or the day is outside what the source knows.
    ExtractRefusedError
        When the tables break their contract.
    """
    with _opened(source) as extract:
        day = _day(as_of) if as_of is not None else extract.metadata.as_of
        if day is None:
            raise WrongUsageError("as_of is not given and the source does not say it; give the training day as as_of=")
        wanted = _target(unit, target)
        check_day(extract, wanted.unit, day)
        found = make_training_frame(extract, wanted, day, site_features=_own(site_features))
    return TrainingFrame(found.unit, found.data, found.features, found.target, found.unavailable)


def with_dtypes(frame: Frame, wanted: list[Feature] | tuple[Feature, ...]) -> pd.DataFrame:
    """Return columns of a frame with dtypes that fit their units; index `unit_id`."""
    columns = {feature.name: _convert(frame.data[feature.name], feature) for feature in wanted}
    made = pd.DataFrame(columns, copy=False)
    made.index = pd.Index(frame.data["unit_id"].astype("str"), name="unit_id")
    return made


def _convert(values: pd.Series, feature: Feature) -> pd.Series:
    if feature.is_category:
        return values.astype("category")
    if feature.unit == "yes/no":
        return values.astype("boolean")
    if isinstance(feature.source, _WHOLE):
        return values.astype("Int64")
    return values


@contextmanager
def _opened(source: Source) -> Iterator[Extract]:
    """Give the extract; what was opened here is closed here."""
    if isinstance(source, Extract):
        yield source
        return
    if isinstance(source, Mapping):
        extract = load_tables(source)
    elif isinstance(source, str | Path):
        extract = load_extract(source)
    else:
        raise WrongUsageError(
            f"the source is of type {type(source).__name__}; give a loaded extract, a folder, a database's address or "
            "a dict of tables"
        )
    with extract:
        yield extract


def _target(unit: str, target: Definition | None) -> Definition:
    if target is not None:
        return target
    if unit not in UNITS:
        raise WrongUsageError(f"unknown unit {unit!r}; {did_you_mean(unit, UNITS)}")
    return PaymentTarget() if unit == "account" else OverturnTarget()


def _day(day: date | str) -> date:
    try:
        return date.fromisoformat(str(day)[:10]) if isinstance(day, str) else date(day.year, day.month, day.day)
    except (ValueError, AttributeError):
        raise WrongUsageError(f"{day!r:.40} is not a day; give a date, or text as 2026-11-20") from None


def _own(site_features: Own) -> SiteFeatures:
    return site_features if isinstance(site_features, SiteFeatures) else read_site_features(site_features, "own")
