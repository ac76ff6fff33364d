"""The table of next actions: name, condition, queue, and cost of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from payrank.scoring.list_spec import ListName

FOLLOW_UP = "follow_up"
"""Queue of denials whose appeal is filed and undecided."""


@dataclass(frozen=True, slots=True)
class NextAction:
    """One action, its `cost` in dollars with its `basis`, and the `days` until the payer is expected to answer.

    `when` is an SQL condition, empty for always; `action` and `why` may contain placeholders in braces. `wait` marks
    work for another day. An action with a `rule` is skipped when the site waives that rule.
    """

    name: str
    queue: str
    action: str
    why: str
    cost: float
    basis: str
    when: str = ""
    rule: str = ""
    days: int = 0
    wait: bool = False


@dataclass(frozen=True, slots=True)
class ActionTable:
    """The actions of each list, in the order in which they are tried; only rule D2 takes `last_resort`."""

    version: str
    patient_pay: tuple[NextAction, ...]
    denials: tuple[NextAction, ...]
    last_resort: NextAction

    @property
    def all(self) -> tuple[NextAction, ...]:
        """Every action."""
        return (*self.patient_pay, *self.denials, self.last_resort)

    def queues_of(self, name: ListName) -> tuple[str, ...]:
        """Return the queues of a list without repeats, in the table's order."""
        rows = self.patient_pay if name == "patient_pay" else (*self.denials, self.last_resort)
        return tuple(dict.fromkeys(row.queue for row in rows))

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues of both lists."""
        return (*self.queues_of("patient_pay"), *self.queues_of("denials"))


@cache
def read_actions() -> ActionTable:
    """Read the table that ships with payrank."""
    data = tomllib.loads(files("payrank.scoring").joinpath("actions.toml").read_text("utf-8"))

    def actions(section: str) -> tuple[NextAction, ...]:
        return tuple(NextAction(**row) for row in data[section])

    (last_resort,) = actions("last_resort")
    return ActionTable(data["version"], actions("patient_pay"), actions("denials"), last_resort)
