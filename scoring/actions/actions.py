"""Choose one next action for a line from the action table, with the rule or the amount behind it.

A low chance of payment leads to help, never to pressure: assistance screening or a payment plan, not an agency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from payrank.scoring.action_table import NextAction, read_actions
from payrank.scoring.list_spec import ListName
from payrank.scoring.settings import ScoringSettings


@dataclass(frozen=True, slots=True)
class Installment:
    """A payment plan that fits a balance: dollars a month, and the number of months."""

    dollars: float
    months: int


def fit_installment(balance: float, settings: ScoringSettings) -> Installment:
    """Return whole dollars a month over `plan_months`, or over more months where the installment would be too high.

    An installment is at most `plan_installment_dollars`, unless that would take more than `plan_max_months`. The last
    payment is the remainder.

    >>> fit_installment(2395.0, ScoringSettings())
    Installment(dollars=200.0, months=12)
    >>> fit_installment(6000.0, ScoringSettings())
    Installment(dollars=200.0, months=30)
    """
    longest = max(settings.plan_months, settings.plan_max_months)
    months = min(max(math.ceil(balance / settings.plan_installment_dollars), settings.plan_months), longest)
    dollars = math.ceil(balance / months)
    return Installment(float(dollars), max(math.ceil(balance / dollars), 1) if dollars else 1)


def choose_actions(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, name: ListName, settings: ScoringSettings
) -> dict[object, NextAction]:
    """Return the next action for each row of a table, by its key: the list's first action whose condition holds.

    Raises
    ------
    ValueError
        When no action applies to a row: the last action of the table must apply to every row.
    """
    actions = [action for action in _actions(name) if action.rule not in settings.waived or not action.rule]
    cases = " ".join(
        f"WHEN ({_condition(action, settings)}) THEN {position}" for position, action in enumerate(actions)
    )
    rows = connection.execute(f"SELECT {key}, CASE {cases} END FROM {table}").fetchall()
    if any(position is None for _, position in rows):
        raise ValueError(f"no {name} action applies to a row; the last action of the table must apply to every row")
    return {unit: actions[position] for unit, position in rows}


def describe_action(action: NextAction, settings: ScoringSettings, values: Mapping[str, object]) -> tuple[str, str]:
    """Return what to do and why, with the placeholders in braces filled from the settings and from `values`.

    >>> appeal = read_actions().denials[-1]
    >>> describe_action(appeal, ScoringSettings(), {"next_level": 2})[0]
    'Appeal, level 2'
    """
    fields = {**dict(settings), **values}
    return action.action.format_map(fields), action.why.format_map(fields)


def _actions(name: ListName) -> Sequence[NextAction]:
    table = read_actions()
    return table.patient_pay if name == "patient_pay" else table.denials


def _condition(action: NextAction, settings: ScoringSettings) -> str:
    return action.when.format_map(dict(settings)) if action.when else "TRUE"
