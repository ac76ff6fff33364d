"""Features that a site adds in `payrank.toml`: `[[features.account]]` and `[[features.denial]]`, without any code.

They are rendered by the same machinery as the catalog's, so that they see rows known before the snapshot alone, and
are part of its digest: a model trained without them, or with others, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from payrank.extracts.contract.metadata import PROTECTED_WORDS
from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.catalog.accounts import ACCOUNT_FEATURES
from payrank.features.catalog.denials import DENIAL_FEATURES
from payrank.features.feature import FAMILIES, UNITS, Feature, Sensitivity, Unit
from payrank.features.site.columns import find_reachable
from payrank.features.site.source import Bounds, SiteSource, make_source

PREFIX = "own_"
"""Stands before a site's name for its feature, so that no later catalog can take the name."""

_SHOWN_UNITS = ("dollars", "days", "count", "share", "rate", "number", "yes/no", "category")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_OF_ACCOUNTS = {"age"}
"""A protected word that here can only mean an account's or a balance's: nothing within reach tells a person's age."""
_UNIT_OF_TAKE = {
    "count": "count",
    "count_distinct": "count",
    "days_since_last": "days",
    "days_since_first": "days",
    "share": "share",
    "rate": "rate",
}


class SiteFeature(BaseModel):
    """A feature as a site writes it; the fields are those of `payrank.features.feature.Feature`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    meaning: str = Field(min_length=3, max_length=200)
    unit: str
    family: str
    phrase: str = Field(min_length=3, max_length=200)
    absent: str = Field("", max_length=200)
    low: str = Field("", max_length=200)
    sensitivity: Sensitivity = "none"
    direction: Literal[-1, 0, 1] = 0
    source: SiteSource


@dataclass(frozen=True, slots=True)
class SiteFeatures:
    """A site's own features of each unit, ready for the catalog."""

    account: tuple[Feature, ...] = ()
    denial: tuple[Feature, ...] = ()

    def of(self, unit: Unit) -> tuple[Feature, ...]:
        """Return those of a unit."""
        return self.account if unit == "account" else self.denial


NO_SITE_FEATURES = SiteFeatures()


def read_site_features(raw: object, place: str = "payrank.toml") -> SiteFeatures:
    """Check the `features` part of the settings and return the site's features.

    Parameters
    ----------
    raw
        Unit to a list of records, as TOML gives them.
    place
        How messages call the file.

    Raises
    ------
    WrongUsageError
        Naming the record, the key, what was found, what is allowed and the nearest known name.

    Examples
    --------
    >>> found = read_site_features({"account": [{
    ...     "name": "texts_30d", "meaning": "Texts in 30 days", "unit": "count", "family": "contact",
    ...     "phrase": "{value} text{s} in 30 days",
    ...     "source": {"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 30},
    ... }]})
    >>> found.account[0].name, found.account[0].source.where
    ('own_texts_30d', "channel IN ('text') AND days_ago <= 30")
    """
    if not isinstance(raw, Mapping):
        raise WrongUsageError(f"{place}: features is not a table; write [[features.account]] with the record beneath")
    for unit in raw:
        if unit not in UNITS:
            raise WrongUsageError(f"{place}: unknown unit in [[features.{unit}]]; {did_you_mean(str(unit), UNITS)}")
    return SiteFeatures(
        account=_read_unit(raw.get("account", []), "account", ACCOUNT_FEATURES, place),
        denial=_read_unit(raw.get("denial", []), "denial", DENIAL_FEATURES, place),
    )


def _read_unit(records: Any, unit: Unit, catalog: Sequence[Feature], place: str) -> tuple[Feature, ...]:
    if not isinstance(records, list):
        raise WrongUsageError(
            f"{place}: features.{unit} is no list of records; write [[features.{unit}]], in two brackets"
        )
    if not records:
        return ()
    known = {feature.name: feature for feature in catalog}
    made: dict[str, Feature] = {}
    reachable = find_reachable(unit)
    for number, record in enumerate(records, start=1):
        given = _validate(record, f"{place} [[features.{unit}]] {number}")
        where = f"{place} [[features.{unit}]] {given.name}"
        _check_words(given, where)
        name = PREFIX + given.name
        if name in made:
            raise WrongUsageError(f"{where}: a second feature of this name; give each a name of its own")
        source, words = make_source(given.source, reachable, known | made, where)
        _check_unit(given, words, where)
        made[name] = Feature(
            name,
            given.meaning,
            given.unit,
            given.family,
            source,
            given.phrase,
            given.absent,
            given.direction,
            low=given.low,
            sensitivity=given.sensitivity,
        )
    return tuple(made.values())


