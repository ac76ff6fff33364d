"""The last day to appeal a denial, defined once for both model features and worklists."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from payrank.features.dialects.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days allowed for a level 1 appeal to a class of payers, with the citation and its effective date."""

    payer_class: str
    since: date
    days: int
    citation: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The current table; `assumed_days` apply when nothing else is known."""

    version: str
    assumed_days: int
    by_class: tuple[Deadline, ...]


@cache
def read_deadlines() -> Deadlines:
    """Return the table of level 1 appeal deadlines that ships with payrank."""
    data = tomllib.loads(files("payrank.features.relations").joinpath("appeal_deadlines.toml").read_text("utf-8"))
    return Deadlines(data["version"], data["assumed_days"], tuple(Deadline(**row) for row in data["deadline"]))


def due_on(dialect: Dialect) -> str:
    """Return SQL of the last day to appeal, over denials `n` and payers `y`.

    Order of precedence: the date stated on the denial, the payer's contract, the rule for the payer's class, the
    assumed days.
    """
    table = read_deadlines()
    by_class = " ".join(f"WHEN '{deadline.payer_class}' THEN {deadline.days}" for deadline in table.by_class)
    days = f"COALESCE(y.appeal_days, CASE y.payer_class {by_class} ELSE {table.assumed_days} END)"
    return f"COALESCE(n.appeal_due_on, {dialect.add_days('n.denied_on', days)})"


def due_on_source() -> str:
    """Return SQL of the source of that date as text. An assumption is always labeled as one."""
    table = read_deadlines()
    by_class = " ".join(
        f"WHEN y.payer_class = '{deadline.payer_class}' THEN '{deadline.citation}, counted from the denial date'"
        for deadline in table.by_class
    )
    return (
        "CASE WHEN n.appeal_due_on IS NOT NULL THEN 'stated on the denial' "
        "WHEN y.appeal_days IS NOT NULL THEN 'payer''s contract: ' || y.appeal_days || ' days from the denial' "
        f"{by_class} ELSE 'assumed: {table.assumed_days} days from the denial' END"
    )
