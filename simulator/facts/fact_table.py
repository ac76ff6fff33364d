"""The table of facts that the command prints and that docs/simulator.md contains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from payrank.extracts.errors import WrongUsageError
from payrank.simulator.facts.fact import Fact

BEGIN, END = "<!-- facts: begin -->", "<!-- facts: end -->"
"""Markers around the table in the page."""


def format_facts(
    facts: Sequence[Fact], values: Mapping[int, Mapping[str, float]], accounts: int, as_of: date
) -> list[str]:
    """Return the lines of a Markdown table: one row per fact and one column per seed.

    Published ranges and our own bounds are in separate columns.
    """
    lines = [
        f"{accounts:,} accounts up to {as_of}; * input of the simulation, so the check only confirms that it survives.",
        "",
        "| fact | published | allowed | our own bounds | " + " | ".join(f"seed {seed}" for seed in values) + " |",
        "|---" * (4 + len(values)) + "|",
    ]
    return lines + [
        "| "
        + " | ".join([*format_fact(fact), *(format_value(f[fact.name], fact.unit) for f in values.values())])
        + " |"
        for fact in facts
    ]


def format_fact(fact: Fact) -> tuple[str, str, str, str]:
    """Return the cells that do not depend on the seed: name, published value, allowed range, our own bounds.

    >>> format_fact(Fact("a", "", "", "", "", "", bounds=(0.1, 0.2)))
    ('a', '-', '-', '10.0% to 20.0%')
    """
    span = f"{format_value(fact.min_allowed, fact.unit)} to {format_value(fact.max_allowed, fact.unit)}"
    published = " to ".join(format_value(value, fact.unit) for value in fact.published)
    name = f"{fact.name} *" if fact.input else fact.name
    return (name, published, span, "-") if fact.published else (name, "-", "-", span)


def format_value(value: float, unit: str) -> str:
    """Format a value in its unit.

    >>> format_value(0.123, "share"), format_value(0.8123, "auc"), format_value(67, "days")
    ('12.3%', '0.812', '67.0')
    """
    return {"share": f"{value:.1%}", "auc": f"{value:.3f}"}.get(unit, f"{value:.1f}")


def replace_table(page: Path, table: str) -> None:
    """Replace the table between the markers of a page.

    Raises
    ------
    WrongUsageError
        If the page does not exist or has no markers.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise WrongUsageError(f"no table of facts in {page}: the page needs the markers {BEGIN} and {END}; add both")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
