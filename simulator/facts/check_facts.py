"""Published figures and what the simulated hospital shows of each.

python -m payrank.simulator.facts.check_facts --accounts 100000 --seeds 1 2 3 --into docs/simulator.md
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from payrank.extracts.errors import PayrankError
from payrank.simulator.facts.fact import read_facts, read_orders
from payrank.simulator.facts.fact_table import format_facts, replace_table
from payrank.simulator.facts.fact_views import measure, measure_auc, open_views
from payrank.simulator.facts.rule_firings import Firing, count_firings
from payrank.simulator.simulate import simulate

AS_OF = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure of a simulated hospital and its standard error, from this many guarantors' sampling."""

    value: float
    error: float


def measure_facts(connection: duckdb.DuckDBPyConnection) -> dict[str, Measurement]:
    """Measure every fact on views that `open_views` opened."""
    weigh = {"auc": measure_auc}
    return {
        fact.name: Measurement(*weigh.get(fact.unit, measure)(connection, fact.view, fact.part, fact.whole, fact.where))
        for fact in read_facts()
    }


def list_violations(found: Mapping[str, Measurement]) -> list[str]:
    """Return what lies outside what is allowed, or out of its published order, in words."""
    broken = [
        f"{fact.name}: found {found[fact.name].value:.4g}, allowed {fact.min_allowed:.4g} to {fact.max_allowed:.4g}"
        for fact in read_facts()
        if not fact.min_allowed <= found[fact.name].value <= fact.max_allowed
    ]
    return broken + [
        f"{order.higher} does not exceed {order.lower}: {order.why}"
        for order in read_orders()
        if not found[order.higher].value > found[order.lower].value
    ]


def list_silent_rules(firings: Sequence[Firing]) -> list[str]:
    """Return the rules that did not fire in a segment that they claim, in words."""
    return [f"{firing.rule}: never seen in {firing.segment}" for firing in firings if not firing.times]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate a hospital a seed and print the facts; return 1 where one is not met or a rule is silent."""
    parser = argparse.ArgumentParser(
        prog="python -m payrank.simulator.facts.check_facts",
        description="Simulate a hospital a seed and hold it against the published figures.",
    )
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    parser.add_argument("--into", type=Path, help="a page whose table of facts is renewed")
    given = parser.parse_args(arguments)
    found: dict[int, dict[str, Measurement]] = {}
    fired: dict[int, tuple[Firing, ...]] = {}
    for seed in given.seeds:
        with tempfile.TemporaryDirectory(prefix="payrank-facts-") as scratch:
            folder = Path(scratch) / "extract"
            simulate(folder, accounts=given.accounts, seed=seed, as_of=given.as_of, truth=True)
            with open_views(folder, given.as_of) as connection:
                found[seed], fired[seed] = measure_facts(connection), count_firings(connection)
    broken = {seed: list_violations(figures) + list_silent_rules(fired[seed]) for seed, figures in found.items()}
    values = {seed: {name: figure.value for name, figure in figures.items()} for seed, figures in found.items()}
    table = "\n".join(format_facts(read_facts(), values, given.accounts, given.as_of))
    sys.stdout.write(f"{table}\n")
    if given.into:
        replace_table(given.into, table)
    for seed, firings in fired.items():
        rarest = min(firings, key=lambda firing: firing.times)
        sys.stdout.write(
            f"seed {seed} saw {len({firing.rule for firing in firings})} rules in {len(firings)} segments; "
            f"least often, {rarest.times} times: {rarest.rule} ({rarest.segment})\n"
        )
    for seed, words in broken.items():
        sys.stdout.writelines(f"seed {seed}: {word}\n" for word in words)
    return int(any(broken.values()))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PayrankError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
