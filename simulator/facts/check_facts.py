"""Compare the simulated hospital with published facts.

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
    """A fact measured in a simulated hospital, with its standard error (guarantors are the sampling unit)."""

    value: float
    error: float


def measure_facts(connection: duckdb.DuckDBPyConnection) -> dict[str, Measurement]:
    """Measure every fact on a connection returned by `open_views`."""
    weigh = {"auc": measure_auc}
    return {
        fact.name: Measurement(*weigh.get(fact.unit, measure)(connection, fact.view, fact.part, fact.whole, fact.where))
        for fact in read_facts()
    }


def list_violations(measured: Mapping[str, Measurement]) -> list[str]:
    """Describe each measurement outside its allowed range, and each published order that does not hold."""
    broken = [
        f"{fact.name}: measured {measured[fact.name].value:.4g}, "
        f"allowed {fact.min_allowed:.4g} to {fact.max_allowed:.4g}"
        for fact in read_facts()
        if not fact.min_allowed <= measured[fact.name].value <= fact.max_allowed
    ]
    return broken + [
        f"{order.higher} does not exceed {order.lower}: {order.why}"
        for order in read_orders()
        if not measured[order.higher].value > measured[order.lower].value
    ]


def list_silent_rules(firings: Sequence[Firing]) -> list[str]:
    """Describe each rule that never fired in one of its segments."""
    return [f"{firing.rule}: never fired ({firing.segment})" for firing in firings if not firing.times]


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate one hospital per seed and print the facts. Returns 1 if a fact or a rule fails, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m payrank.simulator.facts.check_facts",
        description="Simulate one hospital per seed and compare it with the published facts.",
    )
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    parser.add_argument("--into", type=Path, help="update the table of facts in this page")
    options = parser.parse_args(arguments)
    measured: dict[int, dict[str, Measurement]] = {}
    fired: dict[int, tuple[Firing, ...]] = {}
    for seed in options.seeds:
        with tempfile.TemporaryDirectory(prefix="payrank-facts-") as scratch:
            folder = Path(scratch) / "extract"
            simulate(folder, accounts=options.accounts, seed=seed, as_of=options.as_of, truth=True)
            with open_views(folder, options.as_of) as connection:
                measured[seed], fired[seed] = measure_facts(connection), count_firings(connection)
    broken = {
        seed: list_violations(measurements) + list_silent_rules(fired[seed]) for seed, measurements in measured.items()
    }
    values = {
        seed: {name: measurement.value for name, measurement in measurements.items()}
        for seed, measurements in measured.items()
    }
    table = "\n".join(format_facts(read_facts(), values, options.accounts, options.as_of))
    sys.stdout.write(f"{table}\n")
    if options.into:
        replace_table(options.into, table)
    for seed, firings in fired.items():
        rarest = min(firings, key=lambda firing: firing.times)
        sys.stdout.write(
            f"seed {seed}: {len({firing.rule for firing in firings})} rules checked in {len(firings)} segments; "
            f"the rarest fired {rarest.times} times: {rarest.rule} ({rarest.segment})\n"
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
