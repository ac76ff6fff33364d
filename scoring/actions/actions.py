"""One recommended next action for a line, from the table of actions, with the rule or the figure behind it.

A low chance leads to help, never to pressure: assistance screening or a plan, not agency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from payrank.scoring.action_table import ListName, NextAction, read_actions
from payrank.scoring.settings import ScoringSettings


@dataclass(frozen=True, slots=True)
class Installment:
    """A plan that fits a balance: dollars a month, and how many months."""

    dollars: float
    months: int


def fit_installment(balance: float, settings: ScoringSettings) -> Installment:
    """Return whole dollars a month over `plan_months`, over more where that would ask for much at once.

    A month asks for at most `plan_installment_dollars` as long as `plan_most_months` allow it; the last payment is what
    is left.

    >>> fit_installment(2395.0, ScoringSettings())
    Installment(dollars=200.0, months=12)
    >>> fit_installment(6000.0, ScoringSettings())
    Installment(dollars=200.0, months=30)
    """
    longest = max(settings.plan_months, settings.plan_most_months)
    months = min(max(math.ceil(balance / settings.plan_installment_dollars), settings.plan_months), longest)
    dollars = math.ceil(balance / months)
    return Installment(float(dollars), max(math.ceil(balance / dollars), 1) if dollars else 1)


def choose_actions(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, name: ListName, settings: ScoringSettings
) -> dict[object, NextAction]:
    """Return the next action of each row of a table by its key: the first of the list whose condition holds.

    Raises
    ------
    ValueError
        When no action holds for a row: the last of the table must hold for all.
    """
    rows = [row for row in _rows(name) if row.rule not in settings.waived or not row.rule]
    cases = " ".join(f"WHEN ({_condition(row, settings)}) THEN {place}" for place, row in enumerate(rows))
    found = connection.execute(f"SELECT {key}, CASE {cases} END FROM {table}").fetchall()
    if any(place is None for _, place in found):
        raise ValueError(f"no action of {name} holds for a row; the last of the table must hold for all")
    return {unit: rows[place] for unit, place in found}


def say_action(action: NextAction, settings: ScoringSettings, known: Mapping[str, object]) -> tuple[str, str]:
    """Return what to do and why, with the words in braces filled from the settings and from what is known.

    >>> appeal = read_actions().denials[-1]
    >>> say_action(appeal, ScoringSettings(), {"next_level": 2})[0]
    'Appeal, level 2'
    """
    words = {**dict(settings), **known}
    return action.action.format_map(words), action.why.format_map(words)


def _rows(name: ListName) -> Sequence[NextAction]:
    table = read_actions()
    return table.patient_pay if name == "patient_pay" else table.denials


def _condition(row: NextAction, settings: ScoringSettings) -> str:
    return row.when.format_map(dict(settings)) if row.when else "TRUE"
