"""The table of facts as the command prints it and docs/simulator.md keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from payrank.extracts.errors import WrongUsageError
from payrank.simulator.facts.fact import Fact

BEGIN, END = "<!-- facts: begin -->", "<!-- facts: end -->"
"""Marks around the table in a page."""


def format_facts(
    facts: Sequence[Fact], found: Mapping[int, Mapping[str, float]], accounts: int, as_of: date
) -> list[str]:
    """Return the lines of the table: a fact a row, a seed a column, what is published apart from our own bounds."""
    lines = [
        f"{accounts:,} accounts up to {as_of}; * set in the simulation, so shown to arrive and not found.",
        "",
        "| fact | published | allowed | our own bounds | " + " | ".join(f"seed {seed}" for seed in found) + " |",
        "|---" * (4 + len(found)) + "|",
    ]
    return lines + [
        "| " + " | ".join([*format_fact(fact), *(format_value(f[fact.name], fact.unit) for f in found.values())]) + " |"
        for fact in facts
    ]


def format_fact(fact: Fact) -> tuple[str, str, str, str]:
    """Return a fact's cells that hold for every seed: name, published, allowed, our own bounds.

    >>> format_fact(Fact("a", "", "", "", "", "", bounds=(0.1, 0.2)))
    ('a', '-', '-', '10.0% to 20.0%')
    """
    span = f"{format_value(fact.min_allowed, fact.unit)} to {format_value(fact.max_allowed, fact.unit)}"
    published = " to ".join(format_value(value, fact.unit) for value in fact.published)
    name = f"{fact.name} *" if fact.input else fact.name
    return (name, published, span, "-") if fact.published else (name, "-", "-", span)


def format_value(value: float, unit: str) -> str:
    """Return a figure in its unit.

    >>> format_value(0.123, "share"), format_value(0.8123, "auc"), format_value(67, "days")
    ('12.3%', '0.812', '67.0')
    """
    return {"share": f"{value:.1%}", "auc": f"{value:.3f}"}.get(unit, f"{value:.1f}")


def replace_table(page: Path, table: str) -> None:
    """Put a table in place of the one that a page holds between its marks.

    Raises
    ------
    WrongUsageError
        When the page is absent or has no marks.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise WrongUsageError(f"no table of facts in {page}: allowed is a page with {BEGIN} and {END}; add both")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
