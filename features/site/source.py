"""The source of a site's feature: a small table in `payrank.toml`, validated and turned into a feature source.

A site writes no SQL. Conditions name columns and the levels or bounds that the columns must have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from payrank.extracts.contract.source_file import quote_text
from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.feature import Feature
from payrank.features.site.columns import ReadableColumns, SiteColumn, SiteRelation
from payrank.features.sources import (
    Count,
    CountDistinct,
    DaysSinceFirst,
    DaysSinceLast,
    Derived,
    HistoricalRate,
    Latest,
    Max,
    Mean,
    Min,
    Share,
    Snapshot,
    Source,
    Sum,
)

Take = Literal[
    "count", "sum", "mean", "min", "max", "count_distinct", "share", "latest", "days_since_last",
    "days_since_first", "value", "ratio", "rate",
]  # fmt: skip

_LEVEL = re.compile(r"[\w .,:;/&+()#'-]{1,80}")
"""Characters that every engine reads the same inside quotes: no backslash, line end, or brace."""

OLD_TAKES: Mapping[str, str] = {"least": "min", "greatest": "max"}
"""Former values of `take` and the values that replaced them, for the error message."""


class Bounds(BaseModel):
    """Condition on a number (dollars, days, or a count): within bounds, known, or unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    known: bool | None = None


Condition = list[str] | str | Bounds | bool | Annotated[float, Field(allow_inf_nan=False)]


