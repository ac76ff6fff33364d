"""The last day to appeal a denial, defined once: what a model learns from is what a worklist shows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from payrank.features.dialects.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days to a level 1 appeal for a class of payer, with where that is written and since when."""

    payer_class: str
    since: date
    days: int
    citation: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The table in force; `assumed_days` stand where nothing is known."""

    version: str
    assumed_days: int
    by_class: tuple[Deadline, ...]


@cache
def read_deadlines() -> Deadlines:
    """Read the table that ships with payrank (rules.md: appeal deadlines, level 1)."""
    data = tomllib.loads(files("payrank.features.relations").joinpath("appeal_deadlines.toml").read_text("utf-8"))
    return Deadlines(data["version"], data["assumed_days"], tuple(Deadline(**row) for row in data["deadline"]))


def due_on(dialect: Dialect) -> str:
    """SQL of the last day to appeal, over denials `n` and payers `y`.

    The denial's own date comes first, then the payer's contract, then what the law gives the payer's class, then the
    assumed days.
    """
    table = read_deadlines()
    by_class = " ".join(f"WHEN '{one.payer_class}' THEN {one.days}" for one in table.by_class)
    days = f"COALESCE(y.appeal_days, CASE y.payer_class {by_class} ELSE {table.assumed_days} END)"
    return f"COALESCE(n.appeal_due_on, {dialect.add_days('n.denied_on', days)})"


def due_on_source() -> str:
    """SQL of where that day comes from, in words; an assumption is always called one."""
    table = read_deadlines()
    by_class = " ".join(
        f"WHEN y.payer_class = '{one.payer_class}' THEN '{one.citation}, from the denial'" for one in table.by_class
    )
    return (
        "CASE WHEN n.appeal_due_on IS NOT NULL THEN 'stated on the denial' "
        "WHEN y.appeal_days IS NOT NULL THEN 'payer''s contract: ' || y.appeal_days || ' days from the denial' "
        f"{by_class} ELSE 'assumed: {table.assumed_days} days from the denial' END"
    )
