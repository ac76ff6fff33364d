"""Features that a site adds in `payrank.toml`, without code: `[[features.account]]` and `[[features.denial]]`.

The same code renders them as the catalog's features, so they read only rows known before the snapshot. They are part of
the catalog digest: a model trained without them, or with others, is refused.
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
from payrank.features.site.columns import find_readable
from payrank.features.site.source import OLD_TAKES, Bounds, SiteSource, make_source

PREFIX = "own_"
"""Reserved prefix of a feature that a site defines in its settings, so that no later catalog can take its name.

Bundles store it in their feature names. `site_` is the prefix of site attributes, which an extract declares.
"""

OLD_KEYS: Mapping[str, str] = {"absent": "when_unknown", "low": "when_zero"}
"""Former keys of a record and the keys that replaced them, for the error message."""

_ALLOWED_UNITS = ("dollars", "days", "count", "share", "rate", "number", "yes/no", "category")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_UNPROTECTED_HERE = {"age"}
"""Protected words that cannot mean a person's trait here: only accounts and balances have an age within reach."""
_UNIT_OF_TAKE = {
    "count": "count",
    "count_distinct": "count",
    "days_since_last": "days",
    "days_since_first": "days",
    "share": "share",
    "rate": "rate",
}


class SiteFeature(BaseModel):
    """A feature as a site writes it. Its keys are fields of `payrank.features.feature.Feature`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    meaning: str = Field(min_length=3, max_length=200)
    unit: str
    family: str
    phrase: str = Field(min_length=3, max_length=200)
    when_unknown: str = Field("", max_length=200)
    when_zero: str = Field("", max_length=200)
    sensitivity: Sensitivity = "none"
    direction: Literal[-1, 0, 1] = 0
    source: SiteSource


@dataclass(frozen=True, slots=True)
class SiteFeatures:
    """The features that a site defines for each unit, ready to add to the catalog."""

    account: tuple[Feature, ...] = ()
    denial: tuple[Feature, ...] = ()

    def for_unit(self, unit: Unit) -> tuple[Feature, ...]:
        """Return the features of one unit."""
        return self.account if unit == "account" else self.denial


NO_SITE_FEATURES = SiteFeatures()


def read_site_features(raw: object, place: str = "payrank.toml") -> SiteFeatures:
    """Validate the `features` section of the settings and return the site's features.

    Parameters
    ----------
    raw
        Unit to a list of records, as read from TOML.
    place
        Name of the file in error messages.

    Raises
    ------
    WrongUsageError
        When a record is wrong. The message names the record, the key, the value, and the allowed or nearest values.

    Examples
    --------
    >>> site_features = read_site_features({"account": [{
    ...     "name": "texts_30d", "meaning": "Texts in the last 30 days", "unit": "count", "family": "contact",
    ...     "phrase": "{value} text{s} in the last 30 days",
    ...     "source": {"take": "count", "of": "contacts", "where": {"channel": "text"}, "within_days": 30},
    ... }]})
    >>> site_features.account[0].name, site_features.account[0].source.where
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
            f"{place}: features.{unit} is not a list of records; write [[features.{unit}]], in double brackets"
        )
    if not records:
        return ()
    known = {feature.name: feature for feature in catalog}
    added: dict[str, Feature] = {}
    readable = find_readable(unit)
    for number, raw_record in enumerate(records, start=1):
        record = _validate(raw_record, f"{place} [[features.{unit}]] {number}")
        where = f"{place} [[features.{unit}]] {record.name}"
        _check_text(record, where)
        name = PREFIX + record.name
        if name in added:
            raise WrongUsageError(f"{where}: a second feature with this name; give each feature a different name")
        source, is_text = make_source(record.source, readable, known | added, where)
        _check_unit(record, where, is_text=is_text)
        added[name] = Feature(
            name=name,
            meaning=record.meaning,
            unit=record.unit,
            family=record.family,
            source=source,
            phrase=record.phrase,
            when_unknown=record.when_unknown,
            when_zero=record.when_zero,
            direction=record.direction,
            sensitivity=record.sensitivity,
        )
    return tuple(added.values())