class SiteSource(BaseModel):
    """How a site's feature is computed.

    Parameters
    ----------
    take
        How rows are aggregated: `count`, `sum`, `mean`, `min`, `max`, `count_distinct`, `share` (of rows that meet
        `hit`), `latest`, `days_since_last`, `days_since_first`. Or, without rows: `value` (a column of the snapshot
        itself), `ratio` (of two features), `rate` (smoothed share of earlier outcomes with the same `by`).
    of
        The relation that supplies the rows.
    column
        The column to aggregate or show.
    where, hit
        Column to its condition: a level, a list of levels, a number, bounds (`at_least`, `at_most`), or `known`.
    within_days
        Only rows that became known within this many days before the snapshot.
    over, under
        Numerator and denominator of a ratio, two features. The ratio is unknown when `under` is unknown or 0.
    by
        Columns of the snapshot that earlier outcomes must share.
    half_life_days
        Halves an outcome's weight with each such span of its age.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    take: Take
    of: str = ""
    column: str = ""
    where: Mapping[str, Condition] = Field(default_factory=dict)
    hit: Mapping[str, Condition] = Field(default_factory=dict)
    within_days: int | None = Field(None, ge=1)
    over: str = ""
    under: str = ""
    by: tuple[str, ...] = ()
    half_life_days: int | None = Field(None, ge=1)


_KEYS_BY_TAKE: Mapping[str, tuple[str, ...]] = {
    "count": ("of", "where", "within_days"),
    "days_since_last": ("of", "where", "within_days"),
    "days_since_first": ("of", "where", "within_days"),
    "share": ("of", "where", "within_days", "hit"),
    "value": ("column",),
    "ratio": ("over", "under"),
    "rate": ("by", "half_life_days"),
}
"""Keys that each `take` reads. A `take` that is not listed reads `_AGGREGATE_KEYS`."""
_AGGREGATE_KEYS = ("of", "column", "where", "within_days")
_OPTIONAL = {"where", "within_days", "half_life_days"}

_OF_COLUMN: Mapping[str, Callable[[str, str, str], Source]] = {
    "sum": Sum,
    "mean": Mean,
    "min": Min,
    "max": Max,
    "count_distinct": CountDistinct,
    "latest": Latest,
}


def make_source(
    spec: SiteSource, readable: ReadableColumns, features: Mapping[str, Feature], place: str
) -> tuple[Source, bool]:
    """Return the feature source, and whether its values are text.

    Raises
    ------
    WrongUsageError
        When a key, relation, column, or value is wrong. The message names the place and the nearest known name.
    """
    _check_keys(spec, place)
    if spec.take == "ratio":
        over, under = (_check_numeric(name, features, place) for name in (spec.over, spec.under))
        return Derived(f"CASE WHEN {under} <> 0 THEN {over} / {under} END", (over, under)), False
    if spec.take == "rate":
        for name in spec.by:
            column = _find_column(name, readable.snapshot, "by", place)
            if column.kind not in {"text", "id"} or name in _UNIQUE_IDS:
                raise WrongUsageError(
                    f"{place}: by {name!r} is not a category that rows share; {_list_allowed(readable.snapshot, True)}"
                )
        return HistoricalRate(tuple(spec.by), half_life_days=spec.half_life_days), False
    if spec.take == "value":
        column = _check_shown(spec.column, readable.snapshot, place)
        return Snapshot(spec.column), column.kind == "text"
    return _aggregate(spec, _find_relation(spec.of, readable, place), place)


_UNIQUE_IDS = {"account_id", "guarantor_id", "denial_id", "claim_id"}
"""IDs of one account, person, denial, or claim. They are never features."""


def _check_keys(spec: SiteSource, place: str) -> None:
    allowed = _KEYS_BY_TAKE.get(spec.take, _AGGREGATE_KEYS)
    for key in sorted(spec.model_fields_set - {"take"}):
        if key not in allowed:
            raise WrongUsageError(f"{place}: take {spec.take!r} does not use {key!r}; allowed: {', '.join(allowed)}")
    missing = [key for key in allowed if key not in _OPTIONAL and not getattr(spec, key)]
    if missing:
        raise WrongUsageError(f"{place}: take {spec.take!r} needs {' and '.join(missing)}; add it to the source")


def _find_relation(name: str, readable: ReadableColumns, place: str) -> SiteRelation:
    if name not in readable.relations:
        hint = did_you_mean(name, sorted(readable.relations))
        raise WrongUsageError(f"{place}: of {name!r} is not a relation that features may read; {hint}")
    return readable.relations[name]


def _find_column(name: str, columns: Mapping[str, SiteColumn], key: str, place: str) -> SiteColumn:
    if name not in columns:
        raise WrongUsageError(f"{place}: {key} {name!r} is not a column here; {did_you_mean(name, sorted(columns))}")
    return columns[name]


def _check_shown(name: str, columns: Mapping[str, SiteColumn], place: str) -> SiteColumn:
    """Return a column whose value may be a feature: neither an ID nor a date."""
    column = _find_column(name, columns, "column", place)
    if column.kind in {"id", "date"}:
        raise WrongUsageError(
            f"{place}: column {name!r} is {_KIND[column.kind]}, which cannot be a feature; {_list_allowed(columns)}"
        )
    return column


_KIND = {"id": "an ID", "date": "a date", "text": "text", "number": "a number"}


def _list_allowed(columns: Mapping[str, SiteColumn], text_only: bool = False) -> str:
    kinds = {"text"} if text_only else {"text", "number"}
    return "allowed: " + ", ".join(sorted(name for name, column in columns.items() if column.kind in kinds))


def _check_numeric(name: str, features: Mapping[str, Feature], place: str) -> str:
    if name not in features:
        raise WrongUsageError(f"{place}: feature {name!r} is not known; {did_you_mean(name, sorted(features))}")
    feature = features[name]
    if feature.is_category or isinstance(feature.source, Derived):
        raise WrongUsageError(
            f"{place}: feature {name!r} is {'text' if feature.is_category else 'itself a ratio'}; allowed: numeric "
            "features that are not ratios"
        )
    return name


def _aggregate(spec: SiteSource, relation: SiteRelation, place: str) -> tuple[Source, bool]:
    where = _render_conditions(spec.where, relation.columns, f"{place}, where")
    if (spec.within_days is not None or spec.take.startswith("days_since")) and not relation.dated:
        raise WrongUsageError(
            f"{place}: rows of {spec.of} have no date, so within_days and days_since do not apply; allowed: conditions "
            "on their columns"
        )
    if spec.within_days is not None:
        where = " AND ".join(filter(None, (where, f"days_ago <= {spec.within_days}")))
    if spec.take == "count":
        return Count(spec.of, where), False
    if spec.take == "share":
        return Share(spec.of, _render_conditions(spec.hit, relation.columns, f"{place}, hit"), where), False
    if spec.take == "days_since_last":
        return DaysSinceLast(spec.of, where), False
    if spec.take == "days_since_first":
        return DaysSinceFirst(spec.of, where), False
    if spec.take == "count_distinct":
        _find_column(spec.column, relation.columns, "column", place)
        return CountDistinct(spec.of, spec.column, where), False
    is_text = _check_shown(spec.column, relation.columns, place).kind == "text"
    if is_text and spec.take != "latest":
        raise WrongUsageError(
            f"{place}: column {spec.column!r} is text, which has no {spec.take}; allowed: take 'latest'"
        )
    if spec.take == "latest" and not relation.ordered:
        raise WrongUsageError(
            f"{place}: rows of {spec.of} have no order, so latest does not apply; choose another take"
        )
    return _OF_COLUMN[spec.take](spec.of, spec.column, where), is_text


def _render_conditions(conditions: Mapping[str, Condition], columns: Mapping[str, SiteColumn], place: str) -> str:
    """Return the SQL of conditions that must all hold."""
    return " AND ".join(
        _render_condition(name, value, _find_column(name, columns, "column", place), f"{place}.{name}")
        for name, value in conditions.items()
    )


def _render_condition(name: str, value: Condition, column: SiteColumn, place: str) -> str:
    if isinstance(value, Bounds):
        return _render_bounds(name, value, column, place)
    if isinstance(value, str | list):
        return _render_levels(name, [value] if isinstance(value, str) else value, column, place)
    if isinstance(value, bool) or column.kind != "number":
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    return f"{name} = {_literal(value)}"


def _render_levels(name: str, levels: list[str], column: SiteColumn, place: str) -> str:
    if column.kind not in {"text", "id"} or name in _UNIQUE_IDS:
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    if not levels:
        raise WrongUsageError(f"{place} lists no levels; give at least one")
    for level in levels:
        if column.levels and level not in column.levels:
            raise WrongUsageError(f"{place}: {level!r} is not one of its levels; {did_you_mean(level, column.levels)}")
        if not _LEVEL.fullmatch(level):
            raise WrongUsageError(
                f"{place}: {level!r:.40} has characters that a level may not have; allowed: letters, digits, and plain "
                "punctuation"
            )
    return f"{name} IN ({', '.join(quote_text(level) for level in levels)})"


def _render_bounds(name: str, bounds: Bounds, column: SiteColumn, place: str) -> str:
    limits = [(">=", bounds.at_least), ("<=", bounds.at_most)]
    parts = [f"{name} {sign} {_literal(limit)}" for sign, limit in limits if limit is not None]
    if parts and column.kind != "number":
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    if bounds.known is not None:
        parts.append(f"{name} IS {'NOT NULL' if bounds.known else 'NULL'}")
    if not parts:
        raise WrongUsageError(f"{place} has no condition; give at_least, at_most, or known")
    return " AND ".join(parts)


def _literal(value: float) -> str:
    """Return a number in plain decimals, because engines disagree on the type of 1e5.

    >>> _literal(100000.0), _literal(-2.5), _literal(1e-7)
    ('100000', '-2.5', '0.0000001')
    """
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _allowed(column: SiteColumn) -> str:
    if column.kind == "number":
        return "allowed: a number, or { at_least = ..., at_most = ..., known = ... }"
    if column.kind == "text":
        return "allowed: a level, a list of levels, or { known = ... }"
    return "allowed: { known = ... }"
