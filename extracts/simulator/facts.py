"""Published figures and what the simulated hospital shows of each.

python -m extracts.simulator.facts --accounts 100000 --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from extracts.errors import PayrankError
from extracts.simulator.fact_views import measure, measure_auc, open_views
from extracts.simulator.rules_fired import Firing, count_firings
from extracts.simulator.simulate import simulate

AS_OF = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class Fact:
    """One published figure, or the two ends between which sources disagree, and how far beyond them is allowed."""

    name: str
    published: tuple[float, ...]
    tolerance: float
    denominator: str
    source: str
    view: str
    part: str
    whole: str
    where: str = "true"
    unit: str = "share"

    @property
    def least(self) -> float:
        """The smallest figure that is within tolerance."""
        return min(self.published) - self.tolerance

    @property
    def most(self) -> float:
        """The largest figure that is within tolerance."""
        return max(self.published) + self.tolerance


@dataclass(frozen=True, slots=True)
class Order:
    """A published order of two facts: `higher` exceeds `lower`, both by name."""

    higher: str
    lower: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A figure of a simulated hospital and its standard error, from this many guarantors' sampling."""

    value: float
    error: float

    def within(self, least: float, most: float, errors: float = 0.0) -> bool:
        """Return whether the figure lies within bounds that are widened by so many standard errors."""
        room = errors * self.error
        return least - room <= self.value <= most + room


def read_facts() -> tuple[Fact, ...]:
    """Read the published figures.

    >>> next(fact.published for fact in read_facts() if fact.name == "initial denials, Medicare")
    (0.084,)
    """
    return tuple(Fact(**{**raw, "published": tuple(raw["published"])}) for raw in _read()["fact"])


def read_orders() -> tuple[Order, ...]:
    """Read the published orders of facts."""
    return tuple(Order(**raw) for raw in _read()["order"])


def find_facts(folder: Path, as_of: date) -> dict[str, Found]:
    """Measure every fact on a simulated extract that was written with its truth."""
    found = {}
    with open_views(folder, as_of) as connection:
        for fact in read_facts():
            weigh = measure_auc if fact.unit == "auc" else measure
            found[fact.name] = Found(*weigh(connection, fact.view, fact.part, fact.whole, fact.where))
    return found


def broken_facts(found: Mapping[str, Found], errors: float = 0.0) -> list[str]:
    """Return what lies outside its tolerance, or out of its published order, in words.

    `errors` widens every bound by so many standard errors of the figure found: 0 where a hospital is large enough to
    be judged by the tolerance alone.
    """
    broken = [
        f"{fact.name}: found {found[fact.name].value:.4g}, allowed {fact.least:.4g} to {fact.most:.4g}"
        for fact in read_facts()
        if not found[fact.name].within(fact.least, fact.most, errors)
    ]
    for order in read_orders():
        higher, lower = found[order.higher], found[order.lower]
        if higher.value + errors * math.hypot(higher.error, lower.error) <= lower.value:
            broken.append(f"{order.higher} does not exceed {order.lower}: {order.why}")
    return broken


def find_firings(folder: Path, as_of: date) -> tuple[Firing, ...]:
    """Count how often every rule fired in every segment of a simulated extract that was written with its truth."""
    with open_views(folder, as_of) as connection:
        return count_firings(connection)


def silent_rules(firings: Sequence[Firing]) -> list[str]:
    """Return the rules that did not fire in a segment that they claim, in words."""
    return [f"{firing.rule}: never seen in {firing.segment}" for firing in firings if not firing.times]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate a hospital a seed and print the facts; return 1 where one is out of tolerance or a rule is silent."""
    parser = argparse.ArgumentParser(
        prog="python -m extracts.simulator.facts",
        description="Simulate a hospital a seed and hold it against the published figures.",
    )
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    given = parser.parse_args(arguments)
    found: dict[int, dict[str, Found]] = {}
    fired: dict[int, tuple[Firing, ...]] = {}
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="payrank-facts-") as scratch:
            folder = Path(scratch) / "extract"
            simulate(folder, accounts=given.accounts, seed=seed, as_of=given.as_of, truth=True)
            found[seed], fired[seed] = find_facts(folder, given.as_of), find_firings(folder, given.as_of)
    broken = {seed: broken_facts(figures) + silent_rules(fired[seed]) for seed, figures in found.items()}
    sys.stdout.write("\n".join(_table(found)) + "\n")
    for seed, firings in fired.items():
        rarest = min(firings, key=lambda firing: firing.times)
        sys.stdout.write(
            f"seed {seed} saw {len({firing.rule for firing in firings})} rules in {len(firings)} segments; "
            f"least often, {rarest.times} times: {rarest.rule} ({rarest.segment})\n"
        )
    for seed, words in broken.items():
        sys.stdout.writelines(f"seed {seed}: {word}\n" for word in words)
    return int(any(broken.values()))


def _table(found: Mapping[int, Mapping[str, Found]]) -> list[str]:
    lines = ["| fact | published | allowed | " + " | ".join(f"seed {seed}" for seed in found) + " |"]
    lines.append("|---" * (3 + len(found)) + "|")
    for fact in read_facts():
        published = " to ".join(_show(value, fact.unit) for value in fact.published)
        allowed = f"{_show(max(fact.least, 0), fact.unit)} to {_show(fact.most, fact.unit)}"
        figures = [f"{_show(f[fact.name].value, fact.unit)}" for f in found.values()]
        lines.append("| " + " | ".join([fact.name, published, allowed, *figures]) + " |")
    return lines


def _show(value: float, unit: str) -> str:
    return {"share": f"{value:.1%}", "auc": f"{value:.3f}"}.get(unit, f"{value:.1f}")


def _read() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files("extracts.simulator").joinpath("facts.toml").read_text(encoding="utf-8"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PayrankError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
