"""A fact: one metric that the simulated hospital must reproduce, with its source and its own denominator."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

FILES = ("patient_facts.toml", "payer_facts.toml")


@dataclass(frozen=True, slots=True)
class Fact:
    """One metric with an allowed range: a published value and a tolerance, or our own bounds if nothing is published.

    `published` is one value, or two values if sources disagree. `floor` is a minimum above zero, used when the
    tolerance alone would accept a share of zero. `input` marks a value that the simulator takes as given, so the check
    only shows that it survives the simulation.
    """

    name: str
    denominator: str
    source: str
    view: str
    part: str
    whole: str
    where: str = "true"
    unit: str = "share"
    published: tuple[float, ...] = ()
    tolerance: float = 0.0
    floor: float = 0.0
    bounds: tuple[float, ...] = ()
    input: bool = False

    @property
    def min_allowed(self) -> float:
        """Smallest allowed value."""
        return max(min(self.published) - self.tolerance, self.floor) if self.published else min(self.bounds)

    @property
    def max_allowed(self) -> float:
        """Largest allowed value."""
        return max(self.published) + self.tolerance if self.published else max(self.bounds)


@dataclass(frozen=True, slots=True)
class Order:
    """A published order of two facts, by name: `higher` exceeds `lower`."""

    higher: str
    lower: str
    why: str


def read_facts() -> tuple[Fact, ...]:
    """Read the facts from the package's TOML files.

    >>> next(fact.published for fact in read_facts() if fact.name == "initial denials, Medicare")
    (0.084,)
    """
    ends = ("published", "bounds")
    return tuple(Fact(**{**raw, **{name: tuple(raw[name]) for name in ends if name in raw}}) for raw in _read("fact"))


def read_orders() -> tuple[Order, ...]:
    """Read the published orders of facts."""
    return tuple(Order(**raw) for raw in _read("order"))


def _read(table: str) -> list[dict[str, Any]]:
    folder = files("payrank.simulator.facts")
    documents = [tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in FILES]
    return [raw for document in documents for raw in document[table]]
