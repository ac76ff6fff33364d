"""A feature as a record, and a catalog as a tuple of them."""

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


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the frame.

    `unit` is what the value counts: dollars, days, count, share, rate, log odds, month, yes/no or category. `phrase`
    is what a collector reads, with `{value}` where the value goes and `{s}` for a plural's ending; a rate's also has
    `{like}`, what it is of in words, and `{support}`, how many outcomes it rests on. `absent` is read when the value is
    unknown, and `low`, where one phrase does not fit both, when it is below zero, or zero of anything but days; its
    `{value}` is then the size without the sign.
    `direction` is +1 or -1 where the trade is sure that more of it makes the outcome more or less likely, else 0.
    `modeled` is False for what explains another feature (the support behind a pair's rate) and is no input itself.
    `told_by` names the feature whose reason speaks for this one too: a rate for its support.
    `sensitivity` is proxy where the values could stand in for a protected trait without naming it: a payer class for
    age (Medicare) or public assistance (Medicaid), a service line for sex, a clinic for where somebody lives. Such
    features are used; the fairness audit is where to look before a model that leans on them is trusted.
    """

    name: str
    meaning: str
    unit: str
    family: str
    source: Source
    phrase: str
    absent: str = ""
    direction: int = 0
    modeled: bool = True
    told_by: str = ""
    low: str = ""
    sensitivity: Sensitivity = "none"

    def __post_init__(self) -> None:
        """Refuse a record that no reader could place."""
        if self.family not in FAMILIES:
            raise WrongUsageError(f"feature {self.name}: unknown family; {did_you_mean(self.family, FAMILIES)}")

    @property
    def is_category(self) -> bool:
        """Whether the values are words rather than numbers."""
        return self.unit == "category"


def feature_of(
    family: str,
    name: str,
    unit: str,
    source: Source,
    meaning: str,
    phrase: str,
    absent: str = "",
    direction: int = 0,
    low: str = "",
    sensitivity: Sensitivity = "none",
    *,
    modeled: bool = True,
) -> Feature:
    """Return the feature of a family that a row of a catalog's file says, in the order of its columns."""
    return Feature(
        name, meaning, unit, family, source, phrase, absent, direction, modeled, low=low, sensitivity=sensitivity
    )


COMPUTATION = 3
"""Raise this when the SQL of a relation or state changes what features are worth: older models are then refused."""


def catalog_digest(features: Iterable[Feature]) -> str:
    """Return the SHA-256 over what defines the features' values: name, unit, family and computation, in order.

    `COMPUTATION` stands for the relations beneath. Phrases are left out: better wording does not make a model stale.
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
    """Refuse a catalog with two features of one name."""
    seen: set[str] = set()
    for feature in features:
        if feature.name in seen:
            raise WrongUsageError(
                f"two features are named {feature.name!r}; each needs a name of its own: rename the site attribute or "
                "the feature"
            )
        seen.add(feature.name)
