"""The source of a site's own feature: a small table of `payrank.toml`, checked and turned into the vocabulary.

A site writes no SQL: conditions name columns and the levels or bounds that they must have.
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
from payrank.features.site.columns import Reachable, SiteColumn, SiteRelation
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
    "count", "sum", "mean", "least", "greatest", "count_distinct", "share", "latest", "days_since_last",
    "days_since_first", "value", "ratio", "rate",
]  # fmt: skip

_LEVEL = re.compile(r"[\w .,:;/&+()#'-]{1,80}")
"""Characters of a level that every engine reads alike between quotes: no backslash, no line end, no brace."""


class Bounds(BaseModel):
    """What a number must be: within bounds (dollars, days, a count), or known at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_least: float | None = Field(None, allow_inf_nan=False)
    at_most: float | None = Field(None, allow_inf_nan=False)
    known: bool | None = None


Wanted = list[str] | str | Bounds | bool | Annotated[float, Field(allow_inf_nan=False)]


class SiteSource(BaseModel):
    """How a site's feature is computed.

    Parameters
    ----------
    take
        What is made of the rows: `count`, `sum`, `mean`, `least`, `greatest`, `count_distinct`, `share` (of
        rows that meet `hit`), `latest`, `days_since_last`, `days_since_first`; or `value` (a column of the snapshot
        itself), `ratio` (of two features), `rate` (smoothed share of earlier outcomes with the same `by`).
    of
        The relation whose rows are taken.
    column
        The column that is summed, averaged, ... or shown.
    where, hit
        Column to what it must be: a level, a list of levels, a number, bounds (`at_least`, `at_most`) or `known`.
    within_days
        Only rows that became known in so many days before the snapshot.
    over, under
        The two features of a ratio; nothing under it, or 0, makes it unknown.
    by
        Columns of the snapshot that earlier outcomes must share.
    half_life_days
        Halves the weight of an outcome with each such span of its age.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    take: Take
    of: str = ""
    column: str = ""
    where: Mapping[str, Wanted] = Field(default_factory=dict)
    hit: Mapping[str, Wanted] = Field(default_factory=dict)
    within_days: int | None = Field(None, ge=1)
    over: str = ""
    under: str = ""
    by: tuple[str, ...] = ()
    half_life_days: int | None = Field(None, ge=1)


_OWN: Mapping[str, tuple[str, ...]] = {
    "count": ("of", "where", "within_days"),
    "days_since_last": ("of", "where", "within_days"),
    "days_since_first": ("of", "where", "within_days"),
    "share": ("of", "where", "within_days", "hit"),
    "value": ("column",),
    "ratio": ("over", "under"),
    "rate": ("by", "half_life_days"),
}
"""Which keys each take reads; those not listed read these."""
_AGGREGATED = ("of", "column", "where", "within_days")
_OPTIONAL = {"where", "within_days", "half_life_days"}

_OF_COLUMN: Mapping[str, Callable[[str, str, str], Source]] = {
    "sum": Sum,
    "mean": Mean,
    "least": Min,
    "greatest": Max,
    "count_distinct": CountDistinct,
    "latest": Latest,
}


def make_source(
    given: SiteSource, reachable: Reachable, features: Mapping[str, Feature], place: str
) -> tuple[Source, bool]:
    """Return the vocabulary's source, and whether its values are words.

    Raises
    ------
    WrongUsageError
        Naming `place`, the key, what was found and what is allowed, with the nearest known name.
    """
    _check_keys(given, place)
    if given.take == "ratio":
        over, under = (_numeric(name, features, place) for name in (given.over, given.under))
        return Derived(f"CASE WHEN {under} <> 0 THEN {over} / {under} END", (over, under)), False
    if given.take == "rate":
        for name in given.by:
            column = _column(name, reachable.snapshot, "by", place)
            if column.kind not in {"words", "id"} or name in _SELVES:
                raise WrongUsageError(
                    f"{place}: by {name!r} is no word that many share; {_named(reachable.snapshot, True)}"
                )
        return HistoricalRate(tuple(given.by), half_life_days=given.half_life_days), False
    if given.take == "value":
        column = _shown(given.column, reachable.snapshot, place)
        return Snapshot(given.column), column.kind == "words"
    return _aggregate(given, _relation(given.of, reachable, place), place)


_SELVES = {"account_id", "guarantor_id", "denial_id", "claim_id"}
"""Ids that stand for one account, person or claim: never a feature."""


def _check_keys(given: SiteSource, place: str) -> None:
    allowed = _OWN.get(given.take, _AGGREGATED)
    for key in sorted(given.model_fields_set - {"take"}):
        if key not in allowed:
            raise WrongUsageError(f"{place}: take {given.take!r} has no {key!r}; it has {', '.join(allowed)}")
    absent = [key for key in allowed if key not in _OPTIONAL and not getattr(given, key)]
    if absent:
        raise WrongUsageError(f"{place}: take {given.take!r} needs {' and '.join(absent)}; add it to the source")


def _relation(name: str, reachable: Reachable, place: str) -> SiteRelation:
    if name not in reachable.relations:
        hint = did_you_mean(name, sorted(reachable.relations))
        raise WrongUsageError(f"{place}: of {name!r} is nothing that features may look at; {hint}")
    return reachable.relations[name]


def _column(name: str, columns: Mapping[str, SiteColumn], key: str, place: str) -> SiteColumn:
    if name not in columns:
        raise WrongUsageError(f"{place}: {key} {name!r} is no column here; {did_you_mean(name, sorted(columns))}")
    return columns[name]


def _shown(name: str, columns: Mapping[str, SiteColumn], place: str) -> SiteColumn:
    """Return a column whose value may stand in a feature: no id and no day."""
    column = _column(name, columns, "column", place)
    if column.kind in {"id", "day"}:
        raise WrongUsageError(f"{place}: column {name!r} is {_KIND[column.kind]}, which is no value; {_named(columns)}")
    return column


_KIND = {"id": "an id", "day": "a day", "words": "words", "number": "a number"}


def _named(columns: Mapping[str, SiteColumn], words: bool = False) -> str:
    kinds = {"words"} if words else {"words", "number"}
    return "allowed: " + ", ".join(sorted(name for name, column in columns.items() if column.kind in kinds))


def _numeric(name: str, features: Mapping[str, Feature], place: str) -> str:
    if name not in features:
        raise WrongUsageError(f"{place}: feature {name!r} is not known; {did_you_mean(name, sorted(features))}")
    feature = features[name]
    if feature.is_category or isinstance(feature.source, Derived):
        raise WrongUsageError(
            f"{place}: feature {name!r} is {'words' if feature.is_category else 'itself a ratio'}; allowed: features "
            "that are numbers and no ratios"
        )
    return name


def _aggregate(given: SiteSource, relation: SiteRelation, place: str) -> tuple[Source, bool]:
    where = _condition(given.where, relation.columns, f"{place}, where")
    if (given.within_days is not None or given.take.startswith("days_since")) and not relation.dated:
        raise WrongUsageError(
            f"{place}: rows of {given.of} are states without a day of their own, so there is no within_days and no "
            "days_since; allowed: conditions on their columns"
        )
    if given.within_days is not None:
        where = " AND ".join(filter(None, (where, f"days_ago <= {given.within_days}")))
    if given.take == "count":
        return Count(given.of, where), False
    if given.take == "share":
        return Share(given.of, _condition(given.hit, relation.columns, f"{place}, hit"), where), False
    if given.take == "days_since_last":
        return DaysSinceLast(given.of, where), False
    if given.take == "days_since_first":
        return DaysSinceFirst(given.of, where), False
    if given.take == "count_distinct":
        _column(given.column, relation.columns, "column", place)
        return CountDistinct(given.of, given.column, where), False
    words = _shown(given.column, relation.columns, place).kind == "words"
    if words and given.take != "latest":
        raise WrongUsageError(
            f"{place}: column {given.column!r} is words, of which there is no {given.take}; take latest"
        )
    if given.take == "latest" and not relation.ordered:
        raise WrongUsageError(f"{place}: rows of {given.of} have no order, so there is no latest; take another")
    return _OF_COLUMN[given.take](given.of, given.column, where), words


def _condition(wanted: Mapping[str, Wanted], columns: Mapping[str, SiteColumn], place: str) -> str:
    """Return the SQL of a condition on columns, all of which must hold."""
    return " AND ".join(
        _must(name, value, _column(name, columns, "column", place), f"{place}.{name}") for name, value in wanted.items()
    )


def _must(name: str, value: Wanted, column: SiteColumn, place: str) -> str:
    if isinstance(value, Bounds):
        return _within(name, value, column, place)
    if isinstance(value, str | list):
        return _one_of(name, [value] if isinstance(value, str) else value, column, place)
    if isinstance(value, bool) or column.kind != "number":
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    return f"{name} = {_literal(value)}"


def _one_of(name: str, levels: list[str], column: SiteColumn, place: str) -> str:
    if column.kind not in {"words", "id"} or name in _SELVES:
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    if not levels:
        raise WrongUsageError(f"{place} names no level; give at least one")
    for level in levels:
        if column.levels and level not in column.levels:
            raise WrongUsageError(f"{place}: {level!r} is no level of it; {did_you_mean(level, column.levels)}")
        if not _LEVEL.fullmatch(level):
            raise WrongUsageError(
                f"{place}: {level!r:.40} holds signs that no level has; allowed: letters, digits, plain signs"
            )
    return f"{name} IN ({', '.join(quote_text(level) for level in levels)})"


def _within(name: str, bounds: Bounds, column: SiteColumn, place: str) -> str:
    limits = [(">=", bounds.at_least), ("<=", bounds.at_most)]
    parts = [f"{name} {sign} {_literal(limit)}" for sign, limit in limits if limit is not None]
    if parts and column.kind != "number":
        raise WrongUsageError(f"{place} is {_KIND[column.kind]}; {_allowed(column)}")
    if bounds.known is not None:
        parts.append(f"{name} IS {'NOT NULL' if bounds.known else 'NULL'}")
    if not parts:
        raise WrongUsageError(f"{place} says nothing; give at_least, at_most or known")
    return " AND ".join(parts)


def _literal(value: float) -> str:
    """Return a number in plain decimals: engines disagree on the type of 1e5.

    >>> _literal(100000.0), _literal(-2.5), _literal(1e-7)
    ('100000', '-2.5', '0.0000001')
    """
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _allowed(column: SiteColumn) -> str:
    if column.kind == "number":
        return "allowed: a number, or { at_least = ..., at_most = ..., known = ... }"
    if column.kind == "words":
        return "allowed: a level, a list of levels, or { known = ... }"
    return "allowed: { known = ... }"