def _validate(record: Any, place: str) -> SiteFeature:
    try:
        return SiteFeature.model_validate(record)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        path = [str(part) for part in fault["loc"]]
        if fault["type"] == "extra_forbidden":
            model = Bounds if "Bounds" in path else SiteSource if path[0] == "source" else SiteFeature
            hint = did_you_mean(path[-1], model.model_fields)
            raise WrongUsageError(f"{place}: unknown key {path[-1]!r}; {hint}") from None
        if fault["type"] == "missing":
            raise WrongUsageError(f"{place}: {'.'.join(path)} is missing; a record needs {_NEEDED}") from None
        if fault["type"] == "literal_error" and isinstance(fault["input"], str):
            allowed = re.findall(r"'(\w+)'", str(fault.get("ctx", {}).get("expected", "")))
            hint = did_you_mean(fault["input"], allowed)
            raise WrongUsageError(f"{place}: {'.'.join(path)} is {fault['input']!r:.40}; {hint}") from None
        raise WrongUsageError(f"{place}: {'.'.join(path)}: {fault['msg']}; found {fault['input']!r:.40}") from None


_NEEDED = "name, meaning, unit, family, phrase and source = { take = ..., of = ... }"


def _check_words(given: SiteFeature, place: str) -> None:
    """Refuse a name that SQL cannot hold, protected attributes, and a phrase that cannot be filled in."""
    if not _NAME.fullmatch(given.name):
        raise WrongUsageError(
            f"{place}: the name cannot be used; allowed: a small letter, then small letters, digits and _"
        )
    said = set(re.findall(r"[a-z]+", f"{given.meaning} {given.phrase} {given.absent} {given.low}".lower()))
    protected = sorted((PROTECTED_WORDS - _OF_ACCOUNTS) & (said | set(given.name.split("_"))))
    if protected:
        raise WrongUsageError(
            f"{place}: {protected[0]!r} names a protected attribute, which never reaches a model; allowed: audit_* "
            "columns of guarantors, for the fairness audit alone"
        )
    if given.family not in FAMILIES:
        raise WrongUsageError(f"{place}: unknown family {given.family!r}; {did_you_mean(given.family, FAMILIES)}")
    holes = {name: _holes(getattr(given, name)) for name in ("phrase", "low", "absent")}
    if "value" not in holes["phrase"] or holes["absent"] or not holes["phrase"] | holes["low"] <= {"value", "s"}:
        raise WrongUsageError(
            f"{place}: phrase, low or absent cannot be filled in; allowed: {{value}} once or more in phrase, {{s}} for "
            "a plural's ending, no other braces, none in absent"
        )


def _holes(text: str) -> set[str]:
    """Return what a phrase asks to be filled in; what cannot be read, or asks for more than a name, is a hole `?`."""
    try:
        found = list(Formatter().parse(text))
    except ValueError:
        return {"?"}
    return {hole if not spec and not conversion else "?" for _, hole, spec, conversion in found if hole is not None}


def _check_unit(given: SiteFeature, words: bool, place: str) -> None:
    if given.unit not in _SHOWN_UNITS:
        raise WrongUsageError(f"{place}: unknown unit {given.unit!r}; {did_you_mean(given.unit, _SHOWN_UNITS)}")
    wanted = "category" if words else _UNIT_OF_TAKE.get(given.source.take)
    if wanted is not None and given.unit != wanted:
        raise WrongUsageError(
            f"{place}: unit is {given.unit!r}; take {given.source.take!r} of this column gives {wanted!r}"
        )
    if given.unit == "category" and not words:
        raise WrongUsageError(f"{place}: unit is 'category', but the values are numbers; name what they count")