def _validate(record: Any, place: str) -> SiteFeature:
    try:
        return SiteFeature.model_validate(record)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
        path = [str(part) for part in fault["loc"]]
        if fault["type"] == "extra_forbidden":
            model = Bounds if "Bounds" in path else SiteSource if path[0] == "source" else SiteFeature
            renamed = OLD_KEYS.get(path[-1]) if model is SiteFeature else None
            hint = f"write {renamed!r} instead" if renamed else did_you_mean(path[-1], model.model_fields)
            raise WrongUsageError(f"{place}: unknown key {path[-1]!r}; {hint}") from None
        if fault["type"] == "missing":
            raise WrongUsageError(f"{place}: {'.'.join(path)} is missing; a record needs {_NEEDED}") from None
        if fault["type"] == "literal_error" and isinstance(fault["input"], str):
            renamed = OLD_TAKES.get(fault["input"]) if path == ["source", "take"] else None
            allowed = re.findall(r"'(\w+)'", str(fault.get("ctx", {}).get("expected", "")))
            hint = f"write {renamed!r} instead" if renamed else did_you_mean(fault["input"], allowed)
            raise WrongUsageError(f"{place}: {'.'.join(path)} is {fault['input']!r:.40}; {hint}") from None
        raise WrongUsageError(f"{place}: {'.'.join(path)}: {fault['msg']}; found {fault['input']!r:.40}") from None


_NEEDED = "name, meaning, unit, family, phrase, and source = { take = ..., of = ... }"


def _check_text(record: SiteFeature, place: str) -> None:
    """Refuse a name that SQL cannot hold, a protected attribute, an unknown family, and a phrase with a bad field."""
    if not _NAME.fullmatch(record.name):
        raise WrongUsageError(
            f"{place}: the name cannot be used; allowed: a lowercase letter, then up to 47 lowercase letters, digits, "
            "and underscores"
        )
    text = f"{record.meaning} {record.phrase} {record.when_unknown} {record.when_zero}"
    words = set(re.findall(r"[a-z]+", text.lower())) | set(record.name.split("_"))
    protected = sorted((PROTECTED_WORDS - _UNPROTECTED_HERE) & words)
    if protected:
        raise WrongUsageError(
            f"{place}: {protected[0]!r} names a protected attribute, which never reaches a model; allowed: audit_* "
            "columns of guarantors, for the fairness audit only"
        )
    if record.family not in FAMILIES:
        raise WrongUsageError(f"{place}: unknown family {record.family!r}; {did_you_mean(record.family, FAMILIES)}")
    fields = {name: _find_placeholders(getattr(record, name)) for name in ("phrase", "when_zero", "when_unknown")}
    known = fields["phrase"] | fields["when_zero"] <= {"value", "s"}
    if "value" not in fields["phrase"] or fields["when_unknown"] or not known:
        raise WrongUsageError(
            f"{place}: phrase, when_zero, or when_unknown cannot be filled in; allowed: {{value}} at least once in "
            "phrase, {s} for a plural ending, no other braces, and no braces in when_unknown"
        )


def _find_placeholders(text: str) -> set[str]:
    """Return the placeholders of a phrase; one that cannot be parsed, or is more than a name, is returned as `?`."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return {"?"}
    return {name if not spec and not conversion else "?" for _, name, spec, conversion in parts if name is not None}


def _check_unit(record: SiteFeature, place: str, *, is_text: bool) -> None:
    if record.unit not in _ALLOWED_UNITS:
        raise WrongUsageError(f"{place}: unknown unit {record.unit!r}; {did_you_mean(record.unit, _ALLOWED_UNITS)}")
    required = "category" if is_text else _UNIT_OF_TAKE.get(record.source.take)
    if required is not None and record.unit != required:
        raise WrongUsageError(
            f"{place}: unit is {record.unit!r}; take {record.source.take!r} of this column has unit {required!r}"
        )
    if record.unit == "category" and not is_text:
        raise WrongUsageError(f"{place}: unit is 'category', but the values are numbers; name what they measure")
