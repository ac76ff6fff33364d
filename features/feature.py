"""The feature record. A catalog is a tuple of features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from payrank.extracts.errors import WrongUsageError, did_you_mean
from payrank.features.sources import Source

Unit = Literal["account", "denial"]
UNITS: tuple[Unit, ...] = ("account", "denial")
Sensitivity = Literal["none", "proxy"]

FAMILIES = (
    "age",
    "balance",
    "payer mix",
    "history",
    "contact",
    "payer behavior",
    "season",
    "site attribute",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the frame.

    Parameters
    ----------
    name, meaning
        Column name, and one sentence (no period) for the data dictionary.
    unit
        What the value measures: dollars, days, count, share, rate, log odds, month, weekday, day, number, yes/no, or
        category.
    family
        One of `FAMILIES`.
    source
        How the value is computed.
    phrase
        What a collector reads. `{value}` is the formatted value and `{s}` a plural ending. A rate also has `{like}`,
        the row's own class, line, or code, and `{support}`, the number of outcomes behind the rate.
    when_unknown
        What a collector reads when the value is null.
    when_zero
        What a collector reads when `phrase` would not fit a value of zero or below: for days only below zero, for
        every other unit at zero or below. `{value}` is then the size without its sign.
    direction
        +1 or -1 where it is certain that a higher value makes the outcome more or less likely, else 0.
    modeled
        False for a feature that only explains another one (the support behind a pair's rate) and is not a model input.
    explained_by
        The feature whose reason covers this one too: a rate for its support.
    sensitivity
        `proxy` where values could stand in for a protected trait without naming it: a payer class for age (Medicare)
        or public assistance (Medicaid), a service line for sex, a clinic for a neighborhood. Models may use such a
        feature; check the fairness audit before relying on a model that leans on it.

    Raises
    ------
    WrongUsageError
        When the family is unknown.
    """

    name: str
    meaning: str
    unit: str
    family: str
    source: Source
    phrase: str
    when_unknown: str = ""
    when_zero: str = ""
    direction: int = 0
    modeled: bool = True
    explained_by: str = ""
    sensitivity: Sensitivity = "none"

    def __post_init__(self) -> None:
        """Refuse an unknown family."""
        if self.family not in FAMILIES:
            raise WrongUsageError(f"feature {self.name}: unknown family; {did_you_mean(self.family, FAMILIES)}")

    @property
    def is_category(self) -> bool:
        """Whether the values are text rather than numbers."""
        return self.unit == "category"


COMPUTATION = 3
"""Version of the SQL beneath the features. Raise it when a relation or state changes values, to refuse older models."""


def catalog_digest(features: Iterable[Feature]) -> str:
    """Return the SHA-256 of everything that defines the features' values: name, unit, family, and source, in order.

    `COMPUTATION` represents the relations beneath. Phrases are left out because new wording does not make a model
    stale.
    """
    defined = [
        {
            "computation": COMPUTATION,
            "name": f.name,
            "unit": f.unit,
            "family": f.family,
            "kind": type(f.source).__name__,
            "source": asdict(f.source),
            "direction": f.direction,
            "modeled": f.modeled,
        }
        for f in features
    ]
    return hashlib.sha256(json.dumps(defined, sort_keys=True).encode()).hexdigest()


def check_catalog(features: Sequence[Feature]) -> None:
    """Raise WrongUsageError when two features have the same name."""
    seen: set[str] = set()
    for feature in features:
        if feature.name in seen:
            raise WrongUsageError(
                f"two features are named {feature.name!r}; feature names must be unique. Rename the site attribute or "
                "the feature"
            )
        seen.add(feature.name)
