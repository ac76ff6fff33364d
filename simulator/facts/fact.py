"""A fact: one figure that the simulated hospital must show, with its source and its own denominator."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

FILES = ("patient_facts.toml", "payer_facts.toml")


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure: published, with how far beyond it is allowed; or, where nobody published one, within our own bounds.

    `published` holds one figure or the two ends between which sources disagree; `floor` a least figure above zero where
    the tolerance alone would let nothing pass. `input` marks what the simulation is given: that it arrives is shown.
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
        """The smallest figure that is allowed."""
        return max(min(self.published) - self.tolerance, self.floor) if self.published else min(self.bounds)

    @property
    def max_allowed(self) -> float:
        """The largest figure that is allowed."""
        return max(self.published) + self.tolerance if self.published else max(self.bounds)


@dataclass(frozen=True, slots=True)
class Order:
    """A published order of two facts: `higher` exceeds `lower`, both by name."""

    higher: str
    lower: str
    why: str


def read_facts() -> tuple[Fact, ...]:
    """Read the published figures.

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
    read = [tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8")) for name in FILES]
    return [raw for one in read for raw in one[table]]
